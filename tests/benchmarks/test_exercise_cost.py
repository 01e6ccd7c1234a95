"""What a check costs: a learner should not notice it."""

import pytest

from bgdemo.exercises import AnyExercise, all_exercises
from bgdemo.exercises.engine.code import load

MOST = 0.050
"""Seconds."""


@pytest.mark.parametrize("exercise", all_exercises(), ids=lambda exercise: f"{exercise.subject}.{exercise.name}")
def test_a_check(exercise: AnyExercise, benchmark) -> None:
    apps = [load(exercise.answer), load(exercise.wrong[0][0])]
    benchmark(lambda: [exercise.check(app) for app in apps])
    seconds = benchmark.stats.stats.min / len(apps)
    assert seconds < MOST, f"{seconds * 1000:.0f} ms"
