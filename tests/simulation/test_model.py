"""Random small apps on the simulated clock do what a model of the rules says, and what they do in real time."""

import asyncio
import heapq
import itertools
import time
from dataclasses import dataclass, field
from typing import Any

import anyio.to_thread
from fastapi import BackgroundTasks, FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bgdemo import TestClient
from bgdemo.simulation import SimulatedClock


@dataclass
class Task:
    """A task that waits, adds others as it starts, and may fail at its end."""

    kind: str
    waits: list[int]  # milliseconds
    fails: bool
    adds: list["Task"] = field(default_factory=list)
    number: int = -1


@dataclass
class Request:
    """A request, sent `gap` milliseconds after the answer to the one before."""

    gap: int
    wait: int
    sync_route: bool
    tasks: list[Task]


WAITS = st.sampled_from([0, 1, 100, 200, 300, 700, 1000])
KINDS = st.sampled_from(["sync", "async", "to_thread"])


def tasks(depth: int) -> st.SearchStrategy[list[Task]]:
    added = tasks(depth - 1) if depth else st.just([])
    return st.lists(st.builds(Task, KINDS, st.lists(WAITS, max_size=3), st.booleans(), added), max_size=3)


REQUESTS = st.lists(st.builds(Request, WAITS, WAITS, st.booleans(), tasks(2)), min_size=1, max_size=5)


def model(requests: list[Request]) -> dict[int, Any]:
    """When, in milliseconds, requests are sent, answered and done, and tasks start and end, and how."""
    now, result = 0, {}
    for number, request in enumerate(requests):
        sent = now + request.gap
        now = answered = sent + request.wait
        moment, failed, waiting = answered, False, list(request.tasks)
        for task in waiting:
            if failed:
                result[task.number] = (None, None, "skipped")
                continue
            started, moment = moment, moment + sum(task.waits)
            waiting += task.adds
            failed = task.fails
            result[task.number] = (started, moment, "failed" if failed else "finished")
        result[-1 - number] = (sent, answered, moment)
    return result


def numbered(requests: list[Request]) -> list[Request]:
    """The same requests, in which every task has a number of its own."""
    count = itertools.count()

    def number(task: Task) -> None:
        task.number = next(count)
        for added in task.adds:
            number(added)

    for request in requests:
        for task in request.tasks:
            number(task)
    return requests


def app_of(requests: list[Request], unit: float) -> FastAPI:
    """The app that does it, in which a millisecond lasts `unit` seconds."""
    app = FastAPI()

    def run_sync(task: Task, background: BackgroundTasks) -> None:
        add(task.adds, background)
        for wait in task.waits:
            time.sleep(wait * unit)
        if task.fails:
            raise ValueError(task.number)

    async def run_async(task: Task, background: BackgroundTasks) -> None:
        add(task.adds, background)
        for wait in task.waits:
            await asyncio.sleep(wait * unit)
        if task.fails:
            raise ValueError(task.number)

    async def run_to_thread(task: Task, background: BackgroundTasks) -> None:
        await anyio.to_thread.run_sync(run_sync, task, background)

    functions = {"sync": run_sync, "async": run_async, "to_thread": run_to_thread}

    def add(tasks: list[Task], background: BackgroundTasks) -> None:
        for task in tasks:
            background.add_task(functions[task.kind], task, background)

    @app.get("/sync/{index}")
    def sync_route(index: int, background: BackgroundTasks) -> None:
        time.sleep(requests[index].wait * unit)
        add(requests[index].tasks, background)

    @app.get("/async/{index}")
    async def async_route(index: int, background: BackgroundTasks) -> None:
        await asyncio.sleep(requests[index].wait * unit)
        add(requests[index].tasks, background)

    return app


def play(client: TestClient, requests: list[Request], wait: Any) -> dict[int, Any]:
    """Send the requests; what happened, in the model's form, in the client's seconds."""
    for index, request in enumerate(requests):
        wait(request.gap)
        client.get(f"/{'sync' if request.sync_route else 'async'}/{index}")
    timeline = client.drain()
    result: dict[int, Any] = {task.args[0].number: (task.started, task.ended, task.status) for task in timeline.tasks}
    for number, request in enumerate(timeline.requests):
        result[-1 - number] = (request.sent, request.responded, request.ended)
    return result


def in_seconds(milliseconds: dict[int, Any]) -> dict[int, Any]:
    return {
        number: tuple(value / 1000 if isinstance(value, int) else value for value in values)
        for number, values in milliseconds.items()
    }


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(REQUESTS)
def test_a_random_app_does_what_the_model_says(requests):
    numbered(requests)
    with TestClient(app_of(requests, 0.001), clock=SimulatedClock(), raise_server_exceptions=False) as client:
        seen = play(client, requests, lambda gap: client.clock.advance(gap / 1000))
    assert seen == in_seconds(model(requests))


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(REQUESTS)
def test_a_random_app_does_what_it_does_in_real_time(requests):
    numbered(requests)
    unit = 0.00002
    with TestClient(app_of(requests, unit), raise_server_exceptions=False) as client:
        real = play(client, requests, lambda gap: time.sleep(gap * unit))
    expected = model(requests)
    assert real.keys() == expected.keys()
    for number, values in expected.items():
        if number >= 0:
            assert real[number][2] == values[2]
            if values[0] is not None:
                assert real[number][1] - real[number][0] >= (values[1] - values[0]) * unit * 0.99


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 4), st.lists(st.integers(0, 2000), min_size=1, max_size=12))
def test_as_many_threads_as_there_are_tokens(tokens, durations):
    app = FastAPI()

    @app.post("/tokens")
    async def set_tokens() -> None:
        anyio.to_thread.current_default_thread_limiter().total_tokens = tokens

    @app.post("/{duration}")
    async def add(duration: int, background: BackgroundTasks) -> None:
        background.add_task(time.sleep, duration / 1000)

    with TestClient(app, clock="simulated") as client:
        client.post("/tokens")
        for duration in durations:
            client.post(f"/{duration}")
        seen = [(task.started, task.ended) for task in client.drain().tasks]
    free = [0] * tokens  # when each thread is free, in milliseconds
    expected = []
    for duration in durations:
        started = heapq.heappop(free)
        heapq.heappush(free, started + duration)
        expected.append((started / 1000, (started + duration) / 1000))
    assert seen == expected
