"""What simulated time costs, against real time without any waiting, side by side in one run: `make bench`."""

import gc
import time
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import BackgroundTasks, FastAPI

from bgdemo import TestClient

app = FastAPI()


def article() -> None:
    time.sleep(5)
    time.sleep(2)


def nothing() -> None:
    pass


def seven() -> None:
    time.sleep(7)


TASKS: dict[str, Callable[[], None]] = {"article": article, "nothing": nothing, "seven": seven}


@app.post("/{name}")
async def add(name: str, tasks: BackgroundTasks) -> dict[str, str]:
    tasks.add_task(TASKS[name])
    return {"message": "sent in the background"}


@app.get("/")
async def plain() -> dict[str, str]:
    return {"message": "no task"}


def seconds_of(clock: Any, call: Callable[[TestClient], object], times: int) -> float:
    """Real seconds for so many calls on a client that is open already."""
    with TestClient(app, clock=clock, close_timeout=100_000) as client:
        call(client)
        client.drain()
        began = time.perf_counter()
        for _ in range(times):
            call(client)
        return time.perf_counter() - began


def ratio(call: Callable[[TestClient], object], to: Callable[[TestClient], object], times: int = 100) -> float:
    """How much longer `call` takes on the simulated clock than `to` on the real one, at best of several turns."""
    simulated, real = [], []
    for _ in range(7):
        real.append(seconds_of("real", to, times))
        simulated.append(seconds_of("simulated", call, times))
    return min(simulated) / min(real)


def post_and_drain(name: str) -> Callable[[TestClient], object]:
    def call(client: TestClient) -> None:
        client.post(f"/{name}")
        client.drain()

    return call


def post_many(name: str, count: int) -> Callable[[TestClient], object]:
    def call(client: TestClient) -> None:
        for _ in range(count):
            client.post(f"/{name}")
        client.drain()

    return call


@pytest.fixture
def limit(benchmark):
    """Hold a ratio to its limit, and note it."""

    def hold(name: str, value: float, at_most: float) -> None:
        benchmark.pedantic(lambda: None)
        benchmark.extra_info[name] = value
        print(f"{name}: {value:.2f}, at most {at_most}")
        assert value <= at_most

    return hold


def test_a_request_with_the_articles_task(limit):
    limit("article / no-op", ratio(post_and_drain("article"), post_and_drain("nothing")), 2.5)


def test_a_request_without_sleeps(limit):
    def get(client: TestClient) -> object:
        return client.get("/")

    limit("plain / plain", ratio(get, get), 1.2)


def test_a_request_with_a_task_that_does_nothing(limit):
    limit("no-op / no-op", ratio(post_and_drain("nothing"), post_and_drain("nothing")), 1.2)


@pytest.mark.timeout(600)
def test_a_thousand_requests(limit):
    limit("1,000 of 7 s / 1,000 no-op", ratio(post_many("seven", 1000), post_many("nothing", 1000), 1), 2)


@pytest.mark.timeout(600)
def test_ten_thousand_requests(limit):
    # Without the garbage collector, which looks again and again at the 140 objects that FastAPI keeps for each request
    # whose task waits for a thread; that is no cost of the clock, and the same on a real one.
    gc.disable()
    few = min(seconds_of("simulated", post_many("seven", 1000), 1) for _ in range(4))
    limit("10,000 / 1,000", min(seconds_of("simulated", post_many("seven", 10_000), 1) for _ in range(2)) / few, 11)
    gc.enable()
