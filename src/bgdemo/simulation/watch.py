"""Whether the participant that has the baton does something with it."""

import os
import time

from bgdemo.simulation.baton import Baton
from bgdemo.simulation.calls import Call
from bgdemo.simulation.participants import Participant

_COARSE = 20_000_000
"""Nanoseconds."""


class Watch:
    """Looks now and then, for the time of one call.

    Time is counted in looks, not read from a clock: on a machine so busy that the looks come late, everything may.

    Args:
        baton: whose holder is watched.
        patience: real seconds without a sign of life after which a participant is given up; None for never.
    """

    def __init__(self, baton: Baton, patience: float | None) -> None:
        self._baton = baton
        self._patience = patience
        self._idle = 0.0
        self._seen: object = None

    def is_idle(self, call: Call, seconds: float) -> bool:
        """True if whoever has the baton has done nothing for too long.

        Args:
            call: the call that is under way.
            seconds: real ones, since the last look.
        """
        baton = self._baton
        culprit = baton.holder or next(iter(baton.lost), None)
        if culprit is None or self._patience is None:
            return False
        if culprit.calls:  # that clock watches its own
            self._seen = None
            return False
        seen = (baton.switches, culprit, cpu_time(culprit))
        if seen != self._seen:
            self._seen, self._idle = seen, 0.0
            return False
        self._idle += seconds
        return self._idle >= self._patience


def cpu_time(participant: Participant) -> int:
    """A number that grows while the thread computes: nanoseconds on Linux, the whole process's elsewhere."""
    try:
        # Not pthread_getcpuclockid: asking it for a thread that has just ended can crash the interpreter.
        file = os.open(f"/proc/self/task/{participant.native_id}/schedstat", os.O_RDONLY)
        try:
            return int(os.read(file, 64).split()[0])
        finally:
            os.close(file)
    except (OSError, ValueError, IndexError):
        return time.process_time_ns() // _COARSE  # so that the watching itself is no sign of life
