"""An asyncio event loop whose time is that of a simulation, and which waits by giving the baton away."""

import asyncio
import contextvars
import selectors
from collections.abc import Callable
from typing import Any

from bgdemo._compat.asyncio import POLICY, OpenEventLoop, OpenTimer
from bgdemo.simulation import aliases, stacks
from bgdemo.simulation.baton import Baton, Player, here
from bgdemo.simulation.participants import Waiter

real_new_event_loop = asyncio.new_event_loop
_real_new_event_loop_of_policy: Any = getattr(POLICY, "new_event_loop", None)


class SimulatedTimer(OpenTimer):
    """A callback of an event loop, and the alarm that it is called by."""

    __slots__ = ()

    @property
    def alive(self) -> bool:
        """True if the callback is still wanted."""
        return not (self.cancelled() or self.loop.is_closed())

    def ring(self) -> None:
        """Have the loop call the callback when it runs next."""
        self.loop.timer_is_due(self)


class SimulatedEventLoop(OpenEventLoop):
    """A selector event loop for one participant of a simulation.

    Its own clock is the baton's, its timers are the baton's alarms, and where it would wait in the selector
    it waits for the baton. Everything else is asyncio's own.
    """

    def __init__(self, baton: Baton, participant: Player) -> None:
        self.baton = baton
        self.participant = participant
        self.waker = Waiter(participant)
        self._due: list[SimulatedTimer] = []
        super().__init__(_Selector(self))
        baton.loops.append(self)

    def run_forever(self) -> None:
        """As asyncio's; the loop belongs to the participant that runs it."""
        me = here()
        if me is not None:
            self.participant = self.waker.participant = me
        super().run_forever()

    def time(self) -> float:
        """Seconds on the simulation's clock."""
        return self.baton.time()

    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., Any], *args: Any, context: contextvars.Context | None = None
    ) -> asyncio.TimerHandle:
        """Call `callback` when the clock shows `when` seconds; callbacks of one instant in the order of these calls."""
        self.refuse_if_closed()
        timer = SimulatedTimer(when, callback, args, self, context)
        with self.baton.mutex:
            self.baton.wakeups.add(when, timer)
        return timer

    def close(self) -> None:
        """As asyncio's."""
        super().close()
        if self in self.baton.loops:
            self.baton.loops.remove(self)

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> "asyncio.Future[Any]":  # type: ignore[override]
        """Run `func` in a thread; one that holds a real sleep is refused."""
        func, args = aliases.prepare(func, args)
        return super().run_in_executor(executor, func, *args)

    def add_signal_handler(self, sig: int, callback: Callable[..., object], *args: object) -> None:
        """Refused, as by every loop that is not on the main thread."""
        raise RuntimeError(
            "Signals come to the main thread alone, and a simulated event loop runs in another one: install no signal "
            "handlers in an app, its server does that."
        )

    def timer_is_due(self, timer: SimulatedTimer) -> None:
        """The baton says so, under its mutex."""
        self._due.append(timer)
        if not self.waker.called:
            self.waker.called = True
            if self.participant.waiter is self.waker:
                self.baton.make_ready(self.participant)

    def wait_for_work(self, *, idle: bool) -> None:
        """What a selector does: return when there is something to do."""
        if not idle:
            self.baton.step(self.participant)
        elif self.baton.closed:
            self._wait_for_real()
        else:
            self.baton.park(self.participant, self.waker, None)
        with self.baton.mutex:
            self.waker.called = False
            due, self._due = self._due, []
        self.about_to_run.extend(due)

    def _wait_for_real(self) -> None:
        baton = self.baton
        with baton.mutex:
            mine = [entry for entry in baton.wakeups.alive() if getattr(entry[3], "loop", None) is self]
        baton.park(self.participant, self.waker, mine[0][2] if mine else None)
        with baton.mutex:
            now = baton.time()
            due = [entry[3] for entry in mine if entry[2] <= now and entry[3].alive]
            self._due += due  # type: ignore[arg-type]
            baton.wakeups.discard(due)

    def timer_was_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """asyncio says so."""
        self.baton.wakeups.one_has_died()

    def wake_up(self) -> None:
        """There is something to do. On any thread."""
        self.waker.release()


def new_event_loop() -> asyncio.AbstractEventLoop:
    """asyncio.new_event_loop, and so asyncio.run: in a thread of the app it makes a loop on the app's clock."""
    me = here()
    return real_new_event_loop() if me is None else SimulatedEventLoop(me.baton, me)


def new_event_loop_of_policy(policy: Any) -> asyncio.AbstractEventLoop:
    """The same for those who ask the event loop policy itself, as nest_asyncio's asyncio.run does."""
    me = here()
    return _real_new_event_loop_of_policy(policy) if me is None else SimulatedEventLoop(me.baton, me)


class _Selector(selectors.SelectSelector):
    """Knows which sockets were registered, and never looks at them: how long they take cannot be simulated."""

    def __init__(self, loop: SimulatedEventLoop) -> None:
        super().__init__()
        self._loop = loop

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        key = super().register(fileobj, events, data)
        self._loop.baton.sockets[id(self._loop), key.fd] = stacks.caller()
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        key = super().unregister(fileobj)
        del self._loop.baton.sockets[id(self._loop), key.fd]
        return key

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self._loop.wait_for_work(idle=timeout is None or timeout > 0)
        return []
