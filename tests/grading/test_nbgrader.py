"""nbgrader gives the points that `bgdemo grade` gives, on the assignment that `bgdemo export nbgrader` writes."""

import csv
import json
from pathlib import Path

import pytest

from bgdemo.errors import GradingError
from bgdemo.grading.exports.nbgrader import CONFIG, export, score
from bgdemo.grading.judging.exam import Exam, load_exam
from bgdemo.grading.judging.grade import Graded
from grading.conftest import EXAM, ROUTE, graded, write_exam
from grading.nbgrading import ASSIGNMENT, released, run, submit
from grading.test_grading import FIVE

pytestmark = [pytest.mark.timeout(600), pytest.mark.long]


@pytest.fixture(scope="module")
def exam(tmp_path_factory: pytest.TempPathFactory) -> Exam:
    return load_exam(write_exam(tmp_path_factory.mktemp("exam"), FIVE))


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory, exam: Exam) -> Path:
    """A course whose assignment was given out, handed in by four, and graded by nbgrader."""
    folder = tmp_path_factory.mktemp("course")
    (folder / "own").mkdir()
    export(folder, ASSIGNMENT, write_exam(folder / "own", FIVE))
    run(folder, "generate_assignment", ASSIGNMENT, "--create")
    submit(folder, "right", exam, lambda question: question.exercise.answer)
    submit(folder, "wrong", exam, lambda question: question.exercise.wrong[1][0])
    submit(folder, "raises", exam, lambda question: "1 / 0")
    for cell in (notebook := released(folder))["cells"]:
        assert cell["metadata"]["nbgrader"]["grade_id"]
    path = folder / "submitted" / "starter" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(notebook), encoding="utf-8")
    run(folder, "autograde", ASSIGNMENT, "--create")
    run(folder, "export")
    return folder


@pytest.fixture(scope="module")
def ours(course: Path, tmp_path_factory: pytest.TempPathFactory) -> Graded:
    """The same submissions, graded by `bgdemo grade`."""
    return graded(tmp_path_factory.mktemp("ours"), course / "submitted", exam=FIVE)


@pytest.mark.parametrize("student", ["right", "wrong", "raises", "starter"])
def test_the_scores_agree(course: Path, ours: Graded, student: str) -> None:
    with open(course / "grades.csv", encoding="utf-8") as file:
        theirs = {row["student_id"]: (float(row["score"]), float(row["max_score"])) for row in csv.DictReader(file)}
    (row,) = (row for row in ours.rows if row.file == student)
    assert theirs[student] == (row.points, sum(score.out_of for score in row.scores))


def test_the_scores_are_not_all_the_same(ours: Graded) -> None:
    points = {row.file: row.points for row in ours.rows}
    assert points["right"] == 20
    assert 0 < points["wrong"] < 20
    assert points["raises"] == points["starter"] == 0


def test_students_get_the_starters_and_neither_answers_nor_checks(course: Path, exam: Exam) -> None:
    sources = ["".join(cell["source"]) for cell in released(course)["cells"]]
    for question in exam.questions:
        starter = f"# bgdemo: {question.name}\n# Change what is below.\n{question.exercise.starter.strip()}"
        assert starter in sources
        assert question.exercise.answer.strip() not in "\n".join(sources)
    assert "score(" not in "\n".join(sources)
    assert [path.name for path in (course / "release" / ASSIGNMENT).iterdir()] == [f"{ASSIGNMENT}.ipynb"]


def test_an_assignment_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "course").mkdir()
    (tmp_path / "course" / "nbgrader_config.py").write_text("mine", encoding="utf-8")
    written = export(tmp_path / "course", "one", None)
    assert [path.name for path in written] == ["one.ipynb"]
    with pytest.raises(GradingError, match=r"one\.ipynb is there already: give the assignment another name"):
        export(tmp_path / "course", "one", None)
    assert (tmp_path / "course" / "nbgrader_config.py").read_text(encoding="utf-8") == "mine"
    assert CONFIG.startswith("c = get_config()")


def test_an_answer_that_is_not_there_is_worth_nothing_and_is_not_taken_from_another_question(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(write_exam(tmp_path, EXAM))
    answers = {"app": ROUTE}
    assert score("turn_the_route", answers, path) == 0
    assert "`app` is no app" in capsys.readouterr().out
    assert answers == {}
    assert score("turn_the_route", answers, path) == 0
    assert "defines no `app`" in capsys.readouterr().out
    with pytest.raises(LookupError, match="there is no question 'another'"):
        score("another", {}, path)
