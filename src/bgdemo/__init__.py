"""Learn, test and watch FastAPI's background tasks: the response leaves, the task goes on, one timeline shows both."""

from bgdemo import display
from bgdemo.client import AsyncTestClient, TestClient
from bgdemo.clock import Clock, RealClock
from bgdemo.recorder import Recorder
from bgdemo.simulation import SimulatedClock
from bgdemo.timeline import Event, Request, Task, Timeline

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
    "display",
]
