"""The same questions as an nbgrader assignment, and the cell that gives its points there."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bgdemo.errors import ClientError, GradingError
from bgdemo.exercises import AnyExercise, Verdict
from bgdemo.exercises.engine.code import source_of
from bgdemo.grading.exports.handout import answer_cell, code_cell, markdown, notebook
from bgdemo.grading.judging.answers import check_loaded, points, wanted
from bgdemo.grading.judging.exam import Exam, load_exam, practice
from bgdemo.grading.judging.submitted import below_the_comment

EXAM = "exam.py"
"""The teacher's file, beside the folders of the course: it is given to no student."""

STUB = 'c.ClearSolutions.code_stub = {"python": "# Change what is below."}'
"""What nbgrader is to write where it takes a solution out: its own stub raises, and the starters run."""

CONFIG = f"""\
c = get_config()
c.CourseDirectory.course_id = "bgdemo"
{STUB}
"""

_NO_SOLUTION = "### BEGIN SOLUTION\n### END SOLUTION"
"""Without such a region nbgrader takes the whole cell for one, the starter too."""

_TEST = """\
### BEGIN HIDDEN TESTS
from bgdemo.grading import score
score({name!r}, globals(){exam})
### END HIDDEN TESTS
"""


def export(folder: Path, name: str, exam: Path | None) -> list[Path]:
    """Write an assignment: its source, without answers, in a folder of a course.

    Args:
        folder: of the course; made if it is not there.
        name: of the assignment.
        exam: the teacher's file; None for the practice exercises.

    Returns:
        The files that were written.

    Raises:
        GradingError: one is there already, or cannot be written.
    """
    questions = load_exam(exam) if exam is not None else practice()
    source = folder / "source" / name / f"{name}.ipynb"
    texts = {source: notebook(_cells(questions, own=exam is not None))}
    if not (folder / "nbgrader_config.py").exists():
        texts[folder / "nbgrader_config.py"] = CONFIG
    if exam is not None:
        texts[folder / EXAM] = exam.read_text(encoding="utf-8")
    try:
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with open(path, "x", encoding="utf-8", newline="\n") as file:
                file.write(text)
    except FileExistsError:
        raise GradingError(f"{path} is there already: give the assignment another name, or remove it.") from None
    except OSError as error:
        raise GradingError(f"{path} cannot be written: {error.strerror}.") from None
    return list(texts)


def score(name: str, answers: dict[str, Any], exam: str | None = None) -> float:
    """The points of an answer, as the last line of an nbgrader test: nbgrader takes a number for partial credit.

    Args:
        name: of the question.
        answers: the notebook's globals; what the answer has defined is taken out of them.
        exam: the teacher's file; without it, the question is one of the practice exercises.
    """
    for question in (load_exam(Path(exam)) if exam is not None else practice()).questions:
        if question.name == name:
            verdict = _verdict_of(question.exercise, answers)
            print(verdict.words)
            return points(question, verdict)
    raise LookupError(f"there is no question {name!r}")


def _verdict_of(exercise: AnyExercise, answers: dict[str, Any]) -> Verdict:
    name = wanted(exercise)
    if name not in answers:
        return Verdict("raised", f"The cell above defines no `{name}`, or raised before it did.")
    answer = answers.pop(name)  # so that the next question cannot be answered by it
    source = source_of(answer)
    try:
        return check_loaded(exercise, answer, source and below_the_comment(source))
    except ClientError as error:
        return Verdict("wrong", f"`{name}` is no app. {error}")


def _cells(exam: Exam, *, own: bool) -> Iterator[dict[str, Any]]:
    yield markdown("# Questions", _metadata("title", locked=True))
    for question in exam.questions:
        name = question.name
        yield markdown(f"## {name}\n\n{question.exercise}", _metadata(f"{name}-text", locked=True))
        yield answer_cell(question, below=_NO_SOLUTION, **_metadata(name, solution=True))
        argument = f", exam={'../../../' + EXAM!r}" if own else ""
        test = _metadata(f"{name}-test", grade=True, locked=True, points=question.points)
        yield code_cell(_TEST.format(name=name, exam=argument), test)


def _metadata(
    identity: str, *, locked: bool = False, solution: bool = False, grade: bool = False, points: float | None = None
) -> dict[str, Any]:
    own: dict[str, Any] = {"grade_id": identity, "schema_version": 3, "task": False}
    own |= {"locked": locked, "solution": solution, "grade": grade}
    return {"nbgrader": own if points is None else {**own, "points": points}}
