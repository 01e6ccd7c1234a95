"""Notebook 00, Does the client wait?: it shows what it claims, and answers what it asks."""

import re
from typing import Any

import pytest

from bgdemo.exercises.library.add_task.turn_the_route import exercise
from bgdemo.lessons import who_waits
from course import (
    assert_rebuilt_alike,
    build,
    cell_with,
    code_cells,
    executed,
    filled,
    own_text,
    shown,
    side_by_side,
    source_of,
)


def seconds(pattern: str, text: str) -> list[float]:
    """The numbers that the first match of a pattern has."""
    found = re.search(pattern, text)
    assert found is not None, text
    return [float(number) for number in found.groups()]


pytestmark = pytest.mark.long

LATE = 2.0
"""Seconds by which a busy machine may be late; real time never runs ahead."""

GUESSES = [
    ("guess = predict(waiting=..., background=...)", (7, 0), (0, 7)),
    ("second_guess = predict(response=..., task_end=...)", (0, 2), (2, 4.5)),
]
"""As in the notebook; the right guesses where the waits were changed to 1 s and 1 s, and wrong ones."""


def answered(*, right: bool) -> Any:
    """The notebook of a learner whose answers are all right, or all wrong."""
    guesses = [filled(line, *(good if right else bad)) for line, good, bad in GUESSES]
    call = "    send_receipt(email)\n    return"
    added = call.replace("send_receipt(email)", "background_tasks.add_task(send_receipt, email)")
    answers = filled("choose(..., who_waited)", "b" if right else "a"), ("before, after = 5, 2", "before, after = 1, 1")
    turned = call, added if right else call.replace("    send_receipt(email)\n", "")
    return executed("00", *guesses, *answers, turned)


@pytest.fixture(scope="module", autouse=True)
def _runs() -> None:
    side_by_side(lambda: executed("00"), lambda: answered(right=True), lambda: answered(right=False))


def test_it_shows_what_it_claims() -> None:
    notebook = executed("00")
    waited = r"Response at ([\d.]+) s: the client waited ([\d.]+) s; no task was added\."
    assert all(7.0 <= each <= 7.0 + LATE for each in seconds(waited, shown(cell_with(notebook, "(waiting)"))))
    first_look, second_look = [cell for cell in code_cells(notebook) if "file.read_text" in cell.source]
    assert "not there yet" in shown(first_look)
    for name, words in (("write_notification", "watch(client_2"), ("send_mail", "client_3.post")):
        did_not_wait = rf"Response at ([\d.]+) s; {name} ended at ([\d.]+) s"
        response, ended = seconds(did_not_wait, shown(cell_with(notebook, words)))
        assert response <= LATE
        assert 7.0 <= ended <= 7.0 + 2 * LATE
    assert "notification for a@example.com: some notification" in shown(second_look)
    assert shown(cell_with(notebook, "turn_the_route.check")).startswith("Not attempted.")


def test_it_asks_nothing_without_an_answer() -> None:
    notebook = executed("00")
    assert shown(cell_with(notebook, "guess.compare(waiting")).count("you have not guessed yet") == 2
    assert shown(cell_with(notebook, "second_guess.compare")).count("you have not guessed yet") == 2
    assert "Put one of" in shown(cell_with(notebook, "choose("))


def test_it_has_the_same_outputs_when_it_is_built_again() -> None:
    assert_rebuilt_alike("00")


def test_it_shows_the_lesson_s_own_text() -> None:
    assert cell_with(build.read(source_of("00")), "waiting = FastAPI()").source == own_text(who_waits)


def test_it_gives_the_exercise_s_own_starter_and_statement() -> None:
    notebook = build.read(source_of("00"))
    assert cell_with(notebook, "def send_receipt").source == exercise.starter.strip()
    assert any(exercise.statement.strip() in cell.source for cell in notebook.cells)


@pytest.mark.parametrize("right", [True, False])
def test_every_answer_gets_its_verdict(right: bool) -> None:
    notebook = answered(right=right)
    first = shown(cell_with(notebook, "guess.compare(waiting"))
    second = shown(cell_with(notebook, "second_guess.compare"))
    if right:
        assert (first.count("Right!"), second.count("Right!")) == (2, 2)
    else:
        assert "waiting: you guessed 0 s and it was 7.0 s" in first
        assert "Right!" not in first + second
    assert shown(cell_with(notebook, "who_waited)")).startswith("**Right.**" if right else "**Not quite.**")
    verdict = shown(cell_with(notebook, "turn_the_route.check"))
    assert verdict.startswith("Right." if right else "Wrong. The client does not wait, but nobody sends")
