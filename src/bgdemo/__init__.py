"""Learn, test and watch FastAPI's background tasks: the response leaves, the task goes on, one timeline shows both.

A client for an app in this process, which returns when a real client would have its response:

>>> from fastapi import BackgroundTasks, FastAPI
>>> from bgdemo import TestClient
>>> app = FastAPI()
>>> @app.post("/send_info")
... async def send_notification(email: str, background_tasks: BackgroundTasks):
...     background_tasks.add_task(print, "notification for", email)
...     return {"message": "Notification sent in the background"}
>>> with TestClient(app, clock="simulated") as client:
...     response = client.post("/send_info", params={"email": "a@example.com"})
...     task_at_the_response = client.timeline.tasks[0].status
...     timeline = client.drain()
notification for a@example.com
>>> response.status_code, task_at_the_response, timeline.tasks[0].status
(200, 'added', 'finished')

To hold:    TestClient, AsyncTestClient; Recorder, for any ASGI server.
To read:    Timeline, with Request, Task and Event.
Time:       Clock, RealClock, SimulatedClock.
To judge:   assertions. To draw: display. To choose a tool for some work: guide.
To catch:   BgdemoError, and below it one exception for each thing that can go wrong.

For the course: bgdemo.lessons, exercises, questions and notebook. The same tasks on Celery: bgdemo.queue. A real
uvicorn beside you: bgdemo.server. Fixtures, which pytest finds by itself: bgdemo.pytest_plugin.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bgdemo import assertions, display
    from bgdemo.advice import guide
    from bgdemo.client import AsyncTestClient, TestClient
    from bgdemo.clock import Clock, RealClock
    from bgdemo.errors import (
        AppError,
        BgdemoError,
        BrokerUnavailable,
        ClientError,
        DeadlockError,
        DrainTimeout,
        EndlessLoopError,
        GradingError,
        QueuedTaskFailed,
        QueueError,
        RealBlockingError,
        RealIOError,
        ResponseTimeout,
    )
    from bgdemo.model import Event, Request, Task
    from bgdemo.record import Recorder, Timeline
    from bgdemo.simulation import SimulatedClock

_ERRORS = (
    "AppError", "BgdemoError", "BrokerUnavailable", "ClientError", "DeadlockError", "DrainTimeout", "EndlessLoopError",
    "GradingError", "QueueError", "QueuedTaskFailed", "RealBlockingError", "RealIOError", "ResponseTimeout",
)  # fmt: skip
_HOMES = {
    "AsyncTestClient": "client",
    "Clock": "clock",
    "Event": "model",
    "RealClock": "clock",
    "Recorder": "record",
    "Request": "model",
    "SimulatedClock": "simulation",
    "Task": "model",
    "TestClient": "client",
    "Timeline": "record",
    "guide": "advice",
    **dict.fromkeys(_ERRORS, "errors"),
}
"""The rooms that the names are in. They are imported when first asked for: pytest loads the plugin of this package,
and so the package, in every project that it is installed beside."""

__all__ = [
    "AppError",
    "AsyncTestClient",
    "BgdemoError",
    "BrokerUnavailable",
    "ClientError",
    "Clock",
    "DeadlockError",
    "DrainTimeout",
    "EndlessLoopError",
    "Event",
    "GradingError",
    "QueueError",
    "QueuedTaskFailed",
    "RealBlockingError",
    "RealClock",
    "RealIOError",
    "Recorder",
    "Request",
    "ResponseTimeout",
    "SimulatedClock",
    "Task",
    "TestClient",
    "Timeline",
    "assertions",
    "display",
    "guide",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = importlib.import_module(f"{__name__}.{_HOMES.get(name, name)}")
    return getattr(home, name) if name in _HOMES else home


def __dir__() -> list[str]:
    return sorted(__all__)
