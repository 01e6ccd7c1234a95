"""Starlette: background tasks as their list sees them, and names that it keeps for itself."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

from starlette import _utils, exceptions
from starlette.background import BackgroundTask

from bgdemo._compat.borrowed import Borrowed

_NOTHING_IS_RECORDED = "no Recorder and no client starts: install a FastAPI and a Starlette that bgdemo is tested with"
_OTHERWISE = "a task keeps what it calls elsewhere"


def _a_task() -> BackgroundTask:
    return BackgroundTask(print)


BORROWED = (
    Borrowed(
        "starlette.background.BackgroundTask.__init__",
        needed_for="recording that a task is added",
        breaks_when="tasks are made without calling it",
        then=_NOTHING_IS_RECORDED,
    ),
    Borrowed(
        "starlette.background.BackgroundTask.__call__",
        needed_for="recording that a task runs; FastAPI's list awaits it for each of its tasks",
        breaks_when="a list runs its tasks in another way",
        then=_NOTHING_IS_RECORDED,
    ),
    Borrowed(
        "starlette.background.BackgroundTasks.__init__",
        needed_for="recording which tasks are skipped when one fails",
        breaks_when="lists are made without calling it",
        then=_NOTHING_IS_RECORDED,
    ),
    Borrowed(
        "starlette.background.BackgroundTasks().tasks",
        needed_for="recording which tasks are skipped when one fails",
        breaks_when="a list keeps its tasks elsewhere",
        then=_NOTHING_IS_RECORDED,
    ),
    Borrowed(
        "starlette.background.BackgroundTask().func",
        sample=_a_task,
        needed_for="recording when a task's function begins and ends, and what it is called",
        breaks_when=_OTHERWISE,
        then=_NOTHING_IS_RECORDED,
    ),
    Borrowed(
        "starlette.background.BackgroundTask().args",
        sample=_a_task,
        needed_for="recording what a task's function is called with",
        breaks_when=_OTHERWISE,
        then=_NOTHING_IS_RECORDED,
    ),
    Borrowed(
        "starlette.background.BackgroundTask().kwargs",
        sample=_a_task,
        needed_for="recording what a task's function is called with",
        breaks_when=_OTHERWISE,
        then=_NOTHING_IS_RECORDED,
    ),
    Borrowed(
        "starlette.background.BackgroundTask().is_async",
        sample=_a_task,
        needed_for="recording where a task's function runs",
        breaks_when="a task finds that out when it runs",
        then=_NOTHING_IS_RECORDED,
    ),
    Borrowed(
        "starlette._utils.is_async_callable",
        needed_for="telling an ASGI 3 app from an ASGI 2 app as Starlette's own client does",
        breaks_when="Starlette has it no more",
        then="the same question is asked here",
        has_fallback=True,
    ),
    Borrowed(
        "starlette.exceptions.StarletteDeprecationWarning",
        needed_for="the warning of wait_for_tasks=True about a timeout of one call, which is Starlette's own",
        breaks_when="Starlette has it no more; the early ones had none",
        then="it is a DeprecationWarning",
        has_fallback=True,
    ),
)

TimeoutWarning: type[Warning] = getattr(exceptions, "StarletteDeprecationWarning", DeprecationWarning)
"""What Starlette's client warns with where a call is given a timeout."""


def _is_async_callable(function: Any) -> bool:
    while isinstance(function, functools.partial):
        function = function.func
    called = getattr(function, "__call__", None)  # noqa: B004 (an object of a class with `async def __call__`)
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(called)


is_async_callable: Callable[[Any], bool] = getattr(_utils, "is_async_callable", _is_async_callable)
"""True for an async function, a partial of one, and an object that is called by one."""


def with_function(task: BackgroundTask, func: Any) -> BackgroundTask:
    """A task that calls `func` with the same arguments, in the same place."""
    copy = object.__new__(BackgroundTask)
    copy.func, copy.args, copy.kwargs, copy.is_async = func, task.args, task.kwargs, task.is_async
    return copy
