"""What is written in a picture's rows, and where its columns are."""

from collections.abc import Sequence
from dataclasses import dataclass

from bgdemo.display.axis import Axis
from bgdemo.display.rows import Gap, RequestRow, Row, answer_words, over_words, printed_by, rows_of
from bgdemo.display.words import cells, clean, ems, reason
from bgdemo.model import Task, TimelineData

WIDTH, EDGE = 760, 16
ROW = 38
MANY, DENSE_ROW = 12, 33
"""From so many rows on, each is a little lower."""
MONO_CELL = 7.3
"""Pixels: a column of the names' font."""
WHY = {
    "skipped": "an earlier task failed",
    "dropped": "it never ran",
    "abandoned": "still in its thread at the close",
    "lost": "its process died",
}


@dataclass(frozen=True, slots=True)
class Words:
    """What is written beside one row."""

    name: str
    under: str
    status: str
    detail: str
    full: str = ""
    """What was too long, for readers that show a <title>."""


@dataclass(frozen=True, slots=True)
class Plot:
    """What is drawn, and where the columns of the picture are, in pixels."""

    axis: Axis
    rows: Sequence[Row]
    written: Sequence[Words]
    left: float
    right: float
    row: float

    def x(self, time: float) -> float:
        return self.left + self.axis.fraction(time) * (self.right - self.left)

    @property
    def beside(self) -> float:
        """Where the column of statuses begins."""
        return self.right + 30


def plot_of(timeline: TimelineData, axis: Axis) -> Plot:
    """The rows of a timeline, and the columns that they need."""
    rows = rows_of(timeline)
    written = [_words(row, axis) for row in rows]
    names = max((cells(words.name) * MONO_CELL + 12 for words in written), default=0.0)
    # At least so wide, so that the plot keeps its place while a task runs and when it has finished.
    beside = [125.0, ems(axis.name) * 11, *(max(ems(words.status) * 12, ems(words.detail) * 11) for words in written)]
    left = EDGE + min(max(names, 110.0), 210.0) + 26
    right = WIDTH - EDGE - min(max(beside), 215.0) - 30
    return Plot(axis, rows, written, left, right, ROW if len(rows) < MANY else DENSE_ROW)


def _words(row: Row, axis: Axis) -> Words:
    if isinstance(row, Gap):
        return Words("", "", "", "")
    if isinstance(row, RequestRow):
        name = clean(f"{row.request.method} {row.request.path}")
        return Words(
            name, "request", answer_words(row, "response", axis.label), row.error, f"{name}\n{row.error}".strip()
        )
    task = row.task
    under = f"{'task' if row.is_first else 'again'}, {row.where}" if row.where else "task"
    if not row.is_last:
        over = row.attempts[-1]
        return Words(clean(task.name), under, f"{over_words(over)} at {axis.label(over.end)}", WHY.get(over.status, ""))
    status, detail = _outcome(task, axis), reason(task.error) or WHY.get(task.status, "")
    printed = printed_by(task)
    full = "\n".join(part for part in (clean(task.name), detail, printed) if part)
    if printed and detail:
        status = f"{status}, {printed}"
    return Words(clean(task.name), under, status, detail or printed, full)


def _outcome(task: Task, axis: Axis) -> str:
    if task.status == "added":
        return "added, not started"
    if task.status == "waiting":
        return "waits for its next attempt"
    if task.ended is None or task.status in ("skipped", "dropped"):
        return task.status
    return f"{task.status} at {axis.label(task.ended)}"
