"""Task functions, and an app that adds them, for workers and servers in processes of their own to import."""

import atexit
import os
import threading
import time
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from bgdemo.queue import Queue, Tasks

app = FastAPI()


def nap(seconds: float) -> None:
    time.sleep(seconds)
    print("awake")


async def nap_async(seconds: float) -> None:
    time.sleep(seconds)


def fail(times: int, counter: str) -> None:
    """Raise so many times, counted in a file, and then no more."""
    with open(counter, "a+", encoding="utf-8") as file:
        file.write("x")
        file.seek(0)
        tried = len(file.read())
    if tried <= times:
        raise ValueError(f"no such address, try {tried}")


def leave(path: str) -> None:
    raise SystemExit(3)


def write_log(path: str, message: str, seconds: float = 0.0) -> None:
    """Not idempotent: run twice, it writes twice."""
    with open(path, mode="a", encoding="utf-8") as log:
        log.write(f"{message}\n")
    time.sleep(seconds)


def write_log_late(path: str, message: str, seconds: float) -> None:
    time.sleep(seconds)
    write_log(path, message)


def write_log_at_the_end(path: str, message: str) -> None:
    atexit.register(write_log, path, message)


def write_log_once(path: str, message: str, seconds: float = 0.0) -> None:
    """Idempotent: who comes second finds that it was done."""
    try:
        Path(f"{path}.done").touch(exist_ok=False)
    except FileExistsError:
        return
    write_log(path, message, seconds)


def write_log_then_fail_once(path: str, message: str, once: bool) -> None:
    (write_log_once if once else write_log)(path, message)
    fail(1, f"{path}.tries")


def note_process(path: str) -> None:
    Path(path).write_text(f"{os.getpid()} {threading.current_thread() is threading.main_thread()}", encoding="utf-8")


@app.post("/odd", include_in_schema=False)
def odd(background_tasks: Tasks) -> None:
    background_tasks.add_task(lambda value: None, {(1, 2): "a tuple as a key"})


@app.post("/slow", include_in_schema=False)
def slow() -> None:
    time.sleep(30)


@app.post("/{function}")
def add(function: str, background_tasks: Tasks, arguments: dict[str, Any]) -> None:
    background_tasks.add_task(globals()[function], **arguments)


def add_another(path: str) -> None:
    """A task that adds a task: its worker's own queue is the one that it came from."""
    Queue().add_task(write_log, path, "added by a task")


def start_a_worker() -> None:
    Queue().start_worker()
