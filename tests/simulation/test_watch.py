"""Code that computes without end is stopped where somebody has put a limit to it, and named."""

import contextlib
import time

import pytest
from fastapi import BackgroundTasks, FastAPI

from bgdemo.errors import DeadlockError, EndlessLoopError, RealBlockingError
from bgdemo.simulation import SimulatedClock

from .apps import app_with, statuses

LIMIT = 0.2
"""Seconds of computing."""


def endless() -> None:
    while True:
        pass


async def endless_async() -> None:
    while True:
        pass


def after() -> None:
    pass


def spin() -> None:
    while not enough:
        pass


def stubborn() -> None:
    while not enough:
        with contextlib.suppress(BaseException):
            spin()  # a call: at the looks that Python takes for other threads' exceptions somebody must catch them


enough: list[bool] = []


@pytest.fixture
def limited() -> SimulatedClock:
    return SimulatedClock(compute_timeout=LIMIT)


@pytest.mark.parametrize("function", [endless, endless_async])
def test_an_endless_loop_in_a_task_is_stopped_and_has_its_line(make_client, limited, function):
    client = make_client(app_with(function), limited)
    client.post(f"/{function.__name__}")
    with pytest.raises(EndlessLoopError, match="went on without end") as raised:
        client.drain()
    assert raised.traceback[-1].name == function.__name__
    (task,) = client.timeline.tasks
    assert (task.status, str(task.error).partition(":")[0]) == ("failed", "EndlessLoopError")


def test_the_tasks_after_it_are_skipped(make_client, limited):
    app = FastAPI()

    @app.post("/")
    def add(background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(endless)
        background_tasks.add_task(after)

    client = make_client(app, limited)
    client.post("/")
    with pytest.raises(EndlessLoopError):
        client.drain()
    assert statuses(client.timeline) == ["failed", "skipped"]


@pytest.mark.parametrize("is_async", [False, True])
def test_an_endless_loop_in_a_route_is_stopped(make_client, limited, is_async):
    app = FastAPI()
    app.get("/")(endless_async if is_async else endless)
    client = make_client(app, limited)
    with pytest.raises(EndlessLoopError):
        client.get("/")
    assert str(client.timeline.requests[0].error).startswith("EndlessLoopError")
    assert make_client(app_with(after), limited).post("/after").status_code == 200


def test_the_loop_of_the_client_goes_on_after_it(make_client, limited):
    client = make_client(app_with(endless_async, after), limited)
    client.post("/endless_async")
    with pytest.raises(EndlessLoopError):
        client.drain()
    client.post("/after")
    assert statuses(client.drain()) == ["failed", "finished"]


def test_who_cannot_be_stopped_is_named(make_client, limited):
    enough.clear()
    client = make_client(app_with(stubborn), limited)
    client.post("/stubborn")
    try:
        with pytest.raises(
            RealBlockingError, match=r"computes without end, and could not be stopped: it is in .*in s(tubborn|pin)"
        ):
            client.drain()
    finally:
        enough.append(True)
        client.close()


def test_who_computes_within_the_limit_is_left_alone(make_client):
    def compute() -> None:
        until = time.thread_time() + 0.3
        while time.thread_time() < until:
            pass

    client = make_client(app_with(compute), SimulatedClock(compute_timeout=20.0))
    client.post("/compute")
    assert statuses(client.drain()) == ["finished"]


def sleeps_on() -> None:
    while True:
        time.sleep(1)


async def sleeps_on_async() -> None:
    while True:
        time.sleep(1)


@pytest.mark.timeout(30)
@pytest.mark.parametrize("function", [sleeps_on, sleeps_on_async])
def test_a_loop_that_sleeps_for_ever_does_not_keep_its_client_from_closing(make_client, function):
    client = make_client(app_with(function), close_timeout=0.0)
    client.post(f"/{function.__name__}")
    client.clock.advance(1)
    client.close()
    (task,) = client.timeline.tasks
    assert task.status in ("abandoned", "cancelled")


@pytest.mark.parametrize("function", [sleeps_on, sleeps_on_async])
def test_a_loop_that_sleeps_more_often_than_may_be_in_one_call_is_named(make_client, function):
    client = make_client(app_with(function), SimulatedClock(max_wakeups=50), close_timeout=0.0)
    client.post(f"/{function.__name__}")
    with pytest.raises(DeadlockError, match="still sleeps and wakes, 51 times in one call") as raised:
        client.drain()
    assert f"in {function.__name__}: `time.sleep(1)`" in str(raised.value)


def test_each_call_may_sleep_as_often_as_the_limit_says(make_client):
    client = make_client(app_with(sleeps_on), SimulatedClock(max_wakeups=50), close_timeout=0.0)
    client.post("/sleeps_on")
    for _ in range(5):
        client.clock.advance(20)
    assert client.clock.time() == 100
