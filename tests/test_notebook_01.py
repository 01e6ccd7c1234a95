"""Notebook 01, Where background work belongs: it shows what it claims, and answers what it asks."""

from types import ModuleType
from typing import Any

import pytest

from bgdemo import TestClient
from bgdemo.lessons import payment, purchase, tickets, upload
from course import (
    assert_rebuilt_alike,
    build,
    cell_with,
    code_cells,
    executed,
    filled,
    own_text,
    shown,
    source_of,
    tags,
)

GUESSES = [
    ("ticket_guess = predict(waiting=..., background=...)", (6, 0), (2, 6)),
    ("purchase_guess = predict(waiting=..., background=...)", (15, 0), (3, 15)),
    ("upload_guess = predict(waiting=..., background=..., bytes_read=...)", (5, 0, 2000), (0, 5, 0)),
    ("pay_guess = predict(waiting=..., background=...)", (402, 200), (200, 402)),
]
"""As in the notebook; the right numbers, and wrong ones."""

CHOICES = [
    ("choose(..., use_cases.before_the_ticket)", "b", "a"),
    ("choose(..., use_cases.mails_in_the_background)", "c", "b"),
    ("choose(..., use_cases.file_received)", "b", "a"),
    ("choose(..., use_cases.answer_at_once)", "d", "a"),
    ("choose(..., use_cases.belongs_in_the_background)", "a", "b"),
]
"""As in the notebook; the right letter, and a wrong one."""


def answered(*, right: bool) -> Any:
    """The notebook of a learner whose answers are all right, or all wrong, and who let five customers buy."""
    guesses = [filled(line, *(good if right else bad)) for line, good, bad in GUESSES]
    choices = [filled(line, good if right else bad) for line, good, bad in CHOICES]
    return executed("01", ("customers = 2", "customers = 5"), *guesses, *choices)


def compared(notebook: Any, line: str) -> str:
    """What the cell of a guess shows."""
    return shown(cell_with(notebook, f"{line.split()[0]}.compare"))


def test_it_shows_what_the_client_gains() -> None:
    notebook = executed("01")
    for name, waited, tasks in (
        ("ticket_guess", "6.0", "3 tasks ended, the last at 6.0 s"),
        ("purchase_guess", "6.0", "2 tasks ended, the last at 6.0 s"),
        ("upload_guess", "5.0", "process_again ended at 5.0 s"),
    ):
        pictures = compared(notebook, name)
        assert f"Response at {waited} s: the client waited {waited} s; no task was added." in pictures
        assert f"Response at 0.0 s; {tasks}: the client did not wait." in pictures
        assert pictures.count("(simulated)") == 2
    assert compared(notebook, "upload_guess").startswith("2000 bytes received\n")


def test_with_five_customers_only_the_client_that_waits_waits_longer() -> None:
    pictures = compared(answered(right=True), "purchase_guess")
    assert "Response at 15.0 s: the client waited 15.0 s" in pictures
    assert "Response at 0.0 s; 5 tasks ended, the last at 15.0 s: the client did not wait." in pictures


def test_it_shows_that_the_bank_s_no_comes_after_the_thanks() -> None:
    pictures = compared(executed("01"), "pay_guess")
    told, thanked = (line for line in pictures.splitlines() if line.startswith("POST"))
    assert (told.split()[1], told.split()[-4:]) == ("/pay/waiting", ["402", "at", "3.0", "s"])
    assert (thanked.split()[1], thanked.split()[-4:]) == ("/pay", ["200", "at", "3.0", "s"])
    assert "charge ended at 6.0 s" in pictures
    assert "printed: declined" in pictures


def test_a_card_that_the_bank_accepts_gets_its_thanks_from_both() -> None:
    with TestClient(payment.app, clock="simulated") as client:
        told = client.post("/pay/waiting", params={"card": "mine"})
        thanked = client.post("/pay", params={"card": "mine"})
        (task,) = client.drain().tasks
    assert told.json() == thanked.json() == {"message": "Thank you!"}
    assert (task.printed, task.started, task.ended) == ("accepted\n", 3.0, 6.0)


def test_it_asks_nothing_without_an_answer() -> None:
    notebook = executed("01")
    for line, numbers, _ in GUESSES:
        assert compared(notebook, line).count("you have not guessed yet") == len(numbers)
    for line, _, _ in CHOICES:
        assert "Put one of" in shown(cell_with(notebook, line))


@pytest.mark.parametrize("right", [True, False])
def test_it_tells_right_answers_from_wrong_ones(right: bool) -> None:
    notebook = answered(right=right)
    for line, numbers, _ in GUESSES:
        assert compared(notebook, line).count("Right!") == (len(numbers) if right else 0)
    for line, _, _ in CHOICES:
        answer = shown(cell_with(notebook, line.partition(", ")[2]))
        assert answer.startswith("**Right.**" if right else "**Not quite.**")


def test_it_has_the_same_outputs_when_it_is_built_again() -> None:
    assert_rebuilt_alike("01")


@pytest.mark.parametrize(
    ("lesson", "words"),
    [(tickets, "PLATFORMS ="), (purchase, "def send_mail"), (upload, "def process_again"), (payment, "def charge")],
)
def test_it_shows_the_lessons_own_text_folded(lesson: ModuleType, words: str) -> None:
    cell = cell_with(build.read(source_of("01")), words)
    assert cell.source == own_text(lesson)
    assert cell.metadata["jupyter"] == {"source_hidden": True}


def test_it_folds_the_apps_alone() -> None:
    for cell in code_cells(build.read(source_of("01"))):
        assert ("jupyter" in cell.metadata) == bool({"app", "colab"} & set(tags(cell)))
