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

from bgdemo.simulation.afterwards import wait_for_real
from bgdemo.simulation.calls import Call, Verdict
from bgdemo.simulation.moments import KNOWN_LIMIT, Moments
from bgdemo.simulation.participants import ClockHasEnded, Kind, Nap, Participant, Waiter
from bgdemo.simulation.wakeups import NEVER
from bgdemo.threads.signal import Signal

if TYPE_CHECKING:
    from bgdemo.simulation.loop import SimulatedEventLoop

_real_monotonic = time.monotonic

_ROUND = 128
"""Steps of an event loop after which others who are ready have a turn."""


class Baton(Moments):
    """Who runs, who is ready, who waits, and what time it is. Args: as for Moments."""

    def __init__(self, *, now: float = 0.0, epoch: float = 0.0, max_steps: int = 1_000_000) -> None:
        super().__init__(now=now, epoch=epoch, max_steps=max_steps)
        self.mutex = threading.RLock()  # guards all that follows; reentrant, since a finalizer can come at any point
        self.turn = threading.RLock()  # held by the caller whose call it is
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
        self.sockets = 0  # registered with event loops
        self.over = False
        self._passing = False  # the next is being chosen
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
            return wait_for_real(me, waiter, when)
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
            self.pass_on()
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
        self.count_step(me)
        if self.call is None or self.call.done or self.is_endless:
            self.let_others(me, go_first=True)
        elif self.steps % _ROUND == 0:
            if self.inbox and self.steps >= KNOWN_LIMIT // 2:
                with self.mutex:
                    self._deliver()
            if self.ready:
                self.let_others(me, go_first=False)

    def read(self, me: Participant) -> float:
        """The seconds, for a participant that looks at the clock; one that only looks would do so for ever."""
        if self.count_reading():
            self.step(me)
        return self.seconds

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
            self.pass_on()

    def pass_on(self) -> None:
        """Hand the baton to the next, or to the caller. Under the mutex."""
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
        if self.is_endless:
            self.somebody_spins()
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
            self.set_time(call.until, call.until_ns)
            self._give_back(call, Verdict.TIME)
        else:
            self.wakeups.pop()
            self.set_time(first[2], first[0])
            first[3].ring()
            return True
        return False

    def _give_back(self, call: Call, verdict: Verdict) -> None:
        self.call = None
        call.give_back(verdict)

    def _refuse_to_spin(self, me: Participant) -> None:
        if self.over and (me.kind == "worker" or self.spins(me)):
            raise ClockHasEnded("The simulated clock has ended, on which this thread went on without end.")

    def _somebody_is_ready(self) -> None:
        if self.holder is None and self.call is not None and not self._passing:
            self.pass_on()

    def _ask_listeners(self) -> None:
        for entry in self._listeners.copy():
            signal, waiter = entry
            if signal.wait(0):
                self._listeners.remove(entry)
                self.wake(waiter)
