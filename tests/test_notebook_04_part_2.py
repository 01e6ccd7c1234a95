"""Notebook 04, add_task, part 2, where a task runs: it shows what it claims, and answers what it asks."""

import asyncio
import functools
import itertools
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from bgdemo import exercises
from bgdemo.exercises.engine.code import load
from bgdemo.lessons import many_tasks, where_a_task_runs
from bgdemo.model import Request, Task
from course import assert_rebuilt_alike, build, cell_with, executed, filled, own_text, shown, side_by_side, source_of
from servers import DEADLINE, serve, until

EMAIL = {"email": "a@example.com"}
IN_PART = 8
"""Of the notebook's seconds, how many are one on the real server."""

ADDED_IN_A_TASK = ["send_report", "send_mail", "archive"]

GUESSES = [
    ("guess = predict(beside_def=..., beside_async=...)", (0, 7), (7, 0)),
    ("guess_3 = predict(ping=..., task_end=...)", (0, 7), (7, 0)),
    ("guess_4 = predict(task_end=...)", (2,), (80,)),
    ("guess_5 = predict(task_end=..., ping=..., ping_def=..., ping_dependency=...)", (4, 0, 2, 2), (2, 2, 0, 0)),
    ("guess_6 = predict(end=...)", (2,), (4,)),
    ("guess_7 = predict(tasks=...)", (ADDED_IN_A_TASK,), (["send_report", "archive", "send_mail"],)),
]
"""As in the notebook; the right values, and wrong ones: async holds up nobody, tasks queue up, threads without end."""

CHOICES = [("choose(..., why_the_ping_waited)", "b", "d"), ("choose(..., which_task_is_polite)", "c", "a")]
TASK = "async def send_receipt"


def answered(*, right: bool) -> Any:
    """The notebook of a learner whose answers are all right, or all wrong."""
    guesses = [filled(line, *(good if right else bad)) for line, good, bad in GUESSES]
    choices = [filled(line, good if right else bad) for line, good, bad in CHOICES]
    task = (TASK, "def send_receipt") if right else ("    time.sleep(3)\n", "    await asyncio.sleep(1)\n")
    return executed("04_part_2", *guesses, *choices, task)


@pytest.fixture(scope="module", autouse=True)
def _runs() -> None:
    side_by_side(lambda: executed("04_part_2"), lambda: answered(right=True), lambda: answered(right=False))


def compared(notebook: Any, line: str) -> list[str]:
    """The sentences about a guess, without the pictures below them."""
    return shown(cell_with(notebook, f"{line.split()[0]}.compare")).partition("\n\n")[0].splitlines()


def row(text: str, name: str) -> list[str]:
    """The words beside the last row of that name, without the bar."""
    found = [line for line in text.splitlines() if re.match(rf" *{name[:25]}[ …]", line)]
    assert found, text
    return [word for word in found[-1].split() if word[0].isalnum()]


def test_beside_a_def_task_the_next_client_is_answered_at_once() -> None:
    seen = shown(cell_with(executed("04_part_2"), 'client_1.get("/ping")'))
    assert row(seen, "GET /ping") == ["GET", "200", "at", "0.0", "s"]
    assert row(seen, "write_notification") == ["write_notification", "finished", "0.0", "7.0", "thread", "pool"]


def test_beside_an_async_task_that_sleeps_it_waits_for_all_of_it() -> None:
    seen = shown(cell_with(executed("04_part_2"), "guess.compare(beside_def"))
    assert "the longest wait 7.0 s; write_notification_async ended at 7.0 s." in " ".join(seen.split())
    assert row(seen, "GET /ping") == ["GET", "200", "at", "7.0", "s"]
    assert row(seen, "write_notification_async")[-5:] == ["finished", "0.0", "7.0", "event", "loop"]


def test_an_async_task_that_awaits_holds_up_nobody() -> None:
    seen = shown(cell_with(executed("04_part_2"), "guess_3.compare"))
    assert row(seen, "GET /ping") == ["GET", "200", "at", "0.0", "s"]
    assert row(seen, "write_notification_awaiting")[-5:] == ["finished", "0.0", "7.0", "event", "loop"]


