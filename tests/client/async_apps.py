"""For the tests of the awaited client: an app whose tasks are added on the event loop, and a loop to run a test on."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import BackgroundTasks, FastAPI

from gates import DEADLINE


def run(main: Coroutine[Any, Any, Any]) -> Any:
    """Run a test on an event loop of its own; one that hangs fails."""

    async def limited() -> Any:
        return await asyncio.wait_for(main, DEADLINE)

    return asyncio.run(limited())


def nothing() -> None:
    pass


def fail(message: str) -> None:
    raise ValueError(message)


def app_with(*tasks: Callable[[], Any] | tuple[Any, ...]) -> FastAPI:
    app = FastAPI()

    @app.post("/")
    async def add(background_tasks: BackgroundTasks) -> str:
        for task in tasks:
            background_tasks.add_task(*(task if isinstance(task, tuple) else (task,)))
        return "added"

    @app.get("/ping")
    async def ping() -> str:
        return "pong"

    return app


class AsyncGate:
    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.open = asyncio.Event()

    async def hold(self) -> None:
        self.reached.set()
        await self.open.wait()
