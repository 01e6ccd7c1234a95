"""When who is to be woken: one queue for the timers of event loops and the sleeps of threads alike."""

import heapq
import itertools
import math
from typing import Protocol

NANOSECONDS = 1_000_000_000
"""In a second."""

NEVER = math.inf

_FEW = 64
"""Cancelled wake-ups that may stay in the queue before it is worth a cleaning."""


class Alarm(Protocol):
    """What rings at its time."""

    @property
    def alive(self) -> bool:
        """False once nobody waits for it any more."""
        ...

    def ring(self) -> None:
        """Wake whoever waits for it."""
        ...


def to_nanoseconds(seconds: float) -> float:
    """Whole nanoseconds, so that 0.1 + 0.2 and 0.3 are one instant; infinity stays what it is."""
    return NEVER if seconds == NEVER else round(seconds * NANOSECONDS)


class WakeUps:
    """Alarms in the order of their instants; within one instant, in the order in which they were set."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, float, Alarm]] = []
        self._sequence = itertools.count()
        self._cancelled = 0

    def add(self, when: float, alarm: Alarm) -> None:
        """Set an alarm.

        Args:
            when: seconds on the clock of the simulation; infinity is never.
            alarm: rings then, unless it has died before.
        """
        if when != NEVER:
            heapq.heappush(self._heap, (to_nanoseconds(when), next(self._sequence), when, alarm))

    def first(self) -> tuple[float, int, float, Alarm] | None:
        """The next alarm: its nanoseconds, its number, its own seconds, and itself; None if there is none."""
        heap = self._heap
        while heap and not heap[0][3].alive:
            heapq.heappop(heap)
            self._cancelled = max(self._cancelled - 1, 0)
        return heap[0] if heap else None

    def pop(self) -> None:
        """Take out what `first` returned."""
        heapq.heappop(self._heap)

    def one_has_died(self) -> None:
        """An alarm will not ring; now and then the dead are taken out together."""
        self._cancelled += 1
        if self._cancelled > _FEW and self._cancelled * 2 > len(self._heap):
            self._heap = [entry for entry in self._heap if entry[3].alive]
            heapq.heapify(self._heap)
            self._cancelled = 0

    def alive(self) -> list[tuple[float, int, float, Alarm]]:
        """All that will ring, in order."""
        return sorted(entry for entry in self._heap if entry[3].alive)

    def discard(self, alarms: list[Alarm]) -> None:
        """Take these out."""
        self._heap = [entry for entry in self._heap if entry[3] not in alarms]
        heapq.heapify(self._heap)
