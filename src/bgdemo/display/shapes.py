"""The parts of an SVG picture, in presentation attributes only, so that every front end and sanitizer keeps them."""

from xml.sax.saxutils import escape

from bgdemo.model import TaskStatus

# Okabe and Ito's palette: told apart by people who do not see red and green. Text is in INK or MUTED alone.
BLUE, SKY, ORANGE, VERMILION, YELLOW = "#0072B2", "#56B4E9", "#E69F00", "#D55E00", "#F0E442"
INK, MUTED, GRID, PAPER, BORDER, AFTER = "#1f2328", "#57606a", "#e4e8ec", "#ffffff", "#c4ccd4", "#f2f6fa"
AMBER, GUESS = "#9a6700", "#8f3a70"
SANS, MONO = "Helvetica, Arial, sans-serif", "Consolas, Menlo, monospace, sans-serif"

HALF = 6.0
"""Pixels: half the height of a bar."""


def number(value: float) -> str:
    """A coordinate with at most two decimals, so that equal pictures are equal text."""
    return f"{round(value, 2) + 0.0:.2f}".rstrip("0").rstrip(".")


def element(name: str, content: str = "", /, **attributes: float | str) -> str:
    """One XML element.

    Args:
        name: the element's name.
        content: XML that stands in it, escaped already.
        attributes: with _ for - in their names, not escaped yet.

    Returns:
        The element as text.
    """
    written = "".join(
        f' {key.replace("_", "-")}="{escape(value, {chr(34): "&quot;"}) if isinstance(value, str) else number(value)}"'
        for key, value in attributes.items()
    )
    return f"<{name}{written}>{content}</{name}>" if content else f"<{name}{written}/>"


def label(x: float, y: float, text: str, **attributes: float | str) -> str:
    """A line of text; `y` is its base line."""
    written: dict[str, float | str] = {"font_size": 12, "fill": INK, **attributes}
    return element("text", escape(text), x=x, y=y, **written)


