"""What an answer has to define, what it is told, and what it is worth, wherever it was run."""

from typing import Any

from bgdemo.errors import ClientError
from bgdemo.exercises import AnyExercise, Exercise, PredictARun, Verdict, WriteATest
from bgdemo.exercises.engine import trial
from bgdemo.exercises.engine.code import load, load_as
from bgdemo.exercises.engine.exercise import told
from bgdemo.grading.judging.exam import ExamQuestion
from bgdemo.grading.judging.submitted import SubmittedAnswer


def check_here(exercise: AnyExercise, answer: SubmittedAnswer) -> Verdict:
    """Run an answer in this very process, and judge it.

    Args:
        exercise: what is asked.
        answer: the answer; code at its top level that never ends is not stopped.
    """
    try:
        return check_loaded(exercise, load_as(wanted(exercise), answer.chunks), answer.source)
    except (Exception, SystemExit) as error:
        return not_loaded(error, answer)


def check_loaded(exercise: AnyExercise, loaded: Any, source: str | None) -> Verdict:
    """Judge what an answer has defined.

    Args:
        exercise: what is asked.
        loaded: the app, the prediction, or the test.
        source: the text of the answer, without its marker.

    Raises:
        ClientError: it is no app.
    """
    if isinstance(exercise, Exercise):
        return exercise.judge(trial.run(loaded, exercise.scenario), source)
    if isinstance(exercise, WriteATest) and callable(loaded):
        return exercise.judge(lambda code: trial.run(load(code), loaded), source)
    return exercise.check(loaded)


def wanted(exercise: AnyExercise) -> str:
    """The name that an answer to an exercise has to define."""
    match exercise:
        case PredictARun():
            return "prediction"
        case WriteATest():
            return "test"
    return "app"


def not_loaded(error: BaseException, answer: SubmittedAnswer) -> Verdict:
    """The verdict for an answer that raised before it was asked anything.

    Args:
        error: what it raised.
        answer: the answer.
    """
    if isinstance(error, ClientError):
        return Verdict("wrong", f"`app` is no app. {error}")
    message = told(error)
    if isinstance(error, ModuleNotFoundError):
        message += ": it is not installed here."
    elif isinstance(error, NameError) and any(chunk.is_cell for chunk in answer.chunks):
        message += (
            f". Only cells that begin with `# bgdemo: {answer.name}`, and those before the first such line, are run."
        )
    return Verdict("raised", message)


def points(question: ExamQuestion, verdict: Verdict) -> float:
    """All for a right answer, the share of the checks that it passes for a wrong one, nothing for any other."""
    if verdict.kind == "right":
        return float(question.points)
    if verdict.kind == "wrong" and verdict.checks:
        return round(question.points * verdict.passed / verdict.checks, 2)
    return 0.0


def misconception(exercise: AnyExercise, verdict: Verdict) -> str | None:
    """Which of the wrong answers that an exercise knows this is, in the words that tell it."""
    if verdict.kind not in ("wrong", "raised"):
        return None
    known = [message for _, message in exercise.wrong if message in verdict.words]
    return max(known, key=len, default=None)
