"""Each exercise is held to its own promises; the core says what it saw, and nothing can keep it from answering."""

import gc
import time
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest
from fastapi import FastAPI

from bgdemo import exercises
from bgdemo.exercises import AnyExercise, Exercise, PredictARun, all_exercises
from bgdemo.exercises.engine.code import load
from bgdemo.exercises.engine.promises import broken
from bgdemo.lessons import folder

exercise_subjects = import_module("bgdemo.exercises.subjects")  # its package has a function of this name

# What a wrong answer throws away, and what becomes of it, is its own affair.
pytestmark = pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")


@pytest.fixture(scope="module", autouse=True)
def _no_coroutine_is_left() -> Iterator[None]:
    yield
    gc.collect()  # here, where the warning is ignored


EVERY = all_exercises()
each = pytest.mark.parametrize("exercise", EVERY, ids=lambda exercise: f"{exercise.subject}.{exercise.name}")
route = exercises.add_task.turn_the_route
assert isinstance(route, Exercise)
guess = exercises.add_task.who_waits_for_whom
assert isinstance(guess, PredictARun)


@pytest.fixture(scope="module", autouse=True)
def _what_was_thrown_away_is_collected_here() -> Iterator[None]:
    yield
    gc.collect()


@each
def test_a_starter_is_not_attempted_yet(exercise: AnyExercise) -> None:
    assert exercise.check(load(exercise.starter)).kind == "not attempted"


@each
def test_a_solution_is_right(exercise: AnyExercise) -> None:
    verdict = exercise.check(load(exercise.solution()))
    assert verdict.kind == "right", verdict.words
    assert verdict.message == exercise.notice
    assert verdict.passed == verdict.checks > 0


@pytest.mark.parametrize(
    ("exercise", "code", "message"),
    [
        pytest.param(one, code, message, id=f"{one.subject}.{one.name}-{message}")
        for one in EVERY
        for code, message in one.wrong
    ],
)
def test_a_wrong_answer_gets_its_own_message(exercise: AnyExercise, code: str, message: str) -> None:
    assert code not in (exercise.starter, exercise.answer)
    verdict = exercise.check(load(code))
    assert verdict.kind in ("wrong", "raised"), verdict.words
    assert message in verdict.words


@each
def test_wrong_answers_differ(exercise: AnyExercise) -> None:
    assert len(exercise.wrong) >= 3
    assert len({code for code, _ in exercise.wrong}) == len(exercise.wrong)


@each
def test_hints_go_from_a_nudge_to_nearly_the_solution_and_then_repeat(exercise: AnyExercise) -> None:
    given = [exercise.hint() for _ in range(len(exercise.hints) + 1)]
    assert given == [*exercise.hints, exercise.hints[-1]]


@each
def test_each_check_has_a_title_and_an_exercise_shows_no_answer(exercise: AnyExercise) -> None:
    if isinstance(exercise, Exercise):
        assert all(check.__doc__ for check in exercise.checks)
    for shown in (repr(exercise), str(exercise), exercise._repr_markdown_()):
        assert exercise.answer not in shown


def test_an_exercise_is_found_by_subject_and_name() -> None:
    assert (route.subject, route.name) == ("add_task", "turn_the_route")
    assert "turn_the_route" in dir(exercises.add_task)
    assert "add_task" in dir(exercises)
    assert "turn_the_route" in repr(exercises.add_task)
    with pytest.raises(AttributeError, match="there are no exercises on 'adding'; there are add_task"):
        _ = exercises.adding
    with pytest.raises(AttributeError, match=r"exercises\.add_task has no 'turn'; it has .*turn_the_route"):
        _ = exercises.add_task.turn


def test_a_wrong_answer_is_shown_below_what_was_expected() -> None:
    verdict = route.check(load(route.wrong[2][0]))
    bundle = verdict._repr_mimebundle_()
    expected, yours = (bundle["text/plain"].index(f"{whose}, played fast:") for whose in ("Expected", "Yours"))
    assert bundle["text/plain"].startswith(verdict.words)
    assert 0 < expected < yours
    assert bundle["image/svg+xml"].count("<svg") == 3
    assert ">Expected, played fast:<" in bundle["image/svg+xml"]
    assert ">Yours, played fast:<" in bundle["image/svg+xml"]


