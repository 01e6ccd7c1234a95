"""One run of somebody's app through an exercise: on a simulated clock, in a folder of its own, with limits."""

import contextlib
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
from starlette.types import ASGIApp

from bgdemo.client import TestClient
from bgdemo.display.words import shown
from bgdemo.errors import DrainTimeout
from bgdemo.lessons import temporary_folder
from bgdemo.model import Request, Task
from bgdemo.record.timeline import Timeline
from bgdemo.simulation import SimulatedClock

Scenario = Callable[[TestClient], Any]
"""Talks to an app through a client, and returns what the checks want to look at beside the timeline."""

LONG = 3600.0
"""Simulated seconds that an answer, or all background work, may take."""

BLOCKED, COMPUTING, STEPS, WAKEUPS = 1.0, 1.0, 20_000, 100_000
"""Real seconds without a sign of life, seconds of computing, steps of one instant, and sleeps in one call, after which
code is stopped."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What happened."""

    timeline: Timeline
    responses: tuple[httpx.Response, ...]
    """In the order of the requests; one that raised has none."""
    seen: Any
    """What the scenario returned; None if it was cut short."""
    errors: tuple[BaseException, ...]
    """What the app raised: in a route, which cuts the scenario short, or in a task."""
    source: str | None = None
    """The text of the app, if it is known."""
    words: Mapping[str, str] = field(default_factory=dict)
    """What stands in this variant of an exercise for its names and numbers."""

    @property
    def shape(self) -> object:
        """What two runs of the same code have in common, to be compared."""
        requests = [_request(request) for request in self.timeline.requests]
        tasks = [_task(task) for task in self.timeline.tasks]
        return requests, tasks, [response.content for response in self.responses], self.seen


def run(app: ASGIApp, scenario: Scenario) -> Trial:
    """Send an app through a scenario.

    Args:
        app: anybody's; code of it that never ends is stopped.
        scenario: what is done to it.

    Raises:
        ClientError: it is no app at all.
    """
    return follow(limited_client(app), scenario)


def limited_client(app: ASGIApp) -> TestClient:
    """A client on a simulated clock that stops code which never ends.

    Raises:
        ClientError: it is no app at all.
    """
    clock = SimulatedClock(real_timeout=BLOCKED, compute_timeout=COMPUTING, max_steps=STEPS, max_wakeups=WAKEUPS)
    return TestClient(app, clock=clock, timeout=LONG, close_timeout=0.0)


def follow(client: TestClient, scenario: Scenario) -> Trial:
    """Let a scenario talk to an app, and record what happens.

    Args:
        client: not opened yet; it is closed at the end.
        scenario: what is done to its app.
    """
    responses: list[httpx.Response] = []
    errors: list[BaseException] = []
    seen = None
    client.event_hooks = {"response": [responses.append]}
    with temporary_folder(), contextlib.redirect_stdout(io.StringIO()):
        try:
            client.__enter__()
            seen = scenario(client)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            errors += each_error(error)
        try:
            client.drain(timeout=LONG)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            errors += each_error(error)
        timeline = _timeline_of(client, errors)
        try:
            client.close()
        except KeyboardInterrupt:
            raise
        except BaseException:  # all that it could tell has been told
            pass
    return Trial(timeline, tuple(responses), seen, tuple(errors))


def _timeline_of(client: TestClient, errors: list[BaseException]) -> Timeline:
    """What has happened; an empty timeline, and one more error, where an answer keeps it from being told."""
    try:
        return client.timeline
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        errors += each_error(error)
        return Timeline([], [], [], now=0.0, simulated=True)


def goes_on(error: BaseException) -> bool:
    """True if the error says that something never came to an end in simulated time."""
    return isinstance(error, (DrainTimeout, httpx.ReadTimeout))


def each_error(error: BaseException) -> list[BaseException]:
    """The error, or all errors in it if it is a group."""
    if isinstance(error, BaseExceptionGroup):
        return [one for part in error.exceptions for one in each_error(part)]
    return [error]


_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


def _request(request: Request) -> object:
    times = request.sent, request.responded, request.ended
    return request.method, request.path, request.status, times, request.error


def _task(task: Task) -> object:
    arguments = _ADDRESS.sub("", shown((task.args, dict(task.kwargs))))
    times = task.added, task.started, task.ended
    return task.name, arguments, times, task.status, task.error, task.printed
