"""`bgdemo exercises`: list them, begin one in a file of your own, run their self-test."""

from collections.abc import Iterable
from pathlib import Path

from bgdemo.cli.terminal import Failed, Screen, WrongUsage, plural
from bgdemo.display.words import shorten
from bgdemo.exercises import AnyExercise, all_exercises
from bgdemo.exercises.engine.promises import broken
from bgdemo.grading.exports.handout import starter_file
from bgdemo.grading.judging.exam import load_exam

SEED = "@"
"""Between a name and a seed."""


def list_all() -> None:
    """Every exercise with its subject, its level, and how its statement begins."""
    screen = Screen()
    subject = ""
    for exercise in all_exercises():
        if exercise.subject != subject:
            subject = exercise.subject
            screen.say(f"\n{subject}")
        first = " ".join(exercise.statement.split())
        screen.say(f"  {exercise.name:26} {exercise.level:9} {shorten(first, 70)}")
    screen.say("\nBegin one: bgdemo exercises start NAME. Check it: bgdemo check FILE.")


def start(name: str, folder: Path, seed: int | None) -> None:
    """Write starters into a folder; what is there is left alone.

    Args:
        name: an exercise, with or without its subject, or a subject for all of its exercises.
        folder: made if it is not there.
        seed: for other names and numbers; None leaves them as they are.

    Raises:
        WrongUsage: nothing goes by that name.
        Failed: the folder cannot be written.
    """
    screen = Screen()
    for exercise in meant(name if seed is None else f"{name}{SEED}{seed}"):
        path = folder / f"{exercise.name}.py"
        text = starter_file(exercise, full_name(exercise), then=f"Check it: bgdemo check {path.name}")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with open(path, "x", encoding="utf-8", newline="\n") as file:
                file.write(text)
        except FileExistsError:
            screen.say(f"{path} is there already, and stays as it is.")
        except OSError as error:
            raise Failed(f"{path} cannot be written: {error.strerror}.") from error
        else:
            screen.say(f"{path}")


def verify(name: str | None, exam: Path | None) -> bool:
    """Run the self-test of exercises; True if all keep what they promise.

    Args:
        name: an exercise or a subject; None for all.
        exam: a teacher's file, whose exercises are tested instead of the library's.
    """
    screen = Screen()
    exercises = [question.exercise for question in load_exam(exam).questions] if exam is not None else all_exercises()
    failures = 0
    for exercise in exercises if name is None else meant(name, exercises):
        problems = broken(exercise)
        failures += bool(problems)
        screen.say(f"{full_name(exercise)}: {'ok' if not problems else 'broken'}")
        for problem in problems:
            screen.say(f"  {problem}")
    if failures:
        screen.say(f"\n{plural(failures, 'exercise')} broken.")
    return not failures


def meant(name: str, among: list[AnyExercise] | None = None) -> list[AnyExercise]:
    """The exercises that go by a name: its own, with its subject before it, or that of a subject; with a seed after it.

    Raises:
        WrongUsage: none.
    """
    every = all_exercises() if among is None else among
    called, _, seed = name.partition(SEED)
    found = by_name(name, every) or [_variant(one, seed) for one in every if called == one.subject]
    if not found:
        names = "\n".join(f"  {full_name(one)}" for one in every)
        raise WrongUsage(f"There is no exercise {name!r}. There are:\n{names}")
    return found


def by_name(name: str, among: Iterable[AnyExercise]) -> list[AnyExercise]:
    """The exercise of that name, with or without its subject before it, with a seed after it; or none."""
    called, _, seed = name.partition(SEED)
    return [_variant(one, seed) for one in among if called in (one.name, full_name(one))]


def _variant(exercise: AnyExercise, seed: str) -> AnyExercise:
    return exercise.seeded(int(seed)) if seed.isdecimal() and exercise.varies else exercise


def full_name(exercise: AnyExercise) -> str:
    """Such as add_task.turn_the_route, or add_task.who_waits_for_whom@7 for a variant."""
    variant = "" if exercise.seed is None else f"{SEED}{exercise.seed}"
    return f"{exercise.subject}.{exercise.name}{variant}"
