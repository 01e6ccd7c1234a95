"""A timeline drawn with characters, for a terminal of 100 columns."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from bgdemo.display.axis import Axis, Mark, axis_of
from bgdemo.display.rows import Gap, RequestRow, Row, TaskRow, answer_words, gap_text, over_words, printed_by, rows_of
from bgdemo.display.sentence import sentence
from bgdemo.display.words import cells, clean, pad, reason, shorten, wrap
from bgdemo.model import Request, Task, TimelineData

COLUMNS = 100
MOST_NAME = 28
LEAST_BAR, MOST_BAR = 20, 48

WAIT, RESPONSE, GUIDE, ADDED, TO_START, BAR, MARK = "━", "●", "│", "+", "·", "█", "?"
POINTER = "→ "
ENDS = {"running": ">", "failed": "x", "cancelled": "/", "abandoned": "~", "lost": "!"}
MEANINGS = {
    WAIT: "the client waits",
    RESPONSE: "response",
    ADDED: "task added",
    TO_START: "waits to start",
    BAR: "task runs",
    "x": "failed",
    ">": "goes on",
    "/": "cancelled",
    "~": "abandoned",
    "!": "its process died",
}


@dataclass(frozen=True, slots=True)
class _Line:
    """One row, before the widths of its columns are known."""

    name: str
    row: Row
    columns: tuple[str, str, str, str]
    """Status, added, ended, where it ran."""
    detail: str = ""


def draw(timeline: TimelineData, marks: Sequence[Mark], until: float, point_at: Collection[Request | Task] = ()) -> str:
    """The text form of a timeline.

    Args:
        timeline: what happened.
        marks: what is drawn beside it.
        until: seconds: the axis reaches at least so far.
        point_at: requests and tasks whose rows get an arrow at the margin.

    Returns:
        Lines of at most 100 columns: the sentence, what the signs mean, a line a row, the axis.
    """
    axis = axis_of(timeline, marks, until)
    rows = rows_of(timeline, point_at)
    lines = [_line(row, axis, _margin(row, point_at)) for row in rows]
    words = wrap(sentence(timeline, axis), COLUMNS)
    if not lines and not marks:
        return "\n".join(words)
    shown = [line for line in lines if not isinstance(line.row, Gap)]
    has_tasks = any(isinstance(line.row, TaskRow) for line in shown)
    heads = ("", "added", "ended", "ran in") if has_tasks else ("", "", "", "")
    widths = _widths(shown, heads)
    most = MOST_NAME + (len(POINTER) if point_at else 0)
    name = min(most, max((cells(line.name) for line in shown), default=0))
    rest = sum(widths) + 2 * sum(width > 0 for width in widths)
    # The last digits at the axis may stand out past the bar.
    bar = min(MOST_BAR, max(LEAST_BAR, COLUMNS - name - 2 - max(rest, len(axis.name) + 7)))
    drawn = [_bar(line.row, axis, bar) for line in lines]
    guesses = [_mark(mark, axis, name + 2, bar) for mark in marks]
    body = [_joined("", " " * bar, heads, name, widths)] if has_tasks else []
    for line, cells_of_bar in zip(lines, drawn, strict=True):
        body += _body(line, cells_of_bar, axis, name, widths)
    return "\n".join([*words, *_legend(drawn), "", *body, *guesses, *_ruler(axis, name, bar)])


def _margin(row: Row, point_at: Collection[Request | Task]) -> str:
    if not point_at or isinstance(row, Gap):
        return ""
    record = row.request if isinstance(row, RequestRow) else row.task
    return POINTER if any(record is one for one in point_at) else " " * len(POINTER)


def _line(row: Row, axis: Axis, margin: str) -> _Line:
    if isinstance(row, Gap):
        return _Line("", row, ("", "", "", ""))
    if isinstance(row, RequestRow):
        error = f"error: {row.error}" if row.error else ""
        name = clean(f"{row.request.method} {row.request.path}")
        answer = answer_words(row, str(row.request.status or "response"), axis.label)
        return _Line(margin + name, row, (answer, "", "", ""), error)
    task = row.task
    if not row.is_last:
        over = row.attempts[-1]
        columns = (over_words(over), axis.number(row.point), axis.number(over.end), row.where)
        return _Line(f"{margin}  {clean(task.name)}", row, columns)
    times = (task.added if row.is_first else row.point, task.ended)
    added, ended = ("-" if time is None else axis.number(time) for time in times)
    details = [f"error: {reason(task.error)}"] if task.error else []
    details += [printed] if (printed := printed_by(task)) else []
    columns = (task.status, added, ended, row.where or "-")
    return _Line(f"{margin}  {clean(task.name)}", row, columns, "\n".join(details))


def _widths(lines: Sequence[_Line], heads: tuple[str, ...]) -> list[int]:
    tasks = [line.columns for line in lines if isinstance(line.row, TaskRow)]
    widths = [max(len(columns[index]) for columns in [heads, *tasks]) for index in range(4)]
    if not tasks:
        widths[0] = max((len(line.columns[0]) for line in lines), default=0)
    return widths


def _joined(name: str, bar: str, columns: tuple[str, ...], room: int, widths: Sequence[int]) -> str:
    status, added, ended, where = columns
    if not (added or ended or where):
        return f"{pad(shorten(name, room), room)}  {bar}  {status}".rstrip()
    table = [status.ljust(widths[0]), added.rjust(widths[1]), ended.rjust(widths[2]), where]
    return f"{pad(shorten(name, room), room)}  {bar}  {'  '.join(table)}".rstrip()


def _body(line: _Line, bar: str, axis: Axis, name: int, widths: Sequence[int]) -> list[str]:
    if isinstance(line.row, Gap):
        return wrap("  " + gap_text(line.row, axis.label), COLUMNS)
    lines = [_joined(line.name, bar, line.columns, name, widths)]
    for detail in line.detail.split("\n") if line.detail else []:
        lines.append(" " * (name + 2) + shorten(detail, COLUMNS - name - 2))
    return lines


def _bar(row: Row, axis: Axis, width: int) -> str:
    bar = [" "] * width

    def column(time: float) -> int:
        return round(axis.fraction(time) * (width - 1))

    if isinstance(row, RequestRow):
        first, last = column(row.request.sent), column(row.until)
        bar[first : last + 1] = WAIT * (last + 1 - first)
        if row.request.responded is not None:
            bar[last] = RESPONSE
        elif row.request.ended is None and row.left is None:
            bar[last] = ">"
    elif isinstance(row, TaskRow):
        request = row.request
        first, last = column(row.point), column(row.until)
        bar[first : last + 1] = TO_START * (last + 1 - first)
        if request is not None and request.responded is not None:
            bar[column(request.responded)] = GUIDE
        if row.is_first:
            bar[first] = ADDED
        if last > first and (row.task.status == "waiting" or not row.attempts) and row.task.status != "lost":
            bar[last] = ">"
        if row.task.status == "failed" and not row.attempts:
            bar[last] = ENDS["failed"]
        for attempt in row.attempts:
            start, end = column(attempt.start), column(attempt.end)
            bar[start : end + 1] = BAR * (end + 1 - start)
            bar[end] = ENDS.get(attempt.status, BAR)
    return "".join(bar)


def _legend(bars: Sequence[str]) -> list[str]:
    used = set("".join(bars))
    items = [f"{sign} {meaning}" for sign, meaning in MEANINGS.items() if sign in used]
    lines: list[str] = []
    for item in items:
        if lines and cells(lines[-1]) + 3 + cells(item) <= COLUMNS:
            lines[-1] += f"   {item}"
        else:
            lines.append(item)
    return lines


def _mark(mark: Mark, axis: Axis, indent: int, width: int) -> str:
    """A line with the mark under its time, and its label on the side that has room."""
    column = indent + round(axis.fraction(mark.time) * (width - 1))
    right, left = COLUMNS - column - 3, column - 2
    label = f"{clean(mark.label)}, {axis.label(mark.time)}"
    if cells(label) <= right or right >= left:
        return " " * column + f"{MARK}  {shorten(label, right)}"
    label = shorten(label, left)
    return " " * (left - cells(label)) + f"{label}  {MARK}"


def _ruler(axis: Axis, name: int, width: int) -> list[str]:
    line, labels = ["─"] * width, ""
    for time, digits in axis.ticks(max(2, width // 7)):
        column = round(axis.fraction(time) * (width - 1))
        line[column] = "┴"
        if column >= len(labels) + (1 if labels else 0):
            labels = labels.ljust(column) + digits
    indent = " " * (name + 2)
    return [indent + "".join(line), f"{indent}{labels.ljust(width)}  {axis.name}"]
