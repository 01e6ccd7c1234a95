"""How a timeline is shown: as a sentence, as text for a terminal, as a picture for a notebook.

A drawing has one row a request and below it one row a task, on one time axis. Its first line is a
sentence that says what it shows, since a front end shows an SVG as an image without a text.

>>> from bgdemo import TestClient, display
>>> from bgdemo.lessons.add_task import app
>>> with TestClient(app, clock="simulated") as client:
...     response = client.post("/send_info", params={"email": "a@example.com"})
...     timeline = client.drain()
write end
>>> display.summary(timeline)
'Response at 0.0 s; write_notification ended at 7.0 s: the client did not wait.'
>>> display.svg(timeline)[:5]
'<svg '
"""

from collections.abc import Collection, Sequence

from bgdemo.display import picture, text_form
from bgdemo.display.axis import Mark, axis_of
from bgdemo.display.sentence import sentence
from bgdemo.model import Request, Task, TimelineData

__all__ = ["Mark", "stacked", "summary", "svg", "text"]


def summary(timeline: TimelineData) -> str:
    """The sentence that stands above a drawing.

    Args:
        timeline: what happened.

    Returns:
        "Response at 0.0 s; write_notification ended at 7.0 s: the client did not wait."
    """
    return sentence(timeline, axis_of(timeline))


def text(
    timeline: TimelineData,
    *,
    marks: Sequence[Mark] = (),
    until: float = 0.0,
    point_at: Collection[Request | Task] = (),
) -> str:
    """The timeline drawn with characters, aligned for a terminal of 100 columns.

    Args:
        timeline: what happened.
        marks: points in time to draw beside it, such as a learner's guess.
        until: seconds: the axis reaches at least so far, so that a bar can be seen to grow.
        point_at: requests and tasks whose rows get an arrow at the margin; they are never left out.

    Returns:
        Several lines, without a line break at the end.
    """
    return text_form.draw(timeline, marks, until, point_at)


def svg(timeline: TimelineData, *, marks: Sequence[Mark] = (), until: float = 0.0) -> str:
    """The timeline as a picture.

    Args:
        timeline: what happened.
        marks: points in time to draw beside it, such as a learner's guess.
        until: seconds: the axis reaches at least so far, so that a bar can be seen to grow.

    Returns:
        An SVG document 760 pixels wide that needs no other file; equal timelines give equal text.
    """
    return picture.draw(timeline, marks, until)


def stacked(
    panels: Sequence[tuple[TimelineData, Sequence[Mark]]], *, caption: str = "", titles: Sequence[str] = ()
) -> str:
    """Several timelines one above the other as one picture, on one time axis.

    Args:
        panels: timelines, each with its marks, from top to bottom.
        caption: lines to write above them all.
        titles: a line to write above each panel, where they need telling apart.

    Returns:
        An SVG document 760 pixels wide.
    """
    return picture.stack(panels, caption, titles)