def test_a_right_answer_is_shown_alone() -> None:
    bundle = route.check(load(route.answer))._repr_mimebundle_()
    assert bundle["text/plain"].startswith("Right. The response leaves at once")
    assert "Expected" not in bundle["text/plain"]
    assert bundle["image/svg+xml"].count("<svg") == 2


def test_a_change_that_changes_nothing_is_an_attempt() -> None:
    changed = route.starter.replace("send_receipt(email)\n", "send_receipt(email)  # done\n")
    assert route.check(load(changed)).kind == "wrong"
    assert route.check(load(f"\n{route.starter}\n\n")).kind == "not attempted"


def test_partial_work_is_counted() -> None:
    verdict = route.check(load(route.wrong[1][0]))
    assert 0 < verdict.passed < verdict.checks


@pytest.mark.parametrize("app", [None, FastAPI, "app", ...])
def test_what_is_no_app_is_refused_by_name(app: object) -> None:
    verdict = route.check(app)  # type: ignore[arg-type]
    assert verdict.kind == "wrong"
    assert "add_task.turn_the_route.check(app)" in verdict.message


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("raise SystemExit(1)", "SystemExit"),
        ("import asyncio; await asyncio.sleep(float('inf'))", "Raised. At 0 s on the simulated clock everybody waits"),
        ("import asyncio; await asyncio.sleep(9_000)", "come to an end. POST /buy has not answered within 3600 s"),
        ("import asyncio; await asyncio.Event().wait()", "everybody waits and nothing is scheduled"),
        ("import asyncio\n    while True: await asyncio.sleep(0)", "goes on without end"),
        ("import threading; threading.Lock().__enter__(); threading.Event().wait()", "everybody waits"),
        ("while True: time.sleep(1)", "It does not come to an end"),
        ("while True: time.sleep(0.001)", "it does not come to an end. Does its loop have a way out?"),
        ("import asyncio\n    while True: await asyncio.sleep(0.001)", "it does not come to an end."),
        ("return {}[1]", "KeyError: 1 (line 14: `return {}[1]`)"),
        ("raise ExceptionGroup('two', [ValueError('one'), ValueError('two')])", "ValueError: one"),
    ],
)
def test_whatever_a_route_does_the_check_answers(line: str, message: str) -> None:
    verdict = route.check(load(route.starter.replace("send_receipt(email)\n", f"{line}\n")))
    assert verdict.kind in ("raised", "wrong")
    assert message in verdict.words


@pytest.mark.timeout(30)
@pytest.mark.parametrize("keyword", ["def", "async def"])
@pytest.mark.parametrize("seconds", [1, 0.001, 0])
def test_a_task_that_sleeps_for_ever_keeps_nobody(keyword: str, seconds: float) -> None:
    code = route.answer.replace("time.sleep(1)", f"while True: time.sleep({seconds})")
    began = time.monotonic()
    verdict = route.check(load(code.replace("def send_receipt", f"{keyword} send_receipt")))
    assert verdict.kind in ("raised", "wrong")
    assert "end" in verdict.words
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("kind", ["SystemExit", "AssertionError", "BaseException"])
def test_an_argument_that_cannot_be_shown_keeps_no_check_from_answering(kind: str) -> None:
    door = f"class Door:\n    def __repr__(self):\n        raise {kind}('stop')\n\n\n@app.post"
    code = route.answer.replace("@app.post", door).replace(", email)\n", ", Door())\n")
    assert route.check(load(code)).kind == "wrong"
    assert str(route.check(load(code))).startswith("Wrong.")


def test_a_lifespan_that_fails_is_told_of() -> None:
    code = route.answer.replace(
        "app = FastAPI()",
        'def lifespan(app):\n    raise ValueError("no database")\n\n\napp = FastAPI(lifespan=lifespan)',
    )
    assert "no database" in route.check(load(code)).words


def test_a_check_leaves_everything_as_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    sleep, before = time.sleep, folder()
    route.check(load(route.answer.replace("time.sleep(1)", "print('sent')")))
    assert time.sleep is sleep
    assert folder() == before
    assert capsys.readouterr().out == ""


