"""One baton: of the caller, the event loops and the threads, one runs at a time, and time moves when none can.

Here are the ways to give it away and to get it back; turns.py chooses who is next. Nothing depends on how fast a
thread is, and every run of a program is the same run.
"""

import threading
import time
from collections.abc import Callable

from bgdemo.simulation import participants
from bgdemo.simulation.afterwards import wait_for_real
from bgdemo.simulation.calls import CallEnd
from bgdemo.simulation.moments import KNOWN_LIMIT
from bgdemo.simulation.participants import ClockClosed, Kind, Nap, Participant, Waiter
from bgdemo.simulation.turns import Turns
from bgdemo.threads.signal import Signal

_real_monotonic = time.monotonic

_ROUND = 128
"""Steps of an event loop after which others who are ready have a turn."""


class Baton(Turns):
    """Who runs, who is ready, who waits, and what time it is. Args: as for Moments."""

    def add(self, thread: threading.Thread | None, kind: Kind) -> "Player":
        """A thread that is about to start takes part; it runs when its turn comes."""
        participant = Participant(self, thread, kind)
        with self.mutex:
            self.participants[participant] = None
            self.ready.append(participant)
            self.somebody_is_ready()
        return participant

    def remove(self, participant: "Player") -> None:
        """A thread ends, or takes no part any more."""
        with self.mutex:
            participant.ended = True
            self.participants.pop(participant, None)
            if participant in self.ready:  # it never ran
                self.ready.remove(participant)
            self.gives_up(participant)

    def park(self, me: "Player", waiter: Waiter | None, when: float | None) -> bool:
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
            closed = self.closed
            if not closed:
                me.waiter = waiter
                if when is not None:
                    me.nap = Nap(me)
                    self.wakeups.add(when, me.nap)
                self.gives_up(me)
        if not closed:
            me.lock.acquire()
        if self.closed:
            return wait_for_real(me, waiter, when)
        return waiter is not None and waiter.called

    def let_others(self, me: "Player", *, go_first: bool) -> None:
        """Let the caller, or others who are ready, run now.

        Args:
            me: the participant that this thread is.
            go_first: be the first of those who are ready to go on again, rather than the last.
        """
        with self.mutex:
            if self.closed or self.holder is not me:
                return
            if go_first:
                self.ready.appendleft(me)
            else:
                self.ready.append(me)
            self.pass_on()
        me.lock.acquire()
        self._refuse_to_spin(me)

    def hold(self, me: "Player") -> None:
        """Stop right here if the caller has what it waits for, and go on in its next call."""
        if self.call is None or self.call.done:
            self.let_others(me, go_first=True)

    def step(self, me: "Player") -> None:
        """A participant that goes on without waiting says so now and then: it may not keep the baton for ever."""
        self._refuse_to_spin(me)
        if self.closed:
            return
        self.count_step(me)
        if self.call is None or self.call.done or self.is_endless:
            self.let_others(me, go_first=True)
        elif self.steps % _ROUND == 0:
            if self.inbox and self.steps >= KNOWN_LIMIT // 2:
                with self.mutex:
                    self.deliver()
            if self.ready:
                self.let_others(me, go_first=False)

    def read(self, me: "Player") -> float:
        """The seconds, for a participant that looks at the clock; one that only looks would do so for ever."""
        if self.count_reading():
            self.step(me)
        return self.seconds

    def listen(self, me: "Player", signal: Signal, when: float | None) -> bool:
        """Wait for a signal, as a participant; True if it was set."""
        waiter = Waiter(me)
        entry = (signal, waiter)
        with self.mutex:
            self.listeners.append(entry)
        self.park(me, waiter, when)
        with self.mutex:
            if entry in self.listeners:
                self.listeners.remove(entry)
        return waiter.called or signal.wait(0)

    def close(self) -> None:
        """There is no more simulated time. Whoever waits for somebody else waits on for real; jobs that sleep end."""
        with self.mutex:
            if self.closed:
                return
            self.deliver()
            self.closed = True
            self._closed_at = _real_monotonic()
            for participant in self.participants:
                participant.waiter = None
                if participant is not self.holder and participant.lock.locked():
                    participant.lock.release()
            self.participants.clear()
            self.ready.clear()
            if self.call is not None:
                self.call.give_back(CallEnd.CLOSED)
            self.call = self.holder = None

    def time(self) -> float:
        """Seconds, as event loops and threads read them; from the end on, a real clock goes on from there."""
        return self.seconds + _real_monotonic() - self._closed_at if self.closed else self.seconds

    def _refuse_to_spin(self, me: "Player") -> None:
        if self.closed and (me.kind == "worker" or self.spins(me)):
            raise ClockClosed("The simulated clock has ended, on which this thread went on without end.")


Player = Participant[Baton]
"""A participant, with its baton."""

here: Callable[[], Player | None] = participants.here
"""The participant that this thread is; None on every other thread, and once its simulation is over."""
