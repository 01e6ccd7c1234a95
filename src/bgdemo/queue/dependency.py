"""What a route asks for: something that tasks can be added to, and the app decides what."""

import functools
import os
from collections.abc import Callable
from typing import Annotated, Any, Protocol

from fastapi import BackgroundTasks, Depends

from bgdemo.queue.queue import Queue


class AddsTasks(Protocol):
    """What BackgroundTasks and Queue have in common."""

    def add_task(self, func: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        """Let `func(*args, **kwargs)` run in the background."""
        ...


def tasks(background_tasks: BackgroundTasks) -> AddsTasks:
    """FastAPI's own BackgroundTasks; or, where the environment variable BGDEMO_BROKER is set, a queue on that broker.

    An app chooses for itself with `app.dependency_overrides[tasks] = Queue(...)`.
    """
    return queue_of_environment() if os.environ.get("BGDEMO_BROKER") else background_tasks


Tasks = Annotated[AddsTasks, Depends(tasks)]
"""The annotation for a route: `async def send_notification(email: str, background_tasks: Tasks)`."""


@functools.cache
def queue_of_environment() -> Queue:
    """The one queue of this process on the broker that BGDEMO_BROKER names."""
    return Queue()
