"""Exercises whose checks look at the timeline and say what was seen: `q.check(app)`, `q.hint()`, `q.solution()`."""

from bgdemo.exercises.core import Exercise, Outcome
from bgdemo.exercises.turn_the_route import turn_the_route

__all__ = ["Exercise", "Outcome", "all_exercises", "turn_the_route"]

all_exercises: tuple[Exercise, ...] = (turn_the_route,)
