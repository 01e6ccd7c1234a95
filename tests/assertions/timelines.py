"""Timelines for the tests of the assertions, and what an assertion says of them."""

import re
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from fastapi import BackgroundTasks, FastAPI, HTTPException
from fastapi.responses import JSONResponse

from bgdemo import Request, Task, TestClient, Timeline

app = FastAPI()


class NoSuchAddress(LookupError):
    pass


def write_log(message: str, level: str = "info") -> None:
    time.sleep(1)


def send_mail(email: str, *, subject: str = "") -> None:
    time.sleep(2)
    if "@" not in email:
        raise NoSuchAddress(email)


async def count_mail(number: int) -> None: ...


@app.post("/mail")
def mail(to: str, background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(write_log, "found it")
    background_tasks.add_task(send_mail, to, subject="Hello")
    background_tasks.add_task(count_mail, 1)


@app.post("/refused")
def refused(background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(write_log, message="refused")
    raise HTTPException(400)


@app.post("/replaced")
def replaced(background_tasks: BackgroundTasks) -> JSONResponse:
    background_tasks.add_task(write_log, "replaced")
    return JSONResponse({}, background=BackgroundTasks())


@app.post("/raises")
def raises(background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(write_log, "raises")
    raise KeyError("no shelf")


def timeline_of(*paths: str) -> Timeline:
    client = TestClient(app, clock="simulated", raise_server_exceptions=False)
    for path in paths:
        client.post(path)
    timeline = client.drain()
    client.close()
    return timeline


NOTHING = Timeline()
SENT = timeline_of("/mail?to=a@b.c")
FAILED = timeline_of("/mail?to=nobody")
REFUSED = timeline_of("/refused")
TWICE = timeline_of("/mail?to=a@b.c", "/mail?to=nobody")


def task(id: int, name: str = "work", *args: Any, **changes: Any) -> Task:
    made = Task(id, 1, name, f"app.{name}", args, {}, 0.0, 0.0, 1.0, "finished", None, "threadpool")
    return replace(made, **changes)


def with_tasks(*tasks: Task) -> Timeline:
    return Timeline((Request(1, "POST", "/", 200, 0.0, 0.0, 9.0),), tasks, now=9.0, simulated=True)


def message_of(claim: Callable[..., object], *args: Any, **kwargs: Any) -> str:
    """What a claim that does not hold says, above the drawing."""
    with pytest.raises(AssertionError) as caught:
        claim(*args, **kwargs)
    return str(caught.value).split("\n\n")[0]


def pointed_at(claim: Callable[..., object], *args: Any, **kwargs: Any) -> list[str]:
    """The names in the rows that a failure points at."""
    with pytest.raises(AssertionError) as caught:
        claim(*args, **kwargs)
    return re.findall(r"^→ +(\S+(?: /\S*)?)", str(caught.value), re.MULTILINE)