def test_forty_tasks_run_side_by_side_and_the_next_waits_for_a_thread() -> None:
    notebook = executed("04_part_2")
    assert "40 tasks ended, the last at 2.0 s" in " ".join(shown(cell_with(notebook, "guess_4.compare")).split())
    seen = shown(cell_with(notebook, "guess_5.compare"))
    assert "41 tasks ended, the last at 4.0 s" in " ".join(seen.split())
    assert row(seen, "GET /ping/dependency")[-4:] == ["200", "at", "2.0", "s"]
    whole = shown(cell_with(answered(right=True), "guess_5.compare"))
    for name, seconds in (("ping", 0), ("ping def", 2), ("ping dependency", 2)):
        assert f"{name}: you guessed {seconds} and it was {seconds}. Right!" in whole
    assert "+·" in next(line for line in reversed(seen.splitlines()) if line.strip().startswith("send_mail"))


def test_another_pool_has_threads_of_its_own() -> None:
    seen = shown(cell_with(executed("04_part_2"), "guess_6.compare"))
    assert "41 tasks ended, the last at 2.0 s" in " ".join(seen.split())
    assert row(seen, "send_mail_in_another_pool")[-5:] == ["finished", "0.0", "2.0", "event", "loop"]


def test_what_a_task_adds_joins_the_end_of_the_list() -> None:
    seen = shown(cell_with(executed("04_part_2"), "guess_7.compare"))
    assert "Response at 0.0 s; 3 tasks ended, the last at 6.0 s: the client did not wait." in seen
    assert row(seen, "archive") == ["archive", "finished", "2.0", "6.0", "thread", "pool"]


def test_on_a_real_server_it_joins_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    sleep = time.sleep
    monkeypatch.setattr(many_tasks, "time", SimpleNamespace(sleep=lambda seconds: sleep(seconds / 100)))
    with serve(many_tasks.many) as server:
        httpx.post(f"{server.url}/report", params=EMAIL, trust_env=False)
        server.wait()
    starts = [event.task_id for event in server.recorder.timeline.events if event.kind == "task_started"]
    names = {task.id: task.name for task in server.recorder.timeline.tasks}
    assert [names[one] for one in starts if one is not None] == ADDED_IN_A_TASK


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lesson's tasks take a part of their time: here it is real."""
    sleep, async_sleep = time.sleep, asyncio.sleep
    a_while = SimpleNamespace(sleep=lambda seconds: sleep(seconds / IN_PART))
    awaiting = SimpleNamespace(sleep=lambda seconds: async_sleep(seconds / IN_PART))
    monkeypatch.setattr(where_a_task_runs, "time", a_while)
    monkeypatch.setattr(where_a_task_runs, "asyncio", awaiting)


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize(
    ("path", "ran_in", "waits"),
    [("", "threadpool", False), ("/async", "event_loop", True), ("/awaiting", "event_loop", False)],
)
def test_on_a_real_server_the_ping_waits_beside_the_same_task(path: str, ran_in: str, waits: bool) -> None:
    with serve(where_a_task_runs.app) as server, httpx.Client(base_url=server.url, trust_env=False) as client:
        client.post(f"/send_info{path}", params=EMAIL)
        client.get("/ping")
        server.wait()
    (task,) = server.recorder.timeline.tasks
    assert task.ran_in == ran_in
    assert (_responded(server.recorder.timeline.requests[1]) > _ended(task)) is waits


class Gate:
    """Stands in for time.sleep: counts who has come, and lets all go at once."""

    def __init__(self) -> None:
        self.numbers = itertools.count(1)
        self.arrived = 0
        self._open = threading.Event()

    def sleep(self, seconds: float) -> None:
        self.arrived = next(self.numbers)
        assert self._open.wait(DEADLINE), "nobody opened the gate"

    def __enter__(self) -> "Gate":
        return self

    def __exit__(self, *error: object) -> None:
        self._open.set()


