"""`bgdemo check`: the verdict on a file, and again whenever it is saved."""

from pathlib import Path

from bgdemo.cli.exercises import by_name, full_name, meant
from bgdemo.cli.terminal import Failed, Screen, WrongUsage
from bgdemo.exercises import AnyExercise, all_exercises
from bgdemo.grading.judging.answers import check_here
from bgdemo.grading.judging.submitted import SubmittedAnswer, SubmittedFile, read_answers
from bgdemo.grading.judging.texts import Unreadable


def run(path: Path, name: str | None) -> bool:
    """Check every part of a file that answers an exercise; True if all are right.

    Args:
        path: a Python file or a notebook.
        name: the exercise that the whole file answers; None leaves it to the markers in it.

    Raises:
        Failed: the file cannot be read.
        WrongUsage: it answers no exercise that is known.
    """
    screen = Screen()
    right = True
    for exercise, answer in answers_in(path, name):
        verdict = check_here(exercise, answer)
        screen.say(f"{full_name(exercise)}: {verdict}")
        right = right and verdict.kind == "right"
    return right


def answers_in(path: Path, name: str | None) -> list[tuple[AnyExercise, SubmittedAnswer]]:
    """The exercises that a file answers, each with its part of the file.

    Raises:
        Failed: the file cannot be read.
        WrongUsage: there are none.
    """
    if path.is_dir():
        raise WrongUsage(f"{path} is a folder. Name a file in it, or watch them all: bgdemo check --watch {path}")
    try:
        file = read_answers(path)
    except Unreadable as error:
        raise Failed(f"{path}: {error}") from None
    if name is not None:
        (exercise, *others) = meant(name)
        if others:
            raise WrongUsage(f"{name!r} names {1 + len(others)} exercises. Name one, such as {full_name(exercise)}.")
        return [(exercise, _answer_to(file, exercise) or file.whole(exercise.name))]
    every = all_exercises()
    named = {full_name(one): one for marker in file.marked for one in by_name(marker, every)}
    found = [(one, answer) for one in named.values() if (answer := _answer_to(file, one)) is not None]
    if not found:
        known = ", ".join(file.marked) or "none"
        raise WrongUsage(
            f"{path} does not say which exercise it answers (markers in it: {known}). Its first line should be "
            "`# bgdemo: NAME`; or name it: bgdemo check FILE --exercise NAME. `bgdemo exercises` lists them."
        )
    return found


def _answer_to(file: SubmittedFile, exercise: AnyExercise) -> SubmittedAnswer | None:
    return file.answer(exercise.name, names=(full_name(exercise).rpartition(".")[2], full_name(exercise)))
