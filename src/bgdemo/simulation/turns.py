"""Whose turn it is: who is ready, who has the baton, and who gets it next.

Whoever is about to wait, for time or for somebody else, gives the baton to the next who can run, in the order in which
they became ready. Only when nobody can, time moves to the earliest alarm, which rings alone: who wakes from it runs,
and whoever is ready because of that, before the next alarm of the same instant.
"""

import asyncio
import concurrent.futures
import contextlib
import threading
from collections import deque
from collections.abc import Callable

from bgdemo.simulation.calls import Call, CallEnd
from bgdemo.simulation.moments import Moments
from bgdemo.simulation.participants import AnyParticipant, Waiter
from bgdemo.simulation.wakeups import NEVER
from bgdemo.threads.signal import Signal


class Turns(Moments):
    """Who runs, who is ready, and who is next. Args: as for Moments."""

    def __init__(
        self, *, now: float = 0.0, epoch: float = 0.0, max_steps: int = 1_000_000, max_wakeups: int | None = None
    ) -> None:
        super().__init__(now=now, epoch=epoch, max_steps=max_steps, max_wakeups=max_wakeups)
        self.mutex = threading.RLock()  # guards all that follows; reentrant, since a finalizer can come at any point
        self.turn = threading.RLock()  # held by the caller whose call it is
        self.loops: list[asyncio.AbstractEventLoop] = []
        self.inbox: deque[Callable[[], object]] = deque()
        """What callers want from event loops; done when all that was ready before has gone on."""
        self.pools: dict[concurrent.futures.Executor, concurrent.futures.Executor] = {}
        """What stands in here for thread pools from outside."""
        self.participants: dict[AnyParticipant, None] = {}
        self.ready: deque[AnyParticipant] = deque()
        self.holder: AnyParticipant | None = None
        self.lost: dict[AnyParticipant, None] = {}  # the baton was taken from them, and they have not come back
        self.call: Call | None = None
        self.switches = 0
        self.sockets: dict[tuple[int, int], str] = {}
        """Where each was registered with an event loop, by the loop's id and its own file descriptor."""
        self.closed = False
        self._passing = False  # the next is being chosen
        self.listeners: list[tuple[Signal, Waiter]] = []

    def make_ready(self, participant: AnyParticipant) -> None:
        """Whatever a participant waited for, it waits no more. Under the mutex."""
        participant.waiter = None
        if participant.nap is not None:
            participant.nap.alive = False
            participant.nap = None
            self.wakeups.one_has_died()
        self.ready.append(participant)

    def wake(self, waiter: Waiter) -> None:
        """End a wait. On any thread."""
        with self.mutex:
            if waiter.called:
                return
            waiter.called = True
            participant = waiter.participant
            if participant.waiter is not waiter:  # it has not begun yet
                return
            if self.closed:
                participant.waiter = None
                participant.lock.release()
            else:
                self.make_ready(participant)
                self.somebody_is_ready()

    def gives_up(self, participant: AnyParticipant) -> None:
        """A participant waits or ends. Under the mutex."""
        if participant in self.lost:
            del self.lost[participant]
            self.somebody_is_ready()
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
            self._give_back(call, CallEnd.DONE)
            return
        if self.listeners:
            self._ask_listeners()
        if self.is_endless:
            self.somebody_spins()
            self._give_back(call, CallEnd.SPINNING)
            return
        while not self.ready:
            if self.inbox:
                self.deliver()
            elif not self._move_time(call):
                return
        self.holder = self.ready.popleft()
        self.holder.lock.release()

    def deliver(self) -> None:
        """Do what callers want from event loops. Under the mutex."""
        while self.inbox:
            with contextlib.suppress(RuntimeError):  # that loop is closed
                self.inbox.popleft()()

    def _move_time(self, call: Call) -> bool:
        """Let the next alarm ring; False if the caller has the baton instead."""
        if self.lost and not call.patient:
            return False  # nobody has the baton now; the caller watches who is lost
        first = self.wakeups.first()
        if self.sockets and not call.patient:
            self._give_back(call, CallEnd.REAL_IO)
        elif first is None and (call.until == NEVER or (call.signal is not None and not call.patient)):
            call.give_back(CallEnd.STUCK)  # and it stays a call: somebody from outside may yet wake one of us
        elif first is None or first[0] > call.until_ns:
            self.set_time(call.until, call.until_ns)
            self._give_back(call, CallEnd.TIME)
        elif self.wakes_without_end(call):
            self._give_back(call, CallEnd.ENDLESS)
        else:
            self.wakeups.pop()
            self.set_time(first[2], first[0])
            first[3].ring()
            return True
        return False

    def _give_back(self, call: Call, how: CallEnd) -> None:
        self.call = None
        call.give_back(how)

    def somebody_is_ready(self) -> None:
        """Let one of them run, if nobody does and a caller lets the app run. Under the mutex."""
        if self.holder is None and self.call is not None and not self._passing:
            self.pass_on()

    def _ask_listeners(self) -> None:
        for entry in self.listeners.copy():
            signal, waiter = entry
            if signal.wait(0):
                self.listeners.remove(entry)
                self.wake(waiter)