def line(x1: float, y1: float, x2: float, y2: float, stroke: str, width: float = 1, **attributes: float | str) -> str:
    """A straight line."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, stroke=stroke, stroke_width=width, **attributes)


def box(x: float, y: float, width: float, height: float, fill: str, **attributes: float | str) -> str:
    """A rectangle."""
    return element("rect", x=x, y=y, width=width, height=height, fill=fill, **attributes)


def _stroke(path: str, stroke: str = INK, width: float = 2) -> str:
    return element("path", d=path, fill="none", stroke=stroke, stroke_width=width, stroke_linecap="round")


def _cross(x: float, y: float, size: float) -> str:
    a, b, c, d = number(x - size), number(x + size), number(y - size), number(y + size)
    return _stroke(f"M{a} {c}L{b} {d}M{a} {d}L{b} {c}")


def _failed(x: float, y: float) -> str:
    ring = element("circle", cx=x, cy=y, r=8, fill=PAPER, stroke=VERMILION, stroke_width=2)
    return ring + _cross(x, y, 3.5)


def chevrons(x: float, y: float, stroke: str) -> str:
    """The sign that something goes on: two arrow heads to the right of x."""
    heads = "".join(f"M{number(x + at)} {number(y - 5)}l4 5l-4 5" for at in (4, 10))
    return _stroke(heads, stroke)


def wait(x1: float, x2: float, y: float, *, goes_on: bool) -> str:
    """The time that a client waits for a response."""
    bar = box(x1, y - HALF, max(x2 - x1, 1), 2 * HALF, ORANGE, stroke=AMBER, stroke_width=1)
    return bar + (chevrons(x2, y, AMBER) if goes_on else "")


def waits(x: float, y: float) -> str:
    """The words on a wait, on a ground of their own, so that no line crosses them."""
    words = label(x, y + 3.5, "the client waits", font_size=10.5, text_anchor="middle")
    return box(x - 47, y - HALF + 1, 94, 2 * HALF - 2, ORANGE) + words


def response(x: float, y: float, status: str, *, explained: bool) -> str:
    """The mark at a response, with its status code.

    Args:
        x: where the response is.
        y: the middle of its row.
        status: the code.
        explained: whether there is room beside it to say what it means.

    Returns:
        Elements.
    """
    pill = box(x - 17, y - 9, 34, 18, INK, rx=9)
    pill += label(x, y + 4, status, font_size=11, font_weight="bold", fill=PAPER, text_anchor="middle")
    if not explained:
        return pill
    ground = box(x + 20, y - 8, 158, 16, PAPER)
    return pill + ground + label(x + 24, y + 4, "the client has its response", font_size=11, fill=MUTED)


def no_response(x: float, y: float) -> str:
    """The mark where waiting ended without a response."""
    return element("circle", cx=x, cy=y, r=8, fill=PAPER, stroke=INK, stroke_width=1.5) + _cross(x, y, 3.5)


def added(x: float, y: float) -> str:
    """The tick where a task was added."""
    return box(x - 1, y - 10, 2, 20, INK)


def to_start(x1: float, x2: float, y: float, *, goes_on: bool) -> str:
    """The time that a task waits to start."""
    return line(x1, y, x2, y, MUTED, 1.5) + (chevrons(x2, y, MUTED) if goes_on else "")


def never_ran(x: float, y: float, status: TaskStatus) -> str:
    """The sign of a task that did not run: a ring crossed out if skipped, a cross in a ring if failed, else a cross."""
    if status == "failed":
        return _failed(x, y)
    if status != "skipped":
        return _cross(x, y, 4.5)
    ring = element("circle", cx=x, cy=y, r=5.5, fill=PAPER, stroke=INK, stroke_width=1.75)
    return ring + line(x - 4, y + 4, x + 4, y - 4, INK, 1.75)


def bar(x1: float, x2: float, y: float, status: TaskStatus) -> str:
    """The time that a task ran; each status has a shape of its own.

    Args:
        x1: where it started.
        x2: where it ended, or now.
        y: the middle of its row.
        status: what became of it.

    Returns:
        Elements.
    """
    top, width = y - HALF, max(x2 - x1, 3)
    if status == "failed":
        return box(x1, top, width, 2 * HALF, VERMILION) + _failed(x1 + width, y)
    if status == "cancelled":
        hollow = box(x1, top, width, 2 * HALF, PAPER, stroke=MUTED, stroke_width=1.5)
        return hollow + box(x1 + width - 5, y - 5, 10, 10, INK)
    if status == "abandoned":
        dashes = box(x1, top, width, 2 * HALF, YELLOW, stroke=INK, stroke_width=1.25, stroke_dasharray="4 3")
        return dashes + chevrons(x2, y, INK)
    if status == "lost":
        # Torn off: the right edge is a zigzag, and a cross stands where the rest would be.
        x, teeth = x1 + width, "l3 3l-3 3l3 3l-3 3"
        torn = f"M{number(x)} {number(top)}{teeth}H{number(x1)}V{number(top)}z"
        return element("path", d=torn, fill=SKY, stroke=BLUE, stroke_width=1.5) + _cross(x + 13, y, 4.5)
    if status in ("running", "added"):
        sides = f"M{number(x1 + width)} {number(top)}H{number(x1)}V{number(y + HALF)}H{number(x1 + width)}"
        fill = box(x1, top, width, 2 * HALF, SKY)
        return fill + _stroke(sides, BLUE, 1.5) + chevrons(x2, y, BLUE)
    return box(x1, top, width, 2 * HALF, BLUE, rx=2)


def guess(x: float, y: float, bottom: float) -> str:
    """The mark of a guess: a diamond above the rows, and a dashed line down through them."""
    diamond = f"M{number(x)} {number(y - 5)}l5 5l-5 5l-5 -5z"
    # Light edges keep the dashes visible on a bar, and between them what really happened stays visible.
    edges = line(x, y + 5, x, bottom, PAPER, 4, stroke_dasharray="5 4")
    dashes = edges + line(x, y + 5, x, bottom, GUESS, 1.75, stroke_dasharray="5 4")
    return dashes + element("path", d=diamond, fill=PAPER, stroke=GUESS, stroke_width=1.75)
