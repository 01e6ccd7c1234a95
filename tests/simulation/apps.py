"""Small apps for the tests of the simulated clock."""

from collections.abc import Callable
from typing import Any

from fastapi import BackgroundTasks, FastAPI

from bgdemo import Timeline


def app_with(*functions: Callable[..., Any]) -> FastAPI:
    """An app with a route POST /<name>?n=1 for each function, which adds it as a task, n times."""
    app = FastAPI()
    for function in functions:
        app.post(f"/{function.__name__}")(_adding(function))
    return app


def _adding(function: Callable[..., Any]) -> Callable[..., Any]:
    async def add(background_tasks: BackgroundTasks, n: int = 1) -> dict[str, int]:
        for _ in range(n):
            background_tasks.add_task(function)
        return {"added": n}

    return add


def ends(timeline: Timeline) -> list[float | None]:
    """When the tasks ended, in seconds, in the order in which they were added."""
    return [task.ended for task in timeline.tasks]


def statuses(timeline: Timeline) -> list[str]:
    """How the tasks are, in the order in which they were added."""
    return [task.status for task in timeline.tasks]
