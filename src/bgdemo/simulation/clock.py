"""A clock on which seconds pass only when everybody waits for them."""

import asyncio
import contextvars
import threading
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from bgdemo._compat.cpython import before_threads_are_joined
from bgdemo.clock import ClientClock
from bgdemo.errors import ClientError
from bgdemo.simulation import aliases, patches, report
from bgdemo.simulation.baton import Baton, here
from bgdemo.simulation.calls import Call, CallEnd
from bgdemo.simulation.driving import drive
from bgdemo.simulation.loop import SimulatedEventLoop
from bgdemo.simulation.loop_thread import SimulatedLoopThread
from bgdemo.simulation.wakeups import NANOSECONDS
from bgdemo.simulation.watch import Patience, Watch

T = TypeVar("T")

DEFAULT_DATE = datetime(2026, 1, 1, tzinfo=UTC)


class SimulatedClock(ClientClock):
    """A clock whose time moves only when the caller, the event loop and all threads wait, and then at once.

    Args:
        start_date: what `now()` and, in the app, `time.time()` begin with.
        real_timeout: real seconds after which a thread that neither computes, nor sleeps on this clock, nor returns
            is taken to wait for something real, and RealBlockingError is raised; None waits for ever.
        compute_timeout: seconds of computing without a wait after which EndlessLoopError is raised in the code that
            does it; None lets it compute for ever.
        max_steps: steps of one instant after which it is taken to go on without end, and DeadlockError is raised.
        max_wakeups: times that sleepers may wake in one call, a request or a `drain()`, say, before DeadlockError is
            raised; None lets a loop sleep and wake for ever.

    Raises:
        ClientError: this version of Python, or of AnyIO, has not what it takes.

    >>> from bgdemo import SimulatedClock, TestClient
    >>> from bgdemo.lessons.add_task import app
    >>> clock = SimulatedClock()
    >>> with TestClient(app, clock=clock) as client:
    ...     response = client.post("/send_info", params={"email": "a@example.com"})
    ...     clock.advance(6.5)
    ...     print(clock.time(), client.timeline.tasks[0].status)
    write end
    6.5 running
    """

    simulated = True
    holds = True

    def __init__(
        self,
        start_date: datetime = DEFAULT_DATE,
        *,
        real_timeout: float | None = 5.0,
        compute_timeout: float | None = None,
        max_steps: int = 1_000_000,
        max_wakeups: int | None = None,
    ) -> None:
        patches.refuse_elsewhere()
        self._start_date = start_date
        self._patience = Patience(real_timeout, compute_timeout)
        self._max_steps = max_steps
        self._max_wakeups = max_wakeups
        self._started_at: float | None = None  # nanoseconds
        self._loops: list[SimulatedLoopThread] = []
        self._lock = threading.RLock()
        self._baton = self._new_baton(0.0)

    @classmethod
    def of_running_loop(cls) -> "SimulatedClock | None":
        """The clock of the event loop that runs on this thread, if it is a simulated one."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return None
        return _clocks.get(loop.baton) if isinstance(loop, SimulatedEventLoop) else None

    def start(self) -> None:
        """Count the seconds of `time()` from now on; it starts once."""
        if self._started_at is None:
            self._started_at = self._baton.nanoseconds

    def time(self) -> float:
        """Seconds since the clock was started, exact to the nanosecond; 0.0 before that."""
        if self._started_at is None:
            return 0.0
        return (self._baton.nanoseconds - self._started_at) / NANOSECONDS

    def now(self) -> datetime:
        """The simulated date and time: the start date and all the seconds that have passed since."""
        return self._start_date + timedelta(microseconds=self._baton.nanoseconds / 1000)

    def advance(self, seconds: float) -> None:
        """Let time pass: everything that is due until then happens, work that takes no time included.

        Args:
            seconds: how long; 0 lets go on what can go on now.

        Raises:
            ValueError: it is negative, or no number of seconds.
            ClientError: it was called by the app itself, or by code that the clock runs.
            RealBlockingError: a thread waits for something real.
            RealIOError: a socket is registered with the event loop.
        """
        if not 0 <= seconds < float("inf"):
            raise ValueError(f"advance({seconds!r}): a clock goes forward, by 0 or more seconds.")
        me = here()
        if me is not None and me.baton is self._baton:
            raise ClientError(
                "advance() was called by code that this clock runs, which would wait for itself: "
                "wait there with `await anyio.sleep(...)`, or `time.sleep(...)` in a thread."
            )
        self.start()
        aliases.look_again()
        call = Call(None, seconds)
        how = drive(self._baton, call, Watch(self._baton, self._patience).is_idle)
        if how is not CallEnd.TIME:
            raise report.error(self._baton, how, call, self._patience.real_timeout)

    def run(self, async_fn: Callable[..., Awaitable[T]], *args: Any) -> T:
        """Run an async function on an event loop of this clock, in a thread of its own, and return its result.

        Raises:
            Exception: what the function raises.
            DeadlockError: nothing can happen any more.
            RealBlockingError: a thread waits for something real.
            RealIOError: a socket is registered with the loop.
            ClientError: it was called by code that this clock runs.
        """
        if not callable(async_fn):
            raise ClientError(f"run() needs the async function itself: run(main), not run(main()); got {async_fn!r}.")
        me = here()
        if me is not None and me.baton is self._baton:
            raise ClientError("run() was called by code that this clock runs: await the function there instead.")
        thread = self.loop_thread()
        self.start()
        try:
            return thread.run(_in_context(contextvars.copy_context(), async_fn, args))
        finally:
            thread.close(1.0)

    def loop_thread(self, **options: Any) -> SimulatedLoopThread:
        """An event loop on this clock, in a thread of its own; what a TestClient runs its app on.

        Args:
            options: as LoopThread's; those that ask for another event loop are refused.
        """
        with self._lock:
            if not self._loops:
                self._open()
            try:
                thread = SimulatedLoopThread(
                    self._baton, patience=self._patience, when_closed=self._loop_has_closed, **options
                )
            except BaseException:
                if not self._loops:
                    self._close()
                raise
            self._loops.append(thread)
            return thread

    def prepare(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """A task's function as it can run on this clock.

        Raises:
            RealBlockingError: it keeps the real time.sleep where that cannot be replaced.
        """
        return aliases.prepare(func)[0]

    def refuse_other_loop(self, loop: asyncio.AbstractEventLoop) -> None:
        """Raise ClientError unless `loop` runs on this clock."""
        if isinstance(loop, SimulatedEventLoop) and loop.baton is self._baton:
            return
        kind = f"{type(loop).__module__}.{type(loop).__qualname__}"
        raise ClientError(
            f"This loop ({kind}) does not run on the client's simulated clock: its own time would pass, and for real. "
            "Run the async function on the clock, `SimulatedClock().run(main)`, and make the AsyncTestClient in it "
            "with clock='simulated'; or use TestClient(app, clock='simulated'), which brings its own loop."
        )

    async def hold(self) -> None:
        """Awaited by the app right after it handed a response over: it goes on in the caller's next call."""
        me = here()
        if me is not None:
            me.baton.hold(me)

    def give_way(self) -> None:
        """Let worker threads have a turn that are ready for one: a loop that always has something to do gives none."""
        me = here()
        if me is not None and me.baton.ready:
            me.baton.let_others(me, go_first=False)

    def _new_baton(self, now: float) -> Baton:
        epoch = self._start_date.timestamp()
        return Baton(now=now, epoch=epoch, max_steps=self._max_steps, max_wakeups=self._max_wakeups)

    def _open(self) -> None:
        if self._baton.closed:
            self._baton = self._new_baton(self._baton.nanoseconds / NANOSECONDS)
        patches.install()
        _clocks[self._baton] = self

    def _close(self) -> None:
        self._baton.close()
        _clocks.pop(self._baton, None)
        for pool in self._baton.pools.values():
            pool.shutdown(wait=False)
        patches.uninstall()

    def _loop_has_closed(self, thread: SimulatedLoopThread) -> None:
        with self._lock:
            if thread in self._loops:
                self._loops.remove(thread)
                if not self._loops:
                    self._close()


def _close_all() -> None:
    for baton in list(_clocks):
        baton.close()


# Before concurrent.futures waits for its threads at the interpreter's exit: those on a clock would never come.
before_threads_are_joined(_close_all)

_clocks: dict[Baton, SimulatedClock] = {}
"""Those that run, by their batons."""


async def _in_context(context: contextvars.Context, async_fn: Callable[..., Awaitable[T]], args: tuple[Any, ...]) -> T:
    async def call() -> T:
        return await async_fn(*args)

    return await asyncio.get_running_loop().create_task(call(), context=context)
