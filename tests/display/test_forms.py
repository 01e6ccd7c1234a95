"""What holds for every form of a timeline."""

import xml.etree.ElementTree as ElementTree
from dataclasses import replace

from bgdemo.display import shapes, summary, svg, text
from bgdemo.display.words import wrap
from display.timelines import ONE_TASK, SVG, a_request, a_task, never_started, simulated


def test_a_timeline_shows_itself() -> None:
    assert str(ONE_TASK) == text(ONE_TASK)
    assert ONE_TASK._repr_mimebundle_() == {"text/plain": text(ONE_TASK), "image/svg+xml": svg(ONE_TASK)}


def test_a_line_does_not_end_between_a_number_and_its_unit() -> None:
    assert wrap("the last at 3.0 s.", 15) == ["the last at", "3.0 s."]
    assert wrap("two s and", 6) == ["two s", "and"]
    assert wrap("a cat s b", 5) == ["a cat", "s b"]


def test_of_an_error_only_the_first_paragraph_is_shown() -> None:
    error = "ValueError: one thing:\n  it is wrong\n\n  File 'somewhere.py', line 3"
    timeline = simulated(a_request(error=error), a_task(status="failed", error=f"{error} of a task"))
    for drawing in (svg(timeline), text(timeline)):
        assert drawing.count("one thing: it is wrong") >= 2
        assert "somewhere" not in drawing
    assert "(ValueError: one thing: it is wrong)" in summary(timeline)


def test_a_task_that_failed_before_it_started_has_the_sign_of_a_failure() -> None:
    failed = replace(never_started(1, "failed", error="TypeError: not callable"), ended=2.0)
    timeline = simulated(a_request(), failed)
    assert [ring.get("stroke") for ring in ElementTree.fromstring(svg(timeline)).iter(f"{SVG}circle")] == [
        shapes.VERMILION
    ]
    drawing = text(timeline)
    assert "x failed" in drawing
    row = next(line for line in drawing.splitlines() if line.startswith("  write_notification"))
    assert row.split()[1][-1] == "x"
    assert ">" not in row
