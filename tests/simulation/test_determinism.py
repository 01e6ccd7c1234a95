"""The same every time: all events of a busy scenario, and what the caller sees right after each request."""

import asyncio
import os
import subprocess
import sys
import threading
import time

import anyio
import anyio.to_thread
import pytest
from fastapi import BackgroundTasks, FastAPI

from bgdemo import TestClient
from bgdemo.record.timeline import Timeline

pytestmark = pytest.mark.long

RUNS = int(os.environ.get("BGDEMO_RUNS", "100"))
"""1,000 in a soak."""
REQUESTS = 200

Seen = tuple[list[object], list[tuple[float, tuple[str, ...]]]]


def busy_app() -> FastAPI:
    """Tasks in threads and on the loop that meet at the same instants, fail, nest, and wait for each other."""
    app = FastAPI()
    gate = threading.Semaphore(3)
    lock = asyncio.Lock()

    def in_thread(number: int) -> None:
        time.sleep(number % 5 * 0.5)
        with gate:
            time.sleep(1)
        if number % 7 == 0:
            raise ValueError(number)

    async def on_loop(number: int) -> None:
        await asyncio.sleep(number % 3)
        async with lock:
            await anyio.sleep(0.1)
        await asyncio.to_thread(time.sleep, number % 4)

    async def starts_many(number: int) -> None:
        async with anyio.create_task_group() as group:
            for delay in range(number % 4):
                group.start_soon(anyio.to_thread.run_sync, time.sleep, delay)
                group.start_soon(anyio.sleep, delay)

    @app.get("/sync/{number}")
    def sync_route(number: int, tasks: BackgroundTasks) -> None:
        time.sleep(number % 2)
        tasks.add_task(in_thread, number)
        tasks.add_task(on_loop, number)

    @app.get("/async/{number}")
    async def async_route(number: int, tasks: BackgroundTasks) -> None:
        tasks.add_task(on_loop, number)
        tasks.add_task(starts_many, number)
        tasks.add_task(in_thread, number)

    return app


def run_once() -> Seen:
    """One run of the scenario: its events, and the time and the tasks' statuses after each request."""
    seen = []
    with TestClient(busy_app(), clock="simulated", raise_server_exceptions=False, close_timeout=1000) as client:
        for number in range(REQUESTS):
            client.get(f"/{'sync' if number % 3 else 'async'}/{number}")
            if number % 20 == 0:
                seen.append((client.clock.time(), tuple(task.status for task in client.timeline.tasks)))
            if number % 50 == 49:
                client.clock.advance(0.7)
        timeline: Timeline = client.drain()
    assert [task for task in timeline.tasks if task.status not in ("finished", "failed", "skipped")] == []
    return list(timeline.events), seen


@pytest.fixture
def burner():
    """Another process that wants all of a processor."""
    processes = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(3)]
    yield
    for process in processes:
        process.kill()
        process.wait()


@pytest.mark.timeout(900)
def test_every_run_is_the_same_run():
    first = run_once()
    assert len(first[0]) > 1500
    for _ in range(RUNS - 1):
        assert run_once() == first


@pytest.mark.timeout(900)
def test_every_run_is_the_same_run_on_a_busy_machine(burner):
    first = run_once()
    stop = threading.Event()

    def burn() -> None:
        while not stop.is_set():
            pass

    thread = threading.Thread(target=burn)
    thread.start()
    try:
        for _ in range(3):
            assert run_once() == first
    finally:
        stop.set()
        thread.join()
    for _ in range(10):
        assert run_once() == first


def test_traces_of_four_posts_with_an_async_task():
    def trace() -> list[object]:
        async def task() -> None:
            await asyncio.sleep(0)

        app = FastAPI()

        @app.post("/")
        async def route(tasks: BackgroundTasks) -> None:
            tasks.add_task(task)

        with TestClient(app, clock="simulated") as client:
            for _ in range(4):
                client.post("/")
            return list(client.drain().events)

    first = trace()
    assert all(trace() == first for _ in range(100))
