"""Each exercise is held to its own promises."""

import pytest

from bgdemo.exercises import Exercise, all_exercises
from bgdemo.exercises.core import run

each = pytest.mark.parametrize("exercise", all_exercises, ids=lambda exercise: exercise.name)


@each
def test_a_starter_is_not_right_yet(exercise: Exercise) -> None:
    assert exercise.check(run(exercise.starter)).verdict in ("not attempted", "wrong")


@each
def test_a_solution_is_right(exercise: Exercise) -> None:
    outcome = exercise.check(run(exercise.solution()))
    assert outcome.verdict == "right", outcome.words


@pytest.mark.parametrize(
    ("exercise", "code", "message"),
    [
        pytest.param(one, code, message, id=f"{one.name}-{message}")
        for one in all_exercises
        for code, message in one.wrong
    ],
)
def test_a_wrong_answer_gets_its_own_message(exercise: Exercise, code: str, message: str) -> None:
    outcome = exercise.check(run(code))
    assert outcome.verdict in ("wrong", "raised")
    assert message in outcome.words


@each
def test_hints_go_from_a_nudge_to_nearly_the_solution_and_then_repeat(exercise: Exercise) -> None:
    given = [exercise.hint() for _ in range(len(exercise.hints) + 1)]
    assert given == [*exercise.hints, exercise.hints[-1]]


@each
def test_an_outcome_shows_the_same_in_words_and_in_a_picture(exercise: Exercise) -> None:
    outcome = exercise.check(run(exercise.starter))
    bundle = outcome._repr_mimebundle_()
    assert outcome.words in bundle["text/plain"]
    assert bundle["image/svg+xml"].count("<svg") == 2
