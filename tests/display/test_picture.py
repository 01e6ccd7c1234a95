"""A timeline made by hand, as a picture, which is parsed."""

import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from types import FrameType

import pytest

from bgdemo.display import Mark, shapes, stacked, summary, svg, text
from bgdemo.display.axis import axis_of
from bgdemo.display.words import ems
from bgdemo.model import TASK_STATUSES
from bgdemo.record.timeline import Timeline
from display.timelines import (
    DRAWINGS,
    EVERY_STATUS,
    GUESSES,
    NO_MAIL_SERVER,
    ONE_TASK,
    SVG,
    a_request,
    a_task,
    many_requests,
    many_tasks,
    simulated,
    words,
)


def parsed(timeline: Timeline, marks: tuple[Mark, ...] = ()) -> ElementTree.Element:
    return ElementTree.fromstring(svg(timeline, marks=marks))


def extents(picture: ElementTree.Element) -> Iterator[tuple[float, float, float]]:
    """Base line, left and right of each text, by a narrow guess."""
    for element in picture.iter(f"{SVG}text"):
        width = ems(element.text or "") * float(element.attrib["font-size"]) * 0.9
        x = float(element.attrib["x"])
        left = {"start": x, "middle": x - width / 2, "end": x - width}[element.get("text-anchor", "start")]
        yield float(element.attrib["y"]), left, left + width


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_the_picture_of_one_task_says_all_of_it() -> None:
    assert words(parsed(ONE_TASK)) == [
        "Response at 0.0 s; write_notification ended at 7.0 s: the client did not wait.",
        *"01234567",
        "seconds (simulated)",
        "POST /send_info",
        "request",
        "response at 0.0 s",
        "write_notification",
        "task, thread pool",
        "finished at 7.0 s",
        "200",
        "the client has its response",
    ]


def test_the_picture_of_one_task_is_small() -> None:
    picture = parsed(ONE_TASK)
    assert (picture.get("viewBox"), picture.get("width"), picture.get("height")) == ("0 0 760 152", "760", "152")
    assert (picture.get("role"), picture.get("aria-label")) == ("img", summary(ONE_TASK))


@pytest.mark.parametrize("timeline", DRAWINGS.values(), ids=DRAWINGS)
def test_a_picture_has_nothing_that_a_sanitizer_takes_away(timeline: Timeline) -> None:
    picture = parsed(timeline, GUESSES)
    names = {element.tag.removeprefix(SVG) for element in picture.iter()}
    assert names <= {"svg", "g", "title", "rect", "line", "circle", "path", "text"}
    attributes = {name for element in picture.iter() for name in element.attrib}
    assert not [name for name in attributes if name in ("style", "class", "id", "href") or name.startswith("on")]
    assert "url(" not in svg(timeline, marks=GUESSES)


@pytest.mark.parametrize("timeline", DRAWINGS.values(), ids=DRAWINGS)
def test_no_two_labels_overlap(timeline: Timeline) -> None:
    placed = sorted(extents(parsed(timeline, GUESSES)))
    for (y, left, right), (other_y, other_left, other_right) in pairwise(placed):
        assert abs(other_y - y) > 3 or other_left >= right or other_right <= left
    assert all(left >= 0 and right <= 760 for _, left, right in placed)


def test_text_has_contrast_enough_on_its_ground() -> None:
    for ground, ink in [
        (shapes.PAPER, shapes.INK),
        (shapes.PAPER, shapes.MUTED),
        (shapes.PAPER, shapes.GUESS),
        (shapes.ORANGE, shapes.INK),
    ]:
        dark, light = sorted((luminance(ground), luminance(ink)))
        assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_each_status_has_a_shape_of_its_own() -> None:
    seen = set()
    for status in TASK_STATUSES:
        ran = status not in ("skipped", "dropped", "added")
        ends = ran and status not in ("running", "abandoned")
        task = a_task(status=status, started=0.0 if ran else None, ended=7.0 if ends else None)
        row = parsed(simulated(a_request(), task)).findall(f"{SVG}g")[-1]
        forms = [element for element in row if element.tag in (f"{SVG}rect", f"{SVG}path", f"{SVG}circle")]
        # Form and place count, colour does not.
        seen.add(tuple(str({k: v for k, v in form.items() if k not in ("fill", "stroke")}) for form in forms))
    assert len(seen) == len(TASK_STATUSES)


