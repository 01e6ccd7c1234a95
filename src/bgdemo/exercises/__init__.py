"""Exercises whose checks look at the timeline, by subject: `exercises.add_task.turn_the_route.check(app)`."""

from bgdemo.exercises.engine.exercise import AnyExercise, Exercise
from bgdemo.exercises.engine.predict_a_run import PredictARun
from bgdemo.exercises.engine.verdict import Verdict
from bgdemo.exercises.engine.write_a_test import WriteATest
from bgdemo.exercises.subjects import Subject, all_exercises, subject, subjects

__all__ = ["AnyExercise", "Exercise", "PredictARun", "Subject", "Verdict", "WriteATest", "all_exercises"]


def __getattr__(name: str) -> Subject:
    try:
        return subject(name)
    except KeyError:
        raise AttributeError(f"there are no exercises on {name!r}; there are {', '.join(subjects())}") from None


def __dir__() -> list[str]:
    return [*__all__, *subjects()]
