"""Exercises whose checks look at the timeline, by subject: `exercises.add_task.turn_the_route.check(app)`."""

from bgdemo.exercises.engine.exercise import AnyExercise, Exercise, Outcome
from bgdemo.exercises.engine.prediction import Prediction
from bgdemo.exercises.engine.proof import Proof
from bgdemo.exercises.subjects import Subject, all_exercises, subject, subjects

__all__ = ["AnyExercise", "Exercise", "Outcome", "Prediction", "Proof", "Subject", "all_exercises"]


def __getattr__(name: str) -> Subject:
    try:
        return subject(name)
    except KeyError:
        raise AttributeError(f"there are no exercises on {name!r}; there are {', '.join(subjects())}") from None


def __dir__() -> list[str]:
    return [*__all__, *subjects()]
