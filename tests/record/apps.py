"""Apps that the tests of the recorder record."""

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI

from bgdemo import TestClient, Timeline


def nothing(*args: object, **kwargs: object) -> None:
    pass


async def nothing_async() -> None:
    pass


def fail() -> None:
    raise ValueError("no mail server")


def served(endpoint: Callable[..., Any]) -> Timeline:
    """The timeline of one GET request that `endpoint` answers, errors aside."""
    app = FastAPI()
    app.get("/")(endpoint)
    with TestClient(app, raise_server_exceptions=False) as client:
        client.get("/")
        return client.drain()


def statuses(timeline: Timeline) -> list[tuple[str, str]]:
    return [(task.name, task.status) for task in timeline.tasks]


def kinds(timeline: Timeline) -> list[str]:
    return [event.kind for event in timeline.events]
