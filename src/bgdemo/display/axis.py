"""The time axis that all rows of a drawing share, and how its times are written."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from bgdemo.model import TimelineData


@dataclass(frozen=True, slots=True)
class Mark:
    """A point in time that a person named, drawn beside what happened: "your guess: response"."""

    time: float
    """Seconds, on the timeline's axis."""
    label: str
    """What the mark says, drawn as it is."""


@dataclass(frozen=True, slots=True)
class Axis:
    """A span of time in one unit."""

    start: float
    """Seconds."""
    end: float
    """Seconds; later than `start`, even where all happened in one instant."""
    unit: Literal["s", "ms"]
    decimals: int
    """Of a time that is written out."""
    name: str
    """What stands at the axis: "seconds (simulated)"."""

    def fraction(self, time: float) -> float:
        """Where on the axis a time is, from 0 to 1; a time outside is put at the nearer end."""
        return min(1.0, max(0.0, (time - self.start) / (self.end - self.start)))

    def number(self, time: float) -> str:
        """The time as digits in the axis's unit: 7.0."""
        written = f"{time * self._factor:.{self.decimals}f}"
        return written.lstrip("-") if float(written) == 0 else written

    def label(self, time: float) -> str:
        """The time with its unit: 7.0 s."""
        return f"{self.number(time)} {self.unit}"

    def ticks(self, most: int) -> list[tuple[float, str]]:
        """Round times on the axis: multiples of 1, 2 or 5 times a power of ten.

        Args:
            most: how many there may be at most, 2 or more.

        Returns:
            Pairs of a time in seconds and the digits to write at it.
        """
        low, high = self.start * self._factor, self.end * self._factor
        step = _round_step((high - low) / (most - 1))
        decimals = max(0, -math.floor(math.log10(step) + 1e-9))
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        return [(index * step / self._factor, f"{index * step:.{decimals}f}") for index in range(first, last + 1)]

    @property
    def _factor(self) -> int:
        return 1000 if self.unit == "ms" else 1


def axis_of(timeline: TimelineData, marks: Sequence[Mark] = (), until: float = 0.0) -> Axis:
    """The axis on which all of a timeline, and all marks, can be drawn.

    Args:
        timeline: what happened.
        marks: what is drawn beside it.
        until: seconds: the axis reaches at least so far.

    Returns:
        An axis in milliseconds where less than a second passed, else in seconds.
    """
    times = [*_times(timeline), *(mark.time for mark in marks)]
    start, end = min([0.0, *times]), max([0.0, until, *times])
    unit: Literal["s", "ms"] = "ms" if 0 < end - start < 1 else "s"
    name = "milliseconds" if unit == "ms" else "seconds"
    return Axis(
        start=start,
        end=end if end > start else start + 1,
        unit=unit,
        decimals=_decimals(times, unit, end - start, exact=timeline.simulated),
        name=f"{name} (simulated)" if timeline.simulated else name,
    )


def _times(timeline: TimelineData) -> Iterator[float]:
    for request in timeline.requests:
        yield request.sent
        # A snapshot may be taken long after all is over: only what is still open reaches up to now.
        if request.responded is not None:
            yield request.responded
        else:
            yield timeline.now if request.ended is None else request.ended
    for task in timeline.tasks:
        for time in (task.added, task.started, task.ended):
            if time is not None:
                yield time
        if task.ended is None and task.status in ("added", "running", "abandoned", "waiting"):
            yield timeline.now


def _decimals(times: Sequence[float], unit: str, span: float, *, exact: bool) -> int:
    fewest = 0 if unit == "ms" and span >= 0.01 else 1
    if not exact:
        return fewest
    scaled = [time * (1000 if unit == "ms" else 1) for time in times]
    for decimals in range(fewest, 4):
        if all(abs(round(time, decimals) - time) < 1e-6 for time in scaled):
            return decimals
    return fewest


def _round_step(least: float) -> float:
    power: float = 10.0 ** math.floor(math.log10(least) + 1e-9)
    for factor in (1, 2, 5):
        if factor * power >= least * (1 - 1e-9):
            return factor * power
    return 10 * power
