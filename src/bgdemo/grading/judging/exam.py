"""The teacher's own file: questions, and what each is worth."""

import hashlib
import importlib.util
import math
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bgdemo.errors import GradingError
from bgdemo.exercises import AnyExercise, all_exercises
from bgdemo.exercises.engine.promises import unfit
from bgdemo.record.own_code import blame


@dataclass(frozen=True, slots=True)
class ExamQuestion:
    """An exercise that is worth something; in a teacher's file it is called Question."""

    exercise: AnyExercise
    """From the library, or the teacher's own."""
    points: float = 1.0
    """For a right answer; a wrong one has the share of the checks that it passes."""

    @property
    def name(self) -> str:
        """As the marker of an answer gives it."""
        return self.exercise.name

    @property
    def names(self) -> tuple[str, ...]:
        """What a marker may call it: with the subject, too."""
        return self.name, f"{self.exercise.subject}.{self.name}"


@dataclass(frozen=True, slots=True)
class Exam:
    """All questions, in their order."""

    questions: tuple[ExamQuestion, ...]
    fingerprint: str
    """Changes when the file does."""

    @property
    def points(self) -> float:
        """For right answers to all."""
        return sum(question.points for question in self.questions)


def load_exam(path: Path) -> Exam:
    """Read an exam: a Python file that defines `questions`, a list of Question(exercise, points) or of exercises.

    Raises:
        GradingError: it cannot be read, it raises, or what it defines is no such list.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise GradingError(f"The exam {path} cannot be read: {error.strerror}.") from None
    spec = importlib.util.spec_from_file_location("exam", path)
    if spec is None or spec.loader is None:
        raise GradingError(f"The exam has to be a Python file; {path.name} is not one.")
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.absolute().parent))  # for what it imports from beside it
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # nothing of ours is left in the teacher's folder
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise GradingError(f"The exam {path} could not be loaded: {blame(error)}") from error
    finally:
        sys.dont_write_bytecode = before
        sys.path.remove(str(path.absolute().parent))
    return Exam(_questions(getattr(module, "questions", None), path), hashlib.sha256(content).hexdigest())


def practice() -> Exam:
    """Every exercise of the library, for one point each."""
    return Exam(tuple(ExamQuestion(exercise) for exercise in all_exercises()), "practice")


def refuse_unfit(exam: Exam) -> None:
    """Run every exercise's own starter and answer.

    Raises:
        GradingError: one is not judged as it should be: nobody else can be.
    """
    for question in exam.questions:
        problems = unfit(question.exercise)
        if problems:
            raise GradingError(f"The question {question.name} is not fit to grade by: {'; '.join(problems)}.")


def _questions(found: Any, path: Path) -> tuple[ExamQuestion, ...]:
    if not isinstance(found, (list, tuple)) or not found:
        raise GradingError(f"The exam {path} defines no `questions`: a list of Question(exercise, points=...).")
    questions = tuple(ExamQuestion(each) if isinstance(each, AnyExercise) else each for each in found)
    for question in questions:
        if not isinstance(question, ExamQuestion) or not isinstance(question.exercise, AnyExercise):
            raise GradingError(
                f"The exam {path} has {question!r:.80} among its questions: Question(exercise, points=...)"
            )
        if not 0 < question.points < math.inf:
            raise GradingError(f"The question {question.name} of {path} is worth {question.points} points.")
    names = [question.name for question in questions]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise GradingError(f"The exam {path} has two questions {', '.join(twice)}: names have to differ.")
    return questions
