"""Notebook 02, The parameter: it shows what it claims, and answers what it asks."""

from typing import Any

import pytest

from bgdemo import exercises
from bgdemo.lessons import parameter, parameter_renamed
from course import assert_rebuilt_alike, build, cell_with, executed, filled, own_text, shown, source_of

GUESSES = [
    ("listed_guess = predict(listed=...)", (1,), (2,)),
    ("status_guess = predict(with_email=..., without_email=...)", (200, 422), (204, 500)),
    ("name_guess = predict(it_runs=...)", (True,), (False,)),
    ("untyped_guess = predict(same=..., with_later=...)", (422, 500), (200, 422)),
    (
        "start_guess = predict(nullable=..., singular=..., depends=..., defaulted=..., noted=...)",
        (False, False, False, True, True),
        (True, True, True, False, False),
    ),
]
"""As in the notebook; the right guesses, and wrong ones."""

CHOICE = "choose(..., how_it_is_found)"
LINE = "# background_tasks.add_task(send_receipt, email)"
ADDED = [(LINE, LINE[2:]), ("buy(email: str):", "buy(email: str, background_tasks: BackgroundTasks):")]
NOT_TYPED = [(LINE, LINE[2:]), ("buy(email: str):", "buy(email: str, background_tasks):")]
LOST = "background_tasks=BackgroundTasks()"


def answered(*, right: bool) -> Any:
    """The notebook of a learner whose answers are all right, or all wrong."""
    guesses = [filled(line, *(good if right else bad)) for line, good, bad in GUESSES]
    choice = filled(CHOICE, "a" if right else "c")
    mended = LOST, "background_tasks: BackgroundTasks" if right else "background_tasks"
    return executed("02", *guesses, choice, *(ADDED if right else NOT_TYPED), mended)


def compared(notebook: Any, line: str) -> str:
    """What the cell of a guess shows."""
    return shown(cell_with(notebook, f"{line.split()[0]}.compare"))


def test_it_shows_what_a_client_may_send_and_what_it_gets() -> None:
    notebook = executed("02")
    assert compared(notebook, "listed_guess").startswith("[('email', 'in', 'query')]\n")
    requests = [line for line in compared(notebook, "status_guess").splitlines() if line.startswith("POST /send_info")]
    assert [next(word for word in line.split() if word.isdigit()) for line in requests] == ["200", "422"]
    assert "no task was added" in compared(notebook, "status_guess")
    read = shown(cell_with(notebook, "answered.text"))
    assert read.startswith("('null',")
    assert "'loc': ['query', 'email']" in read


def test_it_shows_that_the_type_matters_and_not_the_name() -> None:
    notebook = executed("02")
    renamed = compared(notebook, "name_guess")
    assert "write_notification" in renamed
    assert "printed: notification for a@example.com" in renamed
    untyped = compared(notebook, "untyped_guess")
    requests = [line for line in untyped.splitlines() if line.startswith("POST /untyped")]
    assert [next(word for word in line.split() if word.isdigit()) for line in requests] == ["422", "500"]
    assert "'str' object has no attribute 'add_task'" in untyped


def test_it_shows_which_signatures_start() -> None:
    printed = compared(executed("02"), "start_guess").splitlines()
    refused = [line.partition(":")[0] for line in printed if "Invalid args for response field!" in line]
    assert refused == ["nullable", "singular", "depends"]


def test_it_shows_that_the_two_that_start_run_their_tasks() -> None:
    ran = shown(cell_with(executed("02"), 'client.post("/defaulted")'))
    assert [line.split()[1] for line in ran.splitlines() if line.startswith("POST")] == ["/defaulted", "/noted"]
    assert ran.count("printed: notification for a@example.com") == 2
    assert ran.count("finished") == 2


def test_it_asks_nothing_without_an_answer() -> None:
    notebook = executed("02")
    for line, guesses, _ in GUESSES:
        assert compared(notebook, line).count("you have not guessed yet") == len(guesses)
    assert "Put one of" in shown(cell_with(notebook, CHOICE))
    for name in ("add_the_parameter", "mend_the_annotation"):
        assert shown(cell_with(notebook, f"parameter.{name}.check")).startswith("Not attempted.")


@pytest.mark.parametrize("right", [True, False])
def test_it_tells_right_answers_from_wrong_ones(right: bool) -> None:
    notebook = answered(right=right)
    for line, guesses, _ in GUESSES:
        assert compared(notebook, line).count("Right!") == (len(guesses) if right else 0)
    assert shown(cell_with(notebook, "how_it_is_found)")).startswith("**Right.**" if right else "**Not quite.**")
    for name in ("add_the_parameter", "mend_the_annotation"):
        outcome = shown(cell_with(notebook, f"parameter.{name}.check"))
        expected = "Right. " if right else "Wrong. The client is asked for 'background_tasks', in its query"
        assert outcome.startswith(expected)


def test_it_has_the_same_outputs_when_it_is_built_again() -> None:
    assert_rebuilt_alike("02")


def test_it_shows_the_lessons_own_text() -> None:
    notebook = build.read(source_of("02"))
    assert cell_with(notebook, "    pass").source == own_text(parameter)
    assert cell_with(notebook, "def write_notification").source == own_text(parameter_renamed)


@pytest.mark.parametrize(("name", "words"), [("add_the_parameter", LINE), ("mend_the_annotation", LOST)])
def test_it_gives_the_exercises_own_starter_and_statement(name: str, words: str) -> None:
    notebook = build.read(source_of("02"))
    exercise = getattr(exercises.parameter, name)
    assert cell_with(notebook, words).source == exercise.starter.strip()
    assert any(exercise.statement.strip() in cell.source for cell in notebook.cells)
