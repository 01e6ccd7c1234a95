"""Checks that many exercises share. Each says what was seen, and what to do about it."""

from collections.abc import Iterable
from typing import Any

from bgdemo.exercises.engine.exercise import Check
from bgdemo.exercises.engine.trial import Trial
from bgdemo.model import Request, Task

AT_ONCE = 0.5
"""Seconds; who waits longer has waited for something."""


def answered(*statuses: int) -> Check:
    """A check that the requests were answered, each with its status.

    Args:
        statuses: of all requests in order; one stands for all of them.
    """

    def check(tried: Trial) -> str | None:
        """The route answers"""
        expected = statuses * len(tried.timeline.requests) if len(statuses) == 1 else statuses
        for request, status in zip(tried.timeline.requests, expected, strict=False):
            if request.status != status and request.error is None:
                return _unlike(request, status, tried)
        return None

    return check


def answered_at_once(work: str) -> Check:
    """A check that no client waited.

    Args:
        work: what it would have waited for.
    """

    def check(tried: Trial) -> str | None:
        """The client is answered at once"""
        for request in tried.timeline.requests:
            waited = waited_by(request)
            if waited > AT_ONCE:
                return f"The client of {request.method} {request.path} waited {waited:g} s, for {work}."
        return None

    return check


def waited_by(request: Request) -> float:
    """Seconds that a client waited for its response, or for the end of the request where none came."""
    until = request.ended if request.responded is None else request.responded
    return 0.0 if until is None else until - request.sent


def added_by_name(tried: Trial) -> str | None:
    """The function itself is added"""
    if all(task.name != "<lambda>" for task in tried.timeline.tasks):
        return None
    return (
        "The task on the timeline is `<lambda>`, and nobody can see which function it runs, and with what. "
        "Pass the function and its arguments separately: add_task(f, x), not add_task(lambda: f(x))."
    )


def task_called(tried: Trial, name: str) -> list[Task]:
    """The tasks of a function, in the order in which they were added."""
    return [task for task in tried.timeline.tasks if task.name == tried.words.get(name, name)]


def added_times(tried: Trial, name: str) -> str | None:
    """What is wrong where a function was added more than once."""
    times = len(task_called(tried, name))
    return f"`{name}` was added {times} times, and is to run once." if times > 1 else None


def given(task: Task, names: Iterable[str]) -> dict[str, Any]:
    """What a task's function was called with, by the names of its parameters, in whichever way it was passed.

    Args:
        task: its arguments.
        names: of the function's parameters, in order.
    """
    return {**dict(zip(names, task.args, strict=False)), **task.kwargs}


def _unlike(request: Request, status: int, tried: Trial) -> str:
    route = f"{request.method} {request.path}"
    if request.status == 404:
        return (
            f"There is no route {route}. Did the cell above end with an error? Then fix that first. "
            "If not: keep the route's path and its method."
        )
    if request.status == 405:
        return f"{request.path} does not take {request.method}: {route} is what is wanted."
    if request.status == 422:
        return f"{route} was refused with 422, since it wants something else: {_missing(tried)}."
    return f"{route} answered {request.status}, not {status}."


def _missing(tried: Trial) -> str:
    for response in tried.responses:
        if response.status_code == 422:
            details = response.json().get("detail", [])
            return ", ".join(f"{detail['loc'][-1]!r} in its {detail['loc'][0]}" for detail in details)
    return "look at the parameters"
