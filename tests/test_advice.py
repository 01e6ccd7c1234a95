"""bgdemo.guide: a tool, its reasons, and the notebook that shows each."""

import re
from pathlib import Path
from typing import Any

import pytest

import bgdemo
from bgdemo.advice import BACKGROUND, QUEUE, ROUTE, Advice

NOTEBOOKS = {path.name[:2] for path in (Path(__file__).parents[1] / "notebooks").glob("[0-9]*.py")}


def said(advice: Advice) -> str:
    return "\n".join(map(str, (*advice.reasons, *advice.mind)))


@pytest.mark.parametrize(
    ("work", "tool", "because"),
    [
        ({}, BACKGROUND, "it is small"),
        ({"shares_memory": True}, BACKGROUND, "the app's own variables"),
        ({"answer_needed": True}, ROUTE, "after the response it comes too late"),
        ({"answer_needed": True, "survives_crash": True}, ROUTE, "after the response it comes too late"),
        ({"survives_crash": True}, QUEUE, "even if the app's process dies"),
        ({"retries": True}, QUEUE, "must be tried again"),
        ({"cpu_seconds": 30}, QUEUE, "it computes for 30 s"),
        ({"cpu_seconds": 0.05, "a_second": 20}, QUEUE, "it computes for 0.05 s"),
        ({"seconds": 7, "a_second": 6}, QUEUE, "6 a second of 7 s each are 42 at a time, and a process has 40 threads"),
        ({"seconds": 7, "a_second": 5}, BACKGROUND, "it is small"),
        ({"seconds": 29}, BACKGROUND, "it is small"),
        ({"seconds": 3600}, QUEUE, "it takes 3600 s, and every deploy has to wait so long"),
        ({"machines": 10}, QUEUE, "10 machines have to share it"),
    ],
)
def test_work_is_given_a_tool_and_the_reason(work: dict[str, Any], tool: str, because: str) -> None:
    advice = bgdemo.guide(**work)
    assert advice.tool == tool
    assert because in str(advice.reasons[0])


def test_every_reason_counts() -> None:
    advice = bgdemo.guide(survives_crash=True, retries=True, cpu_seconds=30, seconds=60, a_second=1, machines=2)
    assert len(advice.reasons) == 6


@pytest.mark.parametrize(
    ("work", "mind"),
    [
        ({"survives_crash": True}, "a task may come twice"),
        ({"survives_crash": True}, "runs even if the route raises"),
        ({"survives_crash": True, "shares_memory": True}, "does not see the app's variables"),
        ({"survives_crash": True, "seconds": 120}, "longer than 120 s"),
        ({"machines": 1000}, "one broker is not enough"),
        ({}, "a crash does not: what then runs is lost"),
        ({"answer_needed": True, "cpu_seconds": 2}, "take a `def` route"),
        ({"answer_needed": True, "survives_crash": True}, "the client has no 200"),
        ({"answer_needed": True, "retries": True}, "can ask again"),
    ],
)
def test_what_to_take_care_of_is_said_too(work: dict[str, Any], mind: str) -> None:
    assert any(mind in str(reason) for reason in bgdemo.guide(**work).mind)


def test_what_is_said_is_shown_in_a_notebook_that_there_is() -> None:
    every = bgdemo.guide(survives_crash=True, retries=True, cpu_seconds=1, seconds=99, a_second=9, machines=999)
    waits = bgdemo.guide(answer_needed=True, retries=True, cpu_seconds=1)
    for advice in (every, bgdemo.guide(), bgdemo.guide(shares_memory=True), waits):
        named = re.findall(r"\(notebook (\d\d)(?:, part 2)?\)", said(advice))
        assert len(named) == len(advice.reasons) + len(advice.mind)
        assert set(named) <= NOTEBOOKS


def test_it_reads_as_text_and_as_a_notebook_s_markdown() -> None:
    advice = bgdemo.guide()
    assert repr(advice).startswith("BackgroundTasks, because\n- it is small")
    assert advice._repr_markdown_().startswith("**BackgroundTasks**, because\n\n- it is small")


@pytest.mark.parametrize(
    "wrong", [{"seconds": -1}, {"cpu_seconds": float("nan")}, {"a_second": float("inf")}, {"machines": 0}]
)
def test_what_is_no_number_of_anything_is_refused_by_its_name(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(wrong))}="):
        bgdemo.guide(**wrong)


def test_the_function_stays_where_it_is_whatever_is_imported() -> None:
    import bgdemo.advice

    assert callable(bgdemo.guide)
    assert bgdemo.guide is bgdemo.advice.guide