def test_user_text_is_escaped() -> None:
    name = 'a<b>&"c"\x00\x1b\ufffe'
    task = a_task(name=name, status="failed", error=f"ValueError: {name}", printed=name)
    picture = parsed(simulated(a_request(path=f"/{name}"), task), (Mark(1.0, name),))
    assert 'a<b>&"c"\ufffd\ufffd\ufffd' in words(picture)
    assert 'a<b>&"c"\ufffd' in picture.get("aria-label", "")


def test_what_a_row_has_no_room_for_is_in_its_title() -> None:
    titles = [title.text for title in parsed(EVERY_STATUS).iter(f"{SVG}title")]
    assert titles == [f"<lambda>\n{NO_MAIL_SERVER}\nprinted: trying"]


def test_equal_timelines_give_equal_pictures() -> None:
    again = Timeline.from_dict(EVERY_STATUS.to_dict())
    assert svg(again) == svg(EVERY_STATUS)
    assert text(again) == text(EVERY_STATUS)


def calls_of(draw: Callable[[], str]) -> int:
    """How many calls it takes: what grows as the work does, and is the same on a busy machine."""
    calls = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        calls += event.endswith("call")

    sys.setprofile(count)
    try:
        draw()
    finally:
        sys.setprofile(None)
    return calls


@pytest.mark.parametrize("many", [many_tasks, many_requests])
def test_ten_thousand_rows_are_drawn_small_and_soon(many: Callable[[int], Timeline]) -> None:
    thousand, ten_thousand = many(1_000), many(10_000)
    assert len(svg(ten_thousand).encode()) < 60_000
    assert calls_of(lambda: svg(ten_thousand)) < 15 * calls_of(lambda: svg(thousand))


def test_each_of_many_failures_does_not_get_a_row() -> None:
    tasks = [a_task(id, status="failed", error="ValueError: " + "x" * 500, printed="y" * 500) for id in range(1000)]
    assert len(svg(simulated(a_request(), *tasks)).encode()) < 60_000


def test_a_left_out_stretch_of_several_outcomes_counts_each() -> None:
    tasks = [a_task(id, status="failed" if id % 2 else "finished", ended=id / 2) for id in range(100)]
    wanted = "… 85 more tasks, from 0.0 s to 46.5 s (43 failed, 42 finished)"
    assert wanted in words(parsed(simulated(a_request(), *tasks)))


def test_an_unusual_row_brings_its_request() -> None:
    timeline = many_requests(100)
    failed = replace(timeline.tasks[50], status="failed")
    tasks = (*timeline.tasks[:50], failed, *timeline.tasks[51:])
    requests = tuple(replace(request, path=f"/{request.id}") for request in timeline.requests)
    assert "POST /50" in words(parsed(simulated(*requests, *tasks)))


@pytest.mark.parametrize(
    ("end", "ticks"),
    [
        (0.003, ["0.0", "0.5", "1.0", "1.5", "2.0", "2.5", "3.0"]),
        (7.0, ["0", "1", "2", "3", "4", "5", "6", "7"]),
        (3600.0, ["0", "500", "1000", "1500", "2000", "2500", "3000", "3500"]),
        (0.0, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
    ],
)
def test_ticks_are_at_round_times(end: float, ticks: list[str]) -> None:
    axis = axis_of(Timeline((a_request(responded=end),), now=end))
    assert [digits for _, digits in axis.ticks(9)] == ticks


def test_stacked_pictures_share_one_frame() -> None:
    panels = [(ONE_TASK, ()), (ONE_TASK, ())]
    assert stacked(panels).count(shapes.BORDER) == 2  # the frame, and the line between
