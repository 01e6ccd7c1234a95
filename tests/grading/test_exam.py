"""The teacher's own file: what it may say, and what is refused before anybody is graded by it."""

import re
import sys
from pathlib import Path

import pytest

from bgdemo.errors import GradingError
from bgdemo.exercises import AnyExercise, Verdict, all_exercises
from bgdemo.exercises.engine.exercise import Exercise
from bgdemo.exercises.engine.promises import broken, unfit
from bgdemo.grading import Question
from bgdemo.grading.judging.answers import misconception, points
from bgdemo.grading.judging.exam import load_exam, practice, refuse_unfit
from grading.conftest import EXAM, ROUTE, write_exam

EVERY = all_exercises()


def changed(**parts: object) -> Exercise:
    """The route's exercise, with something in it that is wrong."""
    own = {name: getattr(ROUTE, name) for name in Exercise.__dataclass_fields__ if not name.startswith("_")}
    return Exercise(**{**own, **parts})


def test_an_exam_names_questions_and_what_they_are_worth(tmp_path: Path) -> None:
    text = EXAM.replace("points=4)]", "points=4), exercises.add_task.three_in_order]")
    exam = load_exam(write_exam(tmp_path, text))
    assert [(question.name, question.points) for question in exam.questions] == [
        ("turn_the_route", 4),
        ("three_in_order", 1.0),
    ]
    assert exam.points == 5
    assert exam.fingerprint != load_exam(write_exam(tmp_path)).fingerprint


def test_an_exam_may_import_what_stands_beside_it(tmp_path: Path) -> None:
    (tmp_path / "own_points.py").write_text("POINTS = 7", encoding="utf-8")
    exam = load_exam(
        write_exam(tmp_path, "from own_points import POINTS\n" + EXAM.replace("points=4", "points=POINTS"))
    )
    assert exam.points == 7


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "defines no `questions`"),
        ("questions = []", "defines no `questions`"),
        ("questions = 7", "defines no `questions`"),
        ("questions = ['turn_the_route']", "has 'turn_the_route' among its questions"),
        (EXAM.replace("points=4", "points=0"), "turn_the_route of .*exam.py is worth 0 points"),
        (EXAM + "questions *= 2", "has two questions turn_the_route"),
        ("questions = 1 / 0", r"could not be loaded: ZeroDivisionError: division by zero \(.*exam.py, line 1"),
        ("raise SystemExit", "could not be loaded: SystemExit"),
    ],
)
def test_an_exam_that_is_none_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(GradingError, match=message):
        load_exam(write_exam(tmp_path, text))


def test_an_exam_that_is_no_python_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GradingError, match="cannot be read: No such file"):
        load_exam(tmp_path / "nothing.py")
    (tmp_path / "exam.txt").write_text(EXAM, encoding="utf-8")
    with pytest.raises(GradingError, match=r"has to be a Python file; exam\.txt is not one"):
        load_exam(tmp_path / "exam.txt")


def test_the_exam_that_the_teachers_guide_shows_is_fit_to_grade_by(tmp_path: Path) -> None:
    guide = (Path(__file__).parents[2] / "TEACHING.md").read_text(encoding="utf-8")
    (text,) = (block for block in re.findall(r"```python\n(.*?)```", guide, re.DOTALL) if "questions = [" in block)
    exam = load_exam(write_exam(tmp_path, text))
    refuse_unfit(exam)
    assert [broken(question.exercise) for question in exam.questions] == [[], []]


def test_practice_is_every_exercise_for_one_point() -> None:
    assert [question.exercise for question in practice().questions] == EVERY
    assert practice().points == len(EVERY)


def test_an_exercise_that_is_fit_has_nothing_said_against_it() -> None:
    assert unfit(ROUTE) == []


@pytest.mark.parametrize(
    ("exercise", "problem"),
    [
        (changed(answer=ROUTE.wrong[1][0]), "its answer is not right: Wrong. The receipt is sent twice"),
        (changed(wrong=((ROUTE.answer, "twice"),)), "a wrong answer is right; it should be told: twice"),
        (
            changed(wrong=((ROUTE.wrong[1][0], "thrice"),)),
            "should be told 'thrice', and is told: Wrong. The",
        ),
    ],
)
def test_an_exercise_that_breaks_a_promise_is_told_which(exercise: AnyExercise, problem: str) -> None:
    (found,) = broken(exercise)
    assert problem in found


def test_nobody_is_graded_by_an_exercise_whose_own_answer_is_not_right(tmp_path: Path) -> None:
    text = EXAM + (
        "from bgdemo.exercises import Exercise\n"
        "own = questions[0].exercise\n"
        "fields = {name: getattr(own, name) for name in Exercise.__dataclass_fields__ if name[0] != '_'}\n"
        "questions = [Exercise(**{**fields, 'answer': own.wrong[1][0]})]\n"
    )
    with pytest.raises(GradingError, match="turn_the_route is not fit to grade by: its answer is not right: Wrong"):
        refuse_unfit(load_exam(write_exam(tmp_path, text)))


@pytest.mark.parametrize(
    ("verdict", "passed", "worth"),
    [("right", 3, 5.0), ("wrong", 2, 3.33), ("wrong", 0, 0.0), ("raised", 2, 0.0), ("not attempted", 2, 0.0)],
)
def test_points_are_the_share_of_the_checks_that_a_wrong_answer_passes(verdict, passed: int, worth: float) -> None:
    assert points(Question(ROUTE, 5), Verdict(verdict, "", passed=passed, checks=3)) == worth


def test_an_answer_that_no_check_saw_is_worth_nothing() -> None:
    assert points(Question(ROUTE, 5), Verdict("wrong", "no app at all")) == 0.0


def test_a_misconception_is_the_wrong_answer_that_the_exercise_knows() -> None:
    assert misconception(ROUTE, Verdict("wrong", "The receipt is sent twice: ...")) == "sent twice"
    assert misconception(ROUTE, Verdict("wrong", "something else")) is None
    assert misconception(ROUTE, Verdict("right", "not sent twice")) is None


def test_loading_an_exam_leaves_nothing_in_its_folder_also_where_python_writes_bytecode(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    (tmp_path / "weights.py").write_text("POINTS = 4\n", encoding="utf-8")
    text = "from weights import POINTS\n" + EXAM.replace("points=4", "points=POINTS")
    load_exam(write_exam(tmp_path, text))
    assert not sys.dont_write_bytecode
    assert sorted(file.name for file in tmp_path.iterdir()) == ["exam.py", "weights.py"]
