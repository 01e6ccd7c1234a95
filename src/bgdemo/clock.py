"""What time it is: on the wall, or wherever a clock of your own says."""

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:
    from bgdemo.threads.loop_thread import LoopThread

ClockName = Literal["real", "simulated"]


@runtime_checkable
class Clock(Protocol):
    """Where a recorder reads the time of an event; a clock of your own has these three.

    >>> from bgdemo import Clock, RealClock
    >>> isinstance(RealClock(), Clock)
    True
    """

    @property
    def simulated(self) -> bool:
        """True if a second of this clock is not a second on the wall."""
        ...

    def start(self) -> None:
        """Let the clock run. It starts once; starting it again changes nothing."""
        ...

    def time(self) -> float:
        """Seconds since the clock was started; 0.0 before that."""
        ...


class ClientClock:
    """A client's clock: all that a client, a recorder and a log ask of one, as a clock answers that is just read."""

    simulated = False
    holds = False
    """True if `hold` makes an app stand still."""

    def start(self) -> None:
        """Let the clock run. It starts once; starting it again changes nothing."""
        raise NotImplementedError

    def time(self) -> float:
        """Seconds since the clock was started; 0.0 before that."""
        raise NotImplementedError

    def advance(self, seconds: float) -> None:
        """Let time pass, and everything happen that is due until then.

        Raises:
            RuntimeError: this clock cannot be told to.
        """
        what = "this clock" if self.simulated else "the real clock"
        raise RuntimeError(
            f"advance({seconds!r}): nobody can advance {what}. Wait, with client.drain() for the end of all "
            'tasks, or make the client with clock="simulated".'
        )

    def at(self, reading: float) -> float:
        """The time when `time.perf_counter` gave this reading, in any process of this machine; now, if unknown."""
        return self.time()

    async def hold(self) -> None:
        """Awaited by an app right after it handed a response over."""

    def give_way(self) -> None:
        """Called on the app's own event loop before a request begins: let those go on who are ready to."""

    def prepare(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """A task's function as it can run on this clock."""
        return func

    def loop_thread(self, **options: Any) -> "LoopThread":
        """An event loop on this clock, in a thread of its own.

        Args:
            options: as for LoopThread.
        """
        from bgdemo.threads.loop_thread import LoopThread

        return LoopThread(**options)

    def refuse_other_loop(self, loop: asyncio.AbstractEventLoop) -> None:
        """Raise ClientError if an app cannot run on this clock while it runs on that loop."""


class RealClock(ClientClock):
    """The clock on the wall, read as seconds since a client's first request.

    >>> from bgdemo import RealClock
    >>> clock = RealClock()
    >>> clock.time()
    0.0
    >>> clock.start()
    >>> 0 < clock.time() < 60
    True
    """

    def __init__(self) -> None:
        self._started_at: float | None = None

    @classmethod
    def started(cls, reading: float) -> "RealClock":
        """A clock that was started when `time.perf_counter` gave this reading, perhaps in another process."""
        clock = cls()
        clock._started_at = reading
        return clock

    def start(self) -> None:
        """Let the clock run from now on, unless it runs already."""
        if self._started_at is None:
            self._started_at = time.perf_counter()

    def time(self) -> float:
        """Seconds since the clock was started; 0.0 before that."""
        if self._started_at is None:
            return 0.0
        return time.perf_counter() - self._started_at

    def at(self, reading: float) -> float:
        """The time when `time.perf_counter` gave this reading, which is one for all processes of a machine."""
        return 0.0 if self._started_at is None else reading - self._started_at


class OwnClock(ClientClock):
    """A clock of the user's own, which has no more than a Clock needs; what else it has can be reached as well.

    Args:
        clock: the user's.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.simulated = clock.simulated
        self.start = clock.start  # type: ignore[method-assign]
        self.time = clock.time  # type: ignore[method-assign]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._clock, name)


def as_clock(clock: Clock) -> ClientClock:
    """A clock with all that a client asks of one; what it lacks is added.

    Raises:
        TypeError: it is no clock.
    """
    if isinstance(clock, ClientClock):
        return clock
    if isinstance(clock, Clock):
        return OwnClock(clock)
    raise TypeError(f"clock={clock!r} is not a clock: pass 'real', or an object with simulated, start() and time().")
