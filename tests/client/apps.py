"""Apps that the tests of the clients send requests to."""

from collections.abc import Callable
from typing import Any

from fastapi import BackgroundTasks, FastAPI
from starlette.background import BackgroundTask
from starlette.types import ASGIApp, Receive, Scope, Send

TASK_INIT, TASK_CALL = BackgroundTask.__init__, BackgroundTask.__call__


def nothing() -> None:
    pass


def fail(message: str) -> None:
    raise ValueError(message)


def app_with(*tasks: Callable[[], Any] | tuple[Any, ...]) -> FastAPI:
    """An app whose `POST /` adds these tasks, each a function or (function, argument...)."""
    app = FastAPI()

    @app.post("/")
    def add(background_tasks: BackgroundTasks) -> str:
        for task in tasks:
            background_tasks.add_task(*(task if isinstance(task, tuple) else (task,)))
        return "added"

    @app.get("/ping")
    async def ping() -> str:
        return "pong"

    return app


def asgi(messages: list[dict[str, Any]]) -> ASGIApp:
    """An app that sends these messages, whatever it is asked."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for message in messages:
            await send(message)

    return app


START = {"type": "http.response.start", "status": 200, "headers": []}
BODY = {"type": "http.response.body", "body": b"one"}
PART = BODY | {"more_body": True}
