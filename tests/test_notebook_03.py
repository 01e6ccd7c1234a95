"""Notebook 03, The task function: it shows what it claims, and answers what it asks."""

import re
from typing import Any

import pytest

from bgdemo import exercises
from bgdemo.lessons import task_function
from course import assert_rebuilt_alike, build, cell_with, executed, filled, own_text, shown, side_by_side, source_of

GUESSES = [
    ("mails_guess = predict(mails=...)", (1,), (3,)),
    ("twin_guess = predict(written=...)", (False,), (True,)),
    ("where_guess = predict(plain=..., twin=...)", ("threadpool", "event_loop"), ("event_loop", "threadpool")),
]
"""As in the notebook; the right guesses, and wrong ones. Those about seconds on the wall are below."""

BLINK = "blink_guess = predict(faster_than_a_blink=...)"
TAXI = "taxi_guess = predict(response=..., task_end=..., ran_in=...)"
CHOICE = "choose(..., what_makes_a_task)"
PLAIN = [("async def call_a_taxi", "def call_a_taxi"), ("await asyncio.sleep(seconds)", "time.sleep(seconds)")]
MODE = 'mode="w", encoding="utf-8") as email_file:\n        email_file.write(f"notification for {email}: {message}\\n")'
"""The exercise's; the app before it writes no line break."""

LATE = 2.0
"""Seconds by which a busy machine may be late; real time never runs ahead."""


def answered(*, right: bool) -> Any:
    """The notebook of a learner whose answers are all right, the taxi's task made plain, or all wrong."""
    guesses = [filled(line, *(good if right else bad)) for line, good, bad in GUESSES]
    seconds = filled(BLINK, right), filled(TAXI, *((0, 2, "threadpool") if right else (20, 20, "threadpool")))
    choice = filled(CHOICE, "d" if right else "a")
    repaired = MODE, MODE.replace('"w"', '"a"' if right else '"x"')
    return executed("03", *guesses, *seconds, choice, *(PLAIN if right else []), repaired)


def compared(notebook: Any, line: str) -> str:
    """What the cell of a guess shows."""
    return shown(cell_with(notebook, f"{line.split()[0]}.compare"))


def taxi_row(notebook: Any) -> tuple[float, float, str]:
    """When the taxi's response was there and when its task ended, in seconds, and where it ran."""
    pictures = compared(notebook, TAXI)
    times = re.search(r"Response at ([\d.]+) s; call_a_taxi ended at ([\d.]+) s: the client did not wait", pictures)
    assert times is not None, pictures
    (row,) = [line for line in pictures.splitlines() if line.startswith("  call_a_taxi")]
    return float(times[1]), float(times[2]), " ".join(row.split()[-2:])


@pytest.fixture(scope="module", autouse=True)
def _runs() -> None:
    side_by_side(lambda: executed("03"), lambda: answered(right=True), lambda: answered(right=False))


def test_it_shows_an_ordinary_function() -> None:
    notebook = executed("03")
    assert shown(cell_with(notebook, 'write_notification("a@example.com", message="hello")\nfile')) == (
        "'notification for a@example.com: hello'"
    )
    assert compared(notebook, "mails_guess").startswith("notification for c@example.com: your receipt\n")
    assert re.match(r"\d\.\d s\n", compared(notebook, BLINK))


def test_it_shows_that_a_coroutine_begins_when_it_is_awaited() -> None:
    notebook = executed("03")
    assert compared(notebook, "twin_guess").startswith("coroutine | notification for a@example.com: hello\n")
    assert shown(cell_with(notebook, "await called")) == "'notification for d@example.com: hello'"


def test_it_shows_where_each_kind_runs() -> None:
    rows = [line for line in compared(executed("03"), "where_guess").splitlines() if "finished" in line]
    ran = [(line.split()[0], " ".join(line.split()[-2:])) for line in rows]
    assert ran == [("write_notification", "thread pool"), ("write_notification_async", "event loop")]


def test_a_task_made_plain_moves_to_the_thread_pool_and_takes_as_long() -> None:
    for notebook, place in ((executed("03"), "event loop"), (answered(right=True), "thread pool")):
        response, ended, ran_in = taxi_row(notebook)
        assert ran_in == place
        assert response <= LATE
        assert 2.0 <= ended <= 2.0 + 2 * LATE


def test_it_asks_nothing_without_an_answer() -> None:
    notebook = executed("03")
    for line, guesses, _ in [*GUESSES, (BLINK, (True,), ()), (TAXI, (0, 2, ""), ())]:
        assert compared(notebook, line).count("you have not guessed yet") == len(guesses)
    assert "Put one of" in shown(cell_with(notebook, CHOICE))
    assert shown(cell_with(notebook, "keep_both_mails.check")).startswith("Not attempted.")


@pytest.mark.parametrize("right", [True, False])
def test_it_tells_right_answers_from_wrong_ones(right: bool) -> None:
    notebook = answered(right=right)
    for line, guesses, _ in GUESSES:
        assert compared(notebook, line).count("Right!") == (len(guesses) if right else 0)
    assert shown(cell_with(notebook, "what_makes_a_task)")).startswith("**Right.**" if right else "**Not quite.**")
    outcome = shown(cell_with(notebook, "keep_both_mails.check"))
    assert outcome.startswith("Right. ") if right else "FileExistsError" in outcome


@pytest.mark.parametrize("right", [True, False])
def test_it_tells_right_seconds_from_wrong_ones(right: bool) -> None:
    notebook = answered(right=right)
    blink = re.search(r"you guessed (\w+) and it was (\w+)\.( Right!)?", compared(notebook, BLINK))
    assert blink is not None
    assert blink[1] == str(right)
    assert bool(blink[3]) == (blink[1] == blink[2])
    taxi = compared(notebook, TAXI)
    assert f"ran in: you guessed threadpool and it was {'threadpool. Right!' if right else 'event_loop.'}" in taxi
    assert right or taxi.count(" s earlier.") == 2


def test_it_has_the_same_outputs_when_it_is_built_again() -> None:
    assert_rebuilt_alike("03")


def test_it_shows_the_lesson_s_own_text() -> None:
    assert cell_with(build.read(source_of("03")), "async def write_notification_async").source == own_text(
        task_function
    )


def test_it_gives_the_exercise_s_own_starter_and_statement() -> None:
    notebook = build.read(source_of("03"))
    exercise = exercises.task_function.keep_both_mails
    assert cell_with(notebook, MODE).source == exercise.starter.strip()
    assert any(exercise.statement.strip() in cell.source for cell in notebook.cells)
