"""With `raise_server_exceptions`, the default: what a call raises, and what `drain()` raises (rows 3 and 6).

On a server these are the lines "Exception in ASGI application" in its log; test_conformance.py compares those.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest
from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException

from bgdemo import AsyncTestClient, TestClient


@dataclass
class Seen:
    """What a caller saw, in order: "status 200", "call raised ...", "drain raised ...", "drained"."""

    steps: list[str] = field(default_factory=list)

    def raised(self, where: str, error: BaseException) -> None:
        self.steps.append(f"{where} raised {type(error).__name__}: {error}")


def call_and_drain(app: FastAPI) -> list[str]:
    """Call an app with TestClient, then drain twice."""
    seen = Seen()
    with TestClient(app) as client:
        try:
            seen.steps.append(f"status {client.get('/').status_code}")
        except Exception as error:
            seen.raised("call", error)
        for _ in range(2):
            try:
                client.drain()
                seen.steps.append("drained")
            except Exception as error:
                seen.raised("drain", error)
    return seen.steps


def call_and_drain_awaited(app: FastAPI) -> list[str]:
    """Call an app with AsyncTestClient, then drain twice."""

    async def main() -> list[str]:
        seen = Seen()
        async with AsyncTestClient(app) as client:
            try:
                seen.steps.append(f"status {(await client.get('/')).status_code}")
            except Exception as error:
                seen.raised("call", error)
            for _ in range(2):
                try:
                    await client.drain()
                    seen.steps.append("drained")
                except Exception as error:
                    seen.raised("drain", error)
        return seen.steps

    return asyncio.run(main())


both_clients = pytest.mark.parametrize(
    "play", [call_and_drain, call_and_drain_awaited], ids=["TestClient", "AsyncTestClient"]
)
Play = Callable[[FastAPI], list[str]]


def app_with(task_error: Exception | None = None, route_error: Exception | None = None) -> FastAPI:
    """An app whose task raises one error, and whose route raises another."""
    app = FastAPI()

    def task() -> None:
        if task_error is not None:
            raise task_error

    @app.get("/")
    def index(background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(task)
        if route_error is not None:
            raise route_error

    return app


@both_clients
def test_an_error_of_a_task_is_raised_by_drain_and_not_by_the_call(play: Play) -> None:
    assert play(app_with(task_error=ValueError("no disk"))) == [
        "status 200",
        "drain raised ValueError: no disk",
        "drained",
    ]


@both_clients
def test_an_http_exception_of_a_task_is_raised_by_drain_as_the_server_logs_it(play: Play) -> None:
    assert play(app_with(task_error=HTTPException(418))) == [
        "status 200",
        "drain raised RuntimeError: Caught handled exception, but response already started.",
        "drained",
    ]


@both_clients
def test_an_error_of_the_route_is_raised_by_the_call_and_not_again_by_drain(play: Play) -> None:
    assert play(app_with(route_error=ValueError("no disk"))) == [
        "call raised ValueError: no disk",
        "drained",
        "drained",
    ]


@both_clients
def test_an_http_exception_of_the_route_is_a_response(play: Play) -> None:
    assert play(app_with(route_error=HTTPException(404))) == ["status 404", "drained", "drained"]


@both_clients
def test_an_error_of_code_after_yield_is_raised_by_drain(play: Play) -> None:
    async def session() -> AsyncIterator[None]:
        yield
        raise ValueError("no commit")

    app = FastAPI()

    @app.get("/", dependencies=[Depends(session)])
    def index() -> None:
        pass

    assert play(app) == ["status 200", "drain raised ValueError: no commit", "drained"]
