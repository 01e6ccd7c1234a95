"""An app with the queue that the environment describes: BENCH_BROKER (none: BackgroundTasks), _WORKERS, _THREADS."""

import contextlib
import os
import time
from collections.abc import AsyncIterator

from fastapi import FastAPI

from bgdemo.queue import Queue, Tasks, tasks


@contextlib.asynccontextmanager
async def with_workers(app: FastAPI) -> AsyncIterator[None]:
    if not os.environ.get("BENCH_BROKER"):
        yield
        return
    with Queue(os.environ["BENCH_BROKER"], threads=int(os.environ["BENCH_THREADS"])) as queue:
        for _ in range(int(os.environ["BENCH_WORKERS"])):
            queue.start_worker()
        app.dependency_overrides[tasks] = queue
        yield


app = FastAPI(lifespan=with_workers)


def nothing() -> None:
    pass


def wait() -> None:
    time.sleep(0.2)


def compute() -> None:
    """Some 20 ms of Python on one core of an ordinary machine."""
    total = 0
    for number in range(400_000):
        total += number


FUNCTIONS = {"nothing": nothing, "wait": wait, "compute": compute}


@app.post("/{name}")
async def add(name: str, background_tasks: Tasks) -> None:
    background_tasks.add_task(FUNCTIONS[name])
