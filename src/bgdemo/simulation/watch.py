"""Whether the participant that has the baton does something with it, and whether it ever comes to an end."""

import os
import time
from dataclasses import dataclass, replace

from bgdemo._compat.cpython import frames_of_threads, raise_in_thread
from bgdemo.errors import EndlessLoopError
from bgdemo.simulation import stacks
from bgdemo.simulation.baton import Baton, Player
from bgdemo.simulation.calls import Call
from bgdemo.simulation.wakeups import NANOSECONDS

_COARSE = 20_000_000
"""Nanoseconds."""

_LITTLE = 0.15
"""Seconds, real ones or of computing, for one who does not end while all is being ended."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a participant may keep the baton."""

    real_timeout: float | None = 5.0
    """Real seconds without a sign of life; None for any time."""
    compute_timeout: float | None = None
    """Seconds of computing without a wait; None for any time."""
    interrupts: int = 20
    """How often one who computes too long is told to stop before it is given up: it may catch what it is told with."""

    def at_most(self, real_timeout: float) -> "Patience":
        """The same with less patience for who gives no sign of life."""
        known = self.real_timeout
        return replace(self, real_timeout=real_timeout if known is None else min(known, real_timeout))

    @classmethod
    def little(cls) -> "Patience":
        """For the end of everything: nobody may go on for long."""
        return cls(_LITTLE, _LITTLE, 1)


class Watch:
    """Looks now and then, for the time of one call.

    Time is counted in looks, not read from a clock: on a machine so busy that the looks come late, everything may.

    Args:
        baton: whose holder is watched.
        patience: how long that one may keep it.
    """

    def __init__(self, baton: Baton, patience: Patience) -> None:
        self._baton = baton
        self._patience = patience
        self._idle = 0.0
        self._turn: object = None
        self._cpu = self._cpu_at_first = 0

    def is_idle(self, call: Call, seconds: float) -> bool:
        """True if whoever has the baton has done nothing for too long; stops one that computes for too long.

        Args:
            call: the call that is under way.
            seconds: real ones, since the last look.
        """
        baton = self._baton
        culprit = baton.holder or next(iter(baton.lost), None)
        if culprit is None:
            return False
        if culprit.calls:  # that clock watches its own
            self._turn = None
            return False
        turn, cpu = (baton.switches, culprit), cpu_time(culprit)
        if turn != self._turn:
            self._turn, self._idle, self._cpu, self._cpu_at_first = turn, 0.0, cpu, cpu
        elif cpu != self._cpu:
            self._cpu, self._idle = cpu, 0.0
            return self._computes_too_long(culprit)
        else:
            self._idle += seconds
        return self._patience.real_timeout is not None and self._idle >= self._patience.real_timeout

    def _computes_too_long(self, culprit: Player) -> bool:
        limit = self._patience.compute_timeout
        if limit is None or self._cpu - self._cpu_at_first < limit * NANOSECONDS:
            return False
        culprit.interrupts += 1
        if culprit.interrupts > self._patience.interrupts:
            return True
        interrupt(culprit)
        return False


def interrupt(participant: Player) -> None:
    """Raise EndlessLoopError in the app's own code on this thread, as soon as it runs Python again."""
    ident = participant.thread.ident if participant.thread is not None else None
    if ident is not None and stacks.of_thread(frames_of_threads().get(ident)) is not None:
        raise_in_thread(ident, EndlessLoopError)


def cpu_time(participant: Player) -> int:
    """Nanoseconds that the thread has computed; where only the whole process's are known, those, and coarse."""
    try:
        # Not pthread_getcpuclockid: asking it for a thread that has just ended can crash the interpreter.
        file = os.open(f"/proc/self/task/{participant.native_id}/schedstat", os.O_RDONLY)
        try:
            return int(os.read(file, 64).split()[0])
        finally:
            os.close(file)
    except (OSError, ValueError, IndexError):
        return time.process_time_ns() // _COARSE * _COARSE  # so that the watching itself is no sign of life
