"""An exercise's self-test: its starter is not attempted, its answer is right, each wrong answer gets its message."""

from bgdemo.exercises.engine.code import load
from bgdemo.exercises.engine.exercise import AnyExercise


def broken(exercise: AnyExercise) -> list[str]:
    """What an exercise promises and does not keep, a line each; nothing if all is well."""
    problems = unfit(exercise)
    for code, message in exercise.wrong:
        verdict = exercise.check(load(code))
        if verdict.kind in ("right", "not attempted"):
            problems.append(f"a wrong answer is {verdict.kind}; it should be told: {message}")
        elif message not in verdict.words:
            problems.append(f"a wrong answer should be told {message!r}, and is told: {verdict.words}")
    return problems


def unfit(exercise: AnyExercise) -> list[str]:
    """Why nobody can be judged by an exercise, a line each; nothing if all is well."""
    problems = []
    verdict = exercise.check(load(exercise.starter))
    if verdict.kind != "not attempted":
        problems.append(f"its starter is {verdict.kind}, and should count as not attempted")
    verdict = exercise.check(load(exercise.answer))
    if verdict.kind != "right":
        problems.append(f"its answer is not right: {verdict.words}")
    return problems
