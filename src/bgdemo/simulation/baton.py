"""One baton: of the caller, the event loops and the threads, one runs at a time, and time moves when none can.

Whoever is about to wait, for time or for somebody else, gives the baton to the next who can run, in the order
in which they became ready. Only when nobody can, time moves to the earliest alarm, which rings alone: who wakes
from it runs, and whoever is ready because of that, before the next alarm of the same instant. So nothing
depends on how fast a thread is, and every run of a program is the same run.
"""

import concurrent.futures
import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from bgdemo.simulation.calls import Call, Verdict
from bgdemo.simulation.participants import ClockHasEnded, Kind, Nap, Participant, Waiter
from bgdemo.simulation.wakeups import NANOSECONDS, NEVER, WakeUps, to_nanoseconds
from bgdemo.threads import Signal

if TYPE_CHECKING:
    from bgdemo.simulation.loop import SimulatedEventLoop

_real_sleep = time.sleep
_real_monotonic = time.monotonic

_ROUND = 128
"""Steps of an event loop after which others who are ready have a turn."""


class Baton:
    """Who runs, who is ready, who waits, and what time it is.

    Args:
        now: seconds that the clock shows at first.
        epoch: seconds since 1970 at which the clock shows 0.
        max_steps: steps of one instant after which it is said to go on without end.
    """

    def __init__(self, *, now: float = 0.0, epoch: float = 0.0, max_steps: int = 1_000_000) -> None:
        self.mutex = threading.RLock()  # guards all that follows; reentrant, since a finalizer can come at any point
        self.turn = threading.RLock()  # held by the caller whose call it is
        self.seconds = now  # as event loops read it: never less than the deadline that was last met
        self.nanoseconds = to_nanoseconds(now)  # exact
        self.epoch = epoch
        self.wakeups = WakeUps()
        self.loops: list[SimulatedEventLoop] = []
        self.inbox: deque[Callable[[], object]] = deque()
        """What callers want from event loops; done when all that was ready before has gone on."""
        self.pools: dict[concurrent.futures.Executor, concurrent.futures.Executor] = {}
        """What stands in here for thread pools from outside."""
        self.participants: dict[Participant, None] = {}
        self.ready: deque[Participant] = deque()
        self.holder: Participant | None = None
        self.lost: dict[Participant, None] = {}  # the baton was taken from them, and they have not come back
        self.call: Call | None = None
        self.switches = 0
        self.steps = 0  # since time moved
        self.readings = 0  # of the clock, since time moved
        self.sockets = 0  # registered with event loops
        self.over = False
        self._passing = False  # the next is being chosen
        self._max_steps = max_steps
        self._spinners: set[Participant] = set()  # they have gone on without end
        self._listeners: list[tuple[Signal, Waiter]] = []

    def add(self, thread: threading.Thread | None, kind: Kind) -> Participant:
        """A thread that is about to start takes part; it runs when its turn comes."""
        participant = Participant(self, thread, kind)
        with self.mutex:
            self.participants[participant] = None
            self.ready.append(participant)
            self._somebody_is_ready()
        return participant

    def remove(self, participant: Participant) -> None:
        """A thread ends, or takes no part any more."""
        with self.mutex:
            participant.ended = True
            self.participants.pop(participant, None)
            if participant in self.ready:  # it never ran
                self.ready.remove(participant)
            self._gives_up(participant)

    def park(self, me: Participant, waiter: Waiter | None, when: float | None) -> bool:
        """Wait; others run meanwhile.

        Args:
            me: the participant that this thread is.
            waiter: ends the wait when it is released; None for a mere sleep.
            when: seconds on this clock at which the wait ends in any case; None for never.

        Returns:
            True if the waiter was released.
        """
        with self.mutex:
            if waiter is not None and waiter.called:  # before the wait began
                return True
            over = self.over
            if not over:
                me.waiter = waiter
                if when is not None:
                    me.nap = Nap(me)
                    self.wakeups.add(when, me.nap)
                self._gives_up(me)
        if not over:
            me.lock.acquire()
        if self.over:
            return self._wait_for_real(me, waiter, when)
        return waiter is not None and waiter.called

    def wake(self, waiter: Waiter) -> None:
        """End a wait. On any thread."""
        with self.mutex:
            if waiter.called:
                return
            waiter.called = True
            participant = waiter.participant
            if participant.waiter is not waiter:  # it has not begun yet
                return
            if self.over:
                participant.waiter = None
                participant.lock.release()
            else:
                self.make_ready(participant)
                self._somebody_is_ready()

    def make_ready(self, participant: Participant) -> None:
        """Whatever a participant waited for, it waits no more. Under the mutex."""
        participant.waiter = None
        if participant.nap is not None:
            participant.nap.alive = False
            participant.nap = None
            self.wakeups.one_has_died()
        self.ready.append(participant)

    def let_others(self, me: Participant, *, go_first: bool) -> None:
        """Let the caller, or others who are ready, run now.

        Args:
            me: the participant that this thread is.
            go_first: be the first of those who are ready to go on again, rather than the last.
        """
        with self.mutex:
            if self.over or self.holder is not me:
                return
            if go_first:
                self.ready.appendleft(me)
            else:
                self.ready.append(me)
            self._pass_on()
        me.lock.acquire()
        self._refuse_to_spin(me)

    def hold(self, me: Participant) -> None:
        """Stop right here if the caller has what it waits for, and go on in its next call."""
        if self.call is None or self.call.done:
            self.let_others(me, go_first=True)

    def step(self, me: Participant) -> None:
        """A participant that goes on without waiting says so now and then: it may not keep the baton for ever."""
        self._refuse_to_spin(me)
        if self.over:
            return
        self.steps += 1
        if self.steps >= self._max_steps:
            self._spinners.add(me)
        if self.call is None or self.call.done or self.steps >= self._max_steps:
            self.let_others(me, go_first=True)
        elif self.steps % _ROUND == 0:
            if self.inbox and self.steps >= _LONG // 2:
                with self.mutex:
                    self._deliver()
            if self.ready:
                self.let_others(me, go_first=False)

    def read(self, me: Participant) -> float:
        """The seconds, for a participant that looks at the clock; one that only looks would do so for ever."""
        self.readings += 1
        if self.readings >= self._max_steps * _READINGS_A_STEP:
            self.steps = self._max_steps
            self.step(me)
        return self.seconds

    def drive(self, call: Call, is_idle: Callable[[Call, float], bool]) -> Verdict:
        """Let the app run, on behalf of a caller on a thread of its own.

        Args:
            call: until when.
            is_idle: asked now and then, with the real seconds since; True gives up a participant that does nothing.
        """
        with self.turn:
            with self.mutex:
                if self.over:
                    return Verdict.OVER
                call.begin(self.seconds)
                self.call = call
                self.steps = self.readings = 0
                if self.holder is None:
                    self._pass_on()
            try:
                while not call.lock.acquire(timeout=_GLANCE):
                    if is_idle(call, _GLANCE) and self._take_away(call):
                        return Verdict.BLOCKED
                return self._verdict(call)
            finally:
                with self.mutex:
                    if self.call is call:
                        self.call = None

    def listen(self, me: Participant, signal: Signal, when: float | None) -> bool:
        """Wait for a signal, as a participant; True if it was set."""
        waiter = Waiter(me)
        entry = (signal, waiter)
        with self.mutex:
            self._listeners.append(entry)
        self.park(me, waiter, when)
        with self.mutex:
            if entry in self._listeners:
                self._listeners.remove(entry)
        return waiter.called or signal.wait(0)

    def end(self) -> None:
        """There is no more simulated time. Whoever waits for somebody else waits on for real; jobs that sleep end."""
        with self.mutex:
            if self.over:
                return
            self._deliver()
            self.over = True
            self._ended_at = _real_monotonic()
            for participant in self.participants:
                participant.waiter = None
                if participant is not self.holder and participant.lock.locked():
                    participant.lock.release()
            self.participants.clear()
            self.ready.clear()
            if self.call is not None:
                self.call.give_back(Verdict.OVER)
            self.call = self.holder = None

    def time(self) -> float:
        """Seconds, as event loops and threads read them; from the end on, a real clock goes on from there."""
        return self.seconds + _real_monotonic() - self._ended_at if self.over else self.seconds

    def _gives_up(self, participant: Participant) -> None:
        if participant in self.lost:
            del self.lost[participant]
            self._somebody_is_ready()
        elif self.holder is participant:
            self._pass_on()

    def _pass_on(self) -> None:
        self._passing = True
        try:
            self._choose_next()
        finally:
            self._passing = False

    def _choose_next(self) -> None:
        self.switches += 1
        self.steps += 1
        self.holder = None
        call = self.call
        if call is None:
            return
        if call.done:
            self._give_back(call, Verdict.DONE)
            return
        if self._listeners:
            self._ask_listeners()
        if self.steps >= self._max_steps:
            self._max_steps = min(self._max_steps, _LONG)  # it is known now, and the client has yet to close
            self._give_back(call, Verdict.SPINNING)
            return
        while not self.ready:
            if self.inbox:
                self._deliver()
            elif not self._move_time(call):
                return
        self.holder = self.ready.popleft()
        self.holder.lock.release()

    def _deliver(self) -> None:
        while self.inbox:
            with contextlib.suppress(RuntimeError):  # that loop is closed
                self.inbox.popleft()()

    def _move_time(self, call: Call) -> bool:
        """Let the next alarm ring; False if the caller has the baton instead."""
        if self.lost and not call.patient:
            return False  # nobody has the baton now; the caller watches who is lost
        first = self.wakeups.first()
        if self.sockets and not call.patient:
            self._give_back(call, Verdict.REAL_IO)
        elif first is None and (call.until == NEVER or (call.signal is not None and not call.patient)):
            call.give_back(Verdict.STUCK)  # and it stays a call: somebody from outside may yet wake one of us
        elif first is None or first[0] > call.until_ns:
            self._set_time(call.until, call.until_ns)
            self._give_back(call, Verdict.TIME)
        else:
            self.wakeups.pop()
            self._set_time(first[2], first[0])
            first[3].ring()
            return True
        return False

    def _set_time(self, seconds: float, nanoseconds: float) -> None:
        if nanoseconds > self.nanoseconds:
            self.nanoseconds = nanoseconds
            self.steps = self.readings = 0
        self.seconds = max(self.seconds, seconds, self.nanoseconds / NANOSECONDS)

    def _give_back(self, call: Call, verdict: Verdict) -> None:
        self.call = None
        call.give_back(verdict)

    def _refuse_to_spin(self, me: Participant) -> None:
        if self.over and (me.kind == "worker" or me in self._spinners):
            raise ClockHasEnded("The simulated clock has ended, on which this thread went on without end.")

    def _somebody_is_ready(self) -> None:
        if self.holder is None and self.call is not None and not self._passing:
            self._pass_on()

    def _ask_listeners(self) -> None:
        for entry in self._listeners.copy():
            signal, waiter = entry
            if signal.wait(0):
                self._listeners.remove(entry)
                self.wake(waiter)

    def _verdict(self, call: Call) -> Verdict:
        while True:
            with self.mutex:
                verdict, call.verdict = call.verdict, None
            assert verdict is not None
            if verdict is not Verdict.STUCK or not call.lock.acquire(timeout=_GRACE):
                return verdict

    def _take_away(self, call: Call) -> bool:
        with self.mutex:
            culprit = self.holder or next(iter(self.lost), None)
            if self.call is not call or culprit is None:
                return False
            self.lost[culprit] = None
            call.culprit, self.holder, self.call = culprit, None, None
            return True

    def _wait_for_real(self, me: Participant, waiter: Waiter | None, when: float | None) -> bool:
        left = -1.0 if when is None else max(when - self.time(), 0)
        if waiter is None:
            if me.kind != "thread":
                raise ClockHasEnded("The simulated clock that this thread slept on has ended.")
            _real_sleep(left)
            return False
        with self.mutex:
            if waiter.called:
                return True
            me.waiter = waiter
        me.lock.acquire(timeout=left)
        while when is None and not waiter.called:  # the end itself may have left the lock open
            me.lock.acquire()
        me.waiter = None
        return waiter.called


_READINGS_A_STEP = 10

_LONG = 10_000
"""Steps for which a request waits for an app that does not come to rest."""

_GLANCE = 0.1
"""Real seconds between two looks at whether a participant still does something."""

_GRACE = 0.05
"""Real seconds in which a thread that takes no part may still wake somebody when all are stuck."""
