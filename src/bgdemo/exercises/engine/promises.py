"""An exercise's self-test: its starter is not attempted, its answer is right, each wrong answer gets its message."""

from bgdemo.exercises.engine.code import load
from bgdemo.exercises.engine.exercise import AnyExercise


def broken(exercise: AnyExercise) -> list[str]:
    """What an exercise promises and does not keep, a line each; nothing if all is well."""
    problems = unfit(exercise)
    for code, message in exercise.wrong:
        outcome = exercise.check(load(code))
        if outcome.verdict in ("right", "not attempted"):
            problems.append(f"a wrong answer is {outcome.verdict}; it should be told: {message}")
        elif message not in outcome.words:
            problems.append(f"a wrong answer should be told {message!r}, and is told: {outcome.words}")
    return problems


def unfit(exercise: AnyExercise) -> list[str]:
    """Why nobody can be judged by an exercise, a line each; nothing if all is well."""
    problems = []
    verdict = exercise.check(load(exercise.starter)).verdict
    if verdict != "not attempted":
        problems.append(f"its starter is {verdict}, and should count as not attempted")
    outcome = exercise.check(load(exercise.answer))
    if outcome.verdict != "right":
        problems.append(f"its answer is not right: {outcome.words}")
    return problems
