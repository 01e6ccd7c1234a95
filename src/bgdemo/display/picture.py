"""A timeline drawn as an SVG picture."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from xml.sax.saxutils import escape

from bgdemo.display import shapes
from bgdemo.display.axis import Mark, axis_of
from bgdemo.display.layout import EDGE, MONO_CELL, WIDTH, Plot, Words, plot_of
from bgdemo.display.rows import Gap, RequestRow, Row, TaskRow, gap_text
from bgdemo.display.sentence import sentence
from bgdemo.display.words import clean, ems, shorten, wrap
from bgdemo.model import TimelineData

GAP, LANE, HEAD = 22, 18, 18
BOLD = 1.2
"""How much wider bold text is."""

Panel = tuple[TimelineData, Sequence[Mark]]


def draw(timeline: TimelineData, marks: Sequence[Mark], until: float) -> str:
    """The picture of a timeline.

    Args:
        timeline: what happened.
        marks: what is drawn beside it.
        until: seconds: the axis reaches at least so far.

    Returns:
        An SVG document without a style, a script or a reference to anything outside it.
    """
    drawing = _drawn(timeline, marks, plot_of(timeline, axis_of(timeline, marks, until)))
    return _framed(drawing.words, drawing.parts, drawing.height)


def stack(panels: Sequence[Panel], caption: str, titles: Sequence[str] = ()) -> str:
    """Timelines one above the other, on one time axis, below a caption.

    Args:
        panels: timelines, each with its marks.
        caption: lines to write above them; may be empty.
        titles: a line to write above each of the panels; may be empty.

    Returns:
        An SVG document.
    """
    lines = [line for part in caption.splitlines() for line in wrap(part, (WIDTH - 2 * EDGE) / 13, ems)]
    parts = [shapes.label(EDGE, 26 + HEAD * at, line, font_size=13) for at, line in enumerate(lines)]
    top = 20 + HEAD * len(lines) if lines else 0.0
    until = max((axis_of(timeline, marks, 0.0).end for timeline, marks in panels), default=0.0)
    plots = [plot_of(timeline, axis_of(timeline, marks, until)) for timeline, marks in panels]
    left, right = max((plot.left for plot in plots), default=0.0), min((plot.right for plot in plots), default=0.0)
    for at, ((timeline, marks), plot) in enumerate(zip(panels, plots, strict=True)):
        if at:
            parts.append(shapes.line(EDGE, top, WIDTH - EDGE, top, shapes.BORDER))
        if titles:
            parts.append(shapes.label(EDGE, top + 20, titles[at], font_size=13, font_weight="bold", fill=shapes.MUTED))
            top += HEAD + 2
        drawing = _drawn(timeline, marks, replace(plot, left=left, right=right))
        parts.append(_document(drawing.words, drawing.parts, drawing.height, y=top))
        top += drawing.height
    return _framed(caption, parts, top)


@dataclass(frozen=True, slots=True)
class _Drawing:
    """One timeline as elements, which a document puts where it is wanted."""

    words: str
    """The same as a sentence."""
    parts: Sequence[str]
    """Elements."""
    height: float
    """Pixels."""


def _drawn(timeline: TimelineData, marks: Sequence[Mark], plot: Plot) -> _Drawing:
    words = sentence(timeline, plot.axis)
    title = wrap(words, (WIDTH - 2 * EDGE) / (13.5 * BOLD), ems)
    parts = [
        shapes.label(EDGE, 27 + HEAD * at, part, font_size=13.5, font_weight="bold") for at, part in enumerate(title)
    ]
    top = 22 + HEAD * len(title)
    if not plot.rows and not marks:
        return _Drawing(words, parts, top)
    first = top + LANE * len(marks) + 2
    bottom = first + sum(GAP if isinstance(row, Gap) else plot.row for row in plot.rows)
    parts += [*_axis(plot, first, bottom), *_rows(plot, first), *_marks(marks, plot, top, bottom)]
    parts += _answers(plot.rows, plot, first)
    return _Drawing(words, parts, bottom + 34)


def _framed(words: str, parts: Sequence[str], height: float) -> str:
    # A ground of its own: no colour has contrast enough on white and on black pages alike.
    panel = shapes.box(0.5, 0.5, WIDTH - 1, height - 1, shapes.PAPER, rx=8, stroke=shapes.BORDER)
    return _document(words, [panel, *parts], height)


def _document(words: str, parts: Sequence[str], height: float, **place: float) -> str:
    return shapes.element(
        "svg",
        "\n".join(["", *parts, ""]),
        **place,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {WIDTH} {shapes.number(height)}",
        width=WIDTH,
        height=height,
        role="img",
        aria_label=words,
        font_family=shapes.SANS,
    )


def _axis(plot: Plot, top: float, bottom: float) -> list[str]:
    parts = []
    for time, digits in plot.axis.ticks(max(2, int((plot.right - plot.left) / 48))):
        x = plot.x(time)
        parts.append(shapes.line(x, top, x, bottom + 5, shapes.GRID))
        parts.append(shapes.label(x, bottom + 18, digits, font_size=11, fill=shapes.MUTED, text_anchor="middle"))
    parts.append(shapes.line(plot.left - 18, bottom + 0.5, plot.right + 18, bottom + 0.5, shapes.MUTED))
    parts.append(shapes.label(plot.beside, bottom + 18, plot.axis.name, font_size=11, fill=shapes.MUTED))
    return parts


def _rows(plot: Plot, top: float) -> list[str]:
    parts = []
    for row, words in zip(plot.rows, plot.written, strict=True):
        if isinstance(row, Gap):
            text = shorten(gap_text(row, plot.axis.label), (WIDTH - 2 * EDGE - 12) / 11.5, ems)
            parts.append(shapes.label(EDGE + 12, top + 15, text, font_size=11.5, fill=shapes.MUTED))
            top += GAP
            continue
        drawing = _request(row, plot, top) if isinstance(row, RequestRow) else _task(row, plot, top)
        indent = 0 if isinstance(row, RequestRow) else 12
        parts.append(shapes.element("g", drawing + _beside(words, plot, top, indent)))
        top += plot.row
    return parts


def _beside(words: Words, plot: Plot, top: float, indent: float) -> str:
    middle = top + plot.row / 2
    name = shorten(words.name, (plot.left - 26 - EDGE - indent) / MONO_CELL)
    detail = shorten(words.detail, (WIDTH - EDGE - plot.beside) / 11, ems)
    weight = "normal" if indent else "bold"
    parts = [shapes.label(EDGE + indent, middle - 2, name, font_family=shapes.MONO, font_weight=weight)]
    parts.append(shapes.label(EDGE + indent, middle + 12, words.under, font_size=11, fill=shapes.MUTED))
    status = shorten(words.status, (WIDTH - EDGE - plot.beside) / 12, ems)
    parts.append(shapes.label(plot.beside, middle + (-2 if detail else 4), status))
    if detail:
        parts.append(shapes.label(plot.beside, middle + 12, detail, font_size=11, fill=shapes.MUTED))
    shortened = (name, status, detail) != (words.name, words.status, words.detail)
    title = shapes.element("title", escape(words.full)) if shortened else ""
    return title + "".join(parts)


def _request(row: RequestRow, plot: Plot, top: float) -> str:
    request, y = row.request, top + plot.row / 2
    x = plot.x(row.until)
    open_end = request.responded is None and request.ended is None and row.left is None
    wait = shapes.wait(plot.x(request.sent), x, y, goes_on=open_end)
    return wait + ("" if open_end or request.responded is not None else shapes.no_response(x, y))


def _answers(rows: Sequence[Row], plot: Plot, top: float) -> list[str]:
    """The marks at the responses and what is written in the rows of requests: above all lines."""
    parts = []
    explained = False
    for at, row in enumerate(rows):
        if isinstance(row, RequestRow):
            y, x1, x2 = top + plot.row / 2, plot.x(row.request.sent), plot.x(row.until)
            if x2 - x1 > 150:
                parts.append(shapes.waits((x1 + x2) / 2, y))
            if row.request.responded is not None:
                if isinstance(rows[at + 1] if at + 1 < len(rows) else None, TaskRow):
                    parts.append(shapes.line(x2, y, x2, top + plot.row, shapes.INK, 1.25))
                status = str(row.request.status or "ok")
                room = plot.right - x2 > 190
                parts.append(shapes.response(x2, y, status, explained=room and not explained))
                explained = explained or room
        top += GAP if isinstance(row, Gap) else plot.row
    return parts


def _task(row: TaskRow, plot: Plot, top: float) -> str:
    task, y = row.task, top + plot.row / 2
    x1, x2 = plot.x(row.point), plot.x(row.until)
    parts = []
    if row.request is not None and row.request.responded is not None:
        x = plot.x(row.request.responded)
        parts.append(shapes.box(x, top, plot.right + 18 - x, plot.row, shapes.AFTER))
        parts.append(shapes.line(x, top, x, top + plot.row, shapes.INK, 1.25))
    waits = row.is_last and task.status in ("added", "waiting")
    first = plot.x(row.attempts[0].start) if row.attempts and not waits else x2
    parts.append(shapes.to_start(x1, first, y, goes_on=waits))
    parts += [shapes.to_start(plot.x(a.end), plot.x(b.start), y, goes_on=False) for a, b in pairwise(row.attempts)]
    parts += [shapes.bar(plot.x(one.start), plot.x(one.end), y, one.status) for one in row.attempts]
    if task.status in ("skipped", "dropped", "cancelled", "failed", "lost") and not row.attempts:
        parts.append(shapes.never_ran(x2 + 14, y, task.status))
    if task.added is not None and row.is_first:
        parts.append(shapes.added(x1, y))
    return "".join(parts)


def _marks(marks: Sequence[Mark], plot: Plot, top: float, bottom: float) -> list[str]:
    ordered = sorted(marks, key=lambda mark: mark.time)
    placed = [(plot.x(mark.time), top + 8 + LANE * at, mark) for at, mark in enumerate(ordered)]
    parts = [shapes.guess(x, y, bottom) for x, y, _ in placed]
    for x, y, mark in placed:
        words = f"{clean(mark.label)}, {plot.axis.label(mark.time)}"
        right = x + 10 + ems(words) * 11.5 <= WIDTH - EDGE or x < WIDTH / 2
        words = shorten(words, ((WIDTH - EDGE - x) if right else (x - EDGE)) / 11.5 - 1, ems)
        width = ems(words) * 11.5
        # Paper under the words: the line of a mark above may pass there.
        parts.append(shapes.box(x + 8 if right else x - 8 - width, y - 8, width, 15, shapes.PAPER))
        anchor = "start" if right else "end"
        x += 10 if right else -10
        parts.append(shapes.label(x, y + 4, words, font_size=11.5, fill=shapes.GUESS, text_anchor=anchor))
    return parts