def test_on_a_real_server_forty_tasks_run_side_by_side_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate()
    monkeypatch.setattr(many_tasks, "time", gate)
    with ThreadPoolExecutor(2) as pool, serve(many_tasks.many) as server, gate:
        requests = functools.partial(httpx.request, params=EMAIL, trust_env=False)
        for _ in range(40):
            requests("POST", f"{server.url}/send_info")
        requests("POST", f"{server.url}/send_info/another_pool")
        until(lambda: gate.arrived == 41, "40 mails and the one in another pool")
        requests("POST", f"{server.url}/send_info")
        assert requests("GET", f"{server.url}/ping").json() == "pong"
        pings = [pool.submit(requests, "GET", f"{server.url}/ping/{kind}") for kind in ("def", "dependency")]
        until(lambda: len(server.recorder.timeline.requests) == 45, "the last ping")
        assert (gate.arrived, [ping.done() for ping in pings]) == (41, [False, False])
    assert [ping.result().json() for ping in pings] == ["pong", "pong"]
    *others, last = server.recorder.timeline.tasks
    assert last.started is not None
    assert last.started >= min(_ended(task) for task in others)


def _responded(request: Request) -> float:
    assert request.responded is not None
    return request.responded


def _ended(task: Task) -> float:
    assert task.ended is not None
    return task.ended


@pytest.mark.parametrize(("line", "good", "bad"), GUESSES, ids=[line.split()[0] for line, _, _ in GUESSES])
def test_each_guess_is_asked_for_found_right_and_found_wrong(line: str, good: Any, bad: Any) -> None:
    asked = compared(executed("04_part_2"), line)
    assert len(asked) == line.count("...")
    assert all("you have not guessed yet" in sentence for sentence in asked)
    assert all(sentence.endswith("Right!") for sentence in compared(answered(right=True), line))
    assert not any(sentence.endswith("Right!") for sentence in compared(answered(right=False), line))


@pytest.mark.parametrize(("line", "good", "bad"), CHOICES, ids=["why", "exit"])
def test_each_question_is_asked_and_answered(line: str, good: str, bad: str) -> None:
    name = line.rpartition(" ")[2]
    assert "Put one of" in shown(cell_with(executed("04_part_2"), f"choose(..., {name}"))
    assert shown(cell_with(answered(right=True), f", {name}")).startswith("**Right.**")
    assert shown(cell_with(answered(right=False), f", {name}")).startswith("**Not quite.**")


def test_the_exercise_is_given_and_checked() -> None:
    check = "free_the_loop.check"
    assert shown(cell_with(executed("04_part_2"), check)).startswith("Not attempted.")
    assert shown(cell_with(answered(right=True), check)).startswith("Right.")
    assert "took 1 s, and it has to take 3 s" in shown(cell_with(answered(right=False), check))
    notebook = build.read(source_of("04_part_2"))
    exercise = exercises.add_task.free_the_loop
    assert cell_with(notebook, TASK).source == exercise.starter.strip()
    assert any(exercise.statement.strip() in cell.source for cell in notebook.cells)


@pytest.mark.parametrize(
    "task",
    [
        "async def send_receipt(email: str) -> None:\n    await asyncio.sleep(3)\n",
        "async def send_receipt(email: str) -> None:\n    await asyncio.to_thread(time.sleep, 3)\n",
        "def send_receipt(email: str) -> None:\n    time.sleep(3)\n",
    ],
)
def test_the_exercise_has_three_good_ways(task: str) -> None:
    exercise = exercises.add_task.free_the_loop
    before = "async def send_receipt(email: str) -> None:\n    time.sleep(3)\n"
    assert exercise.check(load(exercise.starter.replace(before, task))).kind == "right"


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
@pytest.mark.parametrize("line", ["asyncio.sleep(3)", "asyncio.to_thread(time.sleep, 3)"])
def test_the_exercise_asks_for_a_forgotten_await(line: str) -> None:
    exercise = exercises.add_task.free_the_loop
    verdict = exercise.check(load(exercise.starter.replace("time.sleep(3)", line)))
    assert "Is something that has to be awaited not awaited?" in verdict.words


def test_it_shows_the_lessons_own_texts() -> None:
    notebook = build.read(source_of("04_part_2"))
    assert cell_with(notebook, "def write_notification_awaiting").source == own_text(where_a_task_runs)
    assert cell_with(notebook, "many = FastAPI()").source == own_text(many_tasks)


def test_it_has_the_same_outputs_when_it_is_built_again() -> None:
    assert_rebuilt_alike("04_part_2")
