"""Notebook 07, Testing: it shows what it claims, and answers what it asks."""

from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient as StockClient

from bgdemo import TestClient, exercises
from bgdemo.lessons import orders
from bgdemo.questions.testing import which_client
from course import assert_rebuilt_alike, build, cell_with, executed, filled, own_text, shown, side_by_side, source_of
from servers import serve

pytestmark = pytest.mark.long

TEA = {"item": "tea", "email": "li@example.com"}
GUESSES = [
    ("first_guess = predict(after_post=..., after_block=...)", (0, 2), (2, 4)),
    ("second_guess = predict(stock=..., real_client=...)", (2, 0), (0, 2)),
    ("third_guess = predict(stock_client=..., our_client=...)", ("no response", 200), (200, 500)),
]
"""As in the notebook; the right guesses, and wrong ones."""

CHOICE = "choose(..., which_client)"
CLAIM = 'assertions.assert_added(timeline, "send_receipt")'
BETTER = (
    'assertions.assert_added(timeline, "send_receipt", args=["li@example.com"], times=1); '
    "assertions.assert_response_within(timeline, 0.5)"
)


def answered(*, right: bool) -> Any:
    """The notebook of a learner whose answers are all right, or all wrong."""
    guesses = [filled(line, *(good if right else bad)) for line, good, bad in GUESSES]
    choice = filled(CHOICE, "b" if right else "c")
    return executed("07", *guesses, choice, (CLAIM, BETTER if right else CLAIM.replace(")", ", times=1)")))


def compared(notebook: Any, line: str) -> str:
    """What the cell of a guess shows."""
    return shown(cell_with(notebook, f"{line.split()[0]}.compare"))


@pytest.fixture(scope="module", autouse=True)
def _runs() -> None:
    side_by_side(lambda: executed("07"), lambda: answered(right=True), lambda: answered(right=False))


def test_the_block_waits_for_the_task_and_the_post_does_not() -> None:
    words = compared(executed("07"), GUESSES[0][0])
    assert "Response at 0.0 s; send_receipt ended at 2.0 s: the client did not wait." in words
    with TestClient(orders.app, clock="simulated") as client:
        client.post("/orders", params=TEA)
        assert client.clock.time() == 0.0
    assert client.clock.time() == 2.0


def test_its_tests_pass_and_fail_as_it_says() -> None:
    notebook = executed("07")
    assert shown(cell_with(notebook, 'run_pytest("test_orders.py")')).endswith("[100%]\n1 passed\n")
    failed = shown(cell_with(notebook, 'run_pytest("test_claims.py")'))
    assert failed.endswith("1 failed, 1 passed\n")
    assert "FAILED test_claims.py::test_the_receipt_names_the_item" in failed
    assert "E     argument 2: expected 'tea', and it was given, as keyword item: 'tea'" in failed
    assert "E   →   send_receipt" in failed


def test_the_stock_client_waits_and_raises_and_ours_and_a_server_do_not() -> None:
    notebook = executed("07")
    assert "The stock client raised ValueError('nobody is no address')" in compared(notebook, GUESSES[2][0])
    told = shown(cell_with(notebook, "bad_order.drain()"))
    assert "drain() raised ValueError('nobody is no address')" in told
    assert "the client\nalready had its response" in told
    with pytest.raises(ValueError, match="is no address"):
        StockClient(orders.app).post("/orders", params={**TEA, "email": "nobody"})
    with serve(orders.app) as server:
        assert httpx.post(f"{server.url}/orders", params={**TEA, "email": "nobody"}).status_code == 200
        server.wait()
        assert server.recorder.timeline.tasks[0].status == "failed"


def test_it_asks_nothing_without_an_answer() -> None:
    notebook = executed("07")
    for line, guesses, _ in GUESSES:
        assert compared(notebook, line).count("you have not guessed yet") == len(guesses)
    assert "Put one of" in shown(cell_with(notebook, CHOICE))
    assert shown(cell_with(notebook, "catch_what_is_broken.check")).startswith("Not attempted.")


@pytest.mark.parametrize("right", [True, False])
def test_every_answer_gets_its_verdict(right: bool) -> None:
    notebook = answered(right=right)
    for line, guesses, _ in GUESSES:
        assert compared(notebook, line).count("Right!") == (len(guesses) if right else 0)
    assert shown(cell_with(notebook, "which_client)")).startswith("**Right.**" if right else "**Not quite.**")
    verdict = shown(cell_with(notebook, "catch_what_is_broken.check"))
    assert verdict.startswith("Right." if right else "Wrong. Your test passes")


def test_every_choice_has_an_answer_of_its_own() -> None:
    assert len({answer for _, answer in which_client.choices.values()}) == len(which_client.choices) == 4


def test_it_has_the_same_outputs_when_it_is_built_again() -> None:
    assert_rebuilt_alike("07")


def test_it_shows_the_lesson_s_and_the_exercise_s_own_texts() -> None:
    notebook = build.read(source_of("07"))
    assert cell_with(notebook, "def send_receipt").source == own_text(orders)
    exercise = exercises.testing.catch_what_is_broken
    assert cell_with(notebook, "def test(client)").source == exercise.starter.strip()
    assert any(exercise.statement.strip() in cell.source for cell in notebook.cells)
