"""Learn, test and watch FastAPI's background tasks: the response leaves, the task goes on, one timeline shows both."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bgdemo import assertions, display
    from bgdemo.advice import guide
    from bgdemo.client import AsyncTestClient, TestClient
    from bgdemo.clock import Clock, RealClock
    from bgdemo.record.recorder import Recorder
    from bgdemo.record.timeline import Event, Request, Task, Timeline
    from bgdemo.simulation import SimulatedClock

__all__ = [
    "AsyncTestClient",
    "Clock",
    "Event",
    "RealClock",
    "Recorder",
    "Request",
    "SimulatedClock",
    "Task",
    "TestClient",
    "Timeline",
    "assertions",
    "display",
    "guide",
]

_HOMES = {
    "AsyncTestClient": "client",
    "Clock": "clock",
    "Event": "timeline",
    "RealClock": "clock",
    "Recorder": "recorder",
    "Request": "timeline",
    "SimulatedClock": "simulation",
    "Task": "timeline",
    "TestClient": "client",
    "Timeline": "timeline",
    "guide": "advice",
}
"""The modules that the names are in. They are imported when first asked for: pytest loads the plugin of this package,
and so the package, in every project that it is installed beside."""


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = importlib.import_module(f"{__name__}.{_HOMES.get(name, name)}")
    return getattr(home, name) if name in _HOMES else home


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
