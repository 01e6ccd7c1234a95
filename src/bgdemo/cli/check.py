"""`bgdemo check`: the verdict on a file, and again whenever it is saved."""

from pathlib import Path

from bgdemo.cli.exercises import by_name, full_name, meant
from bgdemo.cli.terminal import Failed, Screen, WrongUsage
from bgdemo.exercises import AnyExercise, all_exercises
from bgdemo.grading.judging.answers import check_here
from bgdemo.grading.judging.parts import Part, Parts, read_parts
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
    for exercise, part in answers_in(path, name):
        verdict = check_here(exercise, part)
        screen.say(f"{full_name(exercise)}: {verdict}")
        right = right and verdict.kind == "right"
    return right


def answers_in(path: Path, name: str | None) -> list[tuple[AnyExercise, Part]]:
    """The exercises that a file answers, each with its part of the file.

    Raises:
        Failed: the file cannot be read.
        WrongUsage: there are none.
    """
    if path.is_dir():
        raise WrongUsage(f"{path} is a folder. Name a file in it, or watch them all: bgdemo check --watch {path}")
    try:
        parts = read_parts(path)
    except Unreadable as error:
        raise Failed(f"{path}: {error}") from None
    if name is not None:
        (exercise, *others) = meant(name)
        if others:
            raise WrongUsage(f"{name!r} names {1 + len(others)} exercises. Name one, such as {full_name(exercise)}.")
        return [(exercise, _part(parts, exercise) or parts.whole(exercise.name))]
    every = all_exercises()
    named = {full_name(one): one for marker in parts.marked for one in by_name(marker, every)}
    found = [(one, part) for one in named.values() if (part := _part(parts, one)) is not None]
    if not found:
        known = ", ".join(parts.marked) or "none"
        raise WrongUsage(
            f"{path} does not say which exercise it answers (markers in it: {known}). Its first line should be "
            "`# bgdemo: NAME`; or name it: bgdemo check FILE --exercise NAME. `bgdemo exercises` lists them."
        )
    return found


def _part(parts: Parts, exercise: AnyExercise) -> Part | None:
    return parts.part(exercise.name, names=(full_name(exercise).rpartition(".")[2], full_name(exercise)))