def test_code_without_an_app_says_so() -> None:
    with pytest.raises(NameError, match="defines no `app`"):
        load("application = 1")


def test_a_prediction_shows_the_code_that_it_asks_about() -> None:
    assert guess.code in str(guess)
    assert guess.statement in guess._repr_markdown_()


def test_a_prediction_can_be_given_by_names_and_is_compared_with_a_run() -> None:
    assert guess.check(response=0.0, last_task_ends=9).kind == "right"
    assert guess.check(response=0.1, last_task_ends=8.8).kind == "right"
    verdict = guess.check(response=0, last_task_ends=2)
    assert (verdict.kind, verdict.passed, verdict.checks) == ("wrong", 1, 2)
    assert verdict.message == "last task ends: you guessed 2, and it was 9."
    assert verdict.timeline is not None
    assert verdict.timeline.tasks[-1].ended == 9.0


def test_a_seed_puts_other_names_and_numbers_in_all_texts_and_the_checks_follow() -> None:
    varied = replace(route, varies={"send_receipt": ("send_invoice",), "sleep(1)": ("sleep(2)", "sleep(4)")}).seeded(7)
    assert "send_receipt" not in varied.starter + varied.answer + varied.statement + "".join(varied.hints)
    assert varied.check(load(varied.starter)).kind == "not attempted"
    assert varied.check(load(varied.answer)).kind == "right"
    for code, message in varied.wrong:
        assert message in varied.check(load(code)).words


ABOUT = {
    "async def makes my task non-blocking": "free_the_loop",
    "the task can use my session": "closed_too_early",
    "the task can use my upload": "upload",
    "tasks run even if I raise": "keep_the_task",
    "my exception handler answers for a failed task": "when_a_task_fails",
    "middleware breaks background tasks": "behind_a_middleware",
    "sync tasks get unlimited threads": "how_many_threads",
    "tasks run in parallel": "who_waits_for_whom",
    "injected tasks and background= add up": "both_of_them",
    "add_task(f(x)) schedules it": "schedule_do_not_call",
    "TestClient shows what clients see": "who_waits_in_a_test",
    "it is a job queue": "no_second_try",
    "asyncio.create_task is the same": "not_the_same",
}
"""What people misunderstand most, and which exercise is about it."""


def test_the_library_has_enough_of_each_kind_on_every_step_and_every_misconception() -> None:
    assert len(EVERY) >= 20
    levels = [one.level for one in EVERY]
    assert set(levels) == {"complete", "repair", "build", "predict"}
    assert levels.count("predict") >= 3
    steps = {"parameter", "task_function", "add_task", "dependency_injection"}
    assert {one.subject for one in EVERY} == {*steps, "use_cases", "surprises", "testing"}
    names = {one.name for one in EVERY}
    assert {"purchase", "tickets", "upload"} <= names
    assert set(ABOUT.values()) <= names


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("exercise", [one for one in EVERY if one.varies], ids=lambda exercise: exercise.name)
def test_an_exercise_of_the_library_keeps_its_promises_with_any_seed(exercise, seed: int) -> None:
    assert broken(exercise.seeded(seed)) == []


def test_numbers_that_belong_together_vary_together() -> None:
    variants = {guess.seeded(seed).answer for seed in range(20)}
    assert variants == {f"prediction = {{'response': 0, 'last_task_ends': {number}}}\n" for number in (6, 12, 15)}


def test_the_same_seed_gives_the_same_exercise_and_another_one_another() -> None:
    many = replace(route, varies={"send_receipt": [f"send_{number}" for number in range(50)]})
    assert many.seeded(1).starter == many.seeded(1).starter
    assert len({many.seeded(seed).starter for seed in range(5)}) > 1
    assert many.seeded(1).hint() == many.seeded(1).hints[0]


def test_what_python_keeps_in_the_library_is_not_a_subject(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("add_task", "__pycache__"):
        (tmp_path / name).mkdir()
    (tmp_path / "__init__.py").touch()
    monkeypatch.setattr(exercise_subjects, "_LIBRARY", tmp_path)
    assert exercise_subjects.subjects() == ["add_task"]
