"""The seams in Starlette through which every background task goes.

`BackgroundTask.__init__` is where a task is added and `BackgroundTask.__call__` is where it runs,
for FastAPI's tasks too (its BackgroundTasks overrides the `__call__` of the list, not that of a task).
`BackgroundTasks` are the lists of tasks, in which one that fails skips the ones after it.
The seams are in place while at least one recorder is open; apps without a recorder see no difference.
"""

import functools
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any, Protocol

from starlette.background import BackgroundTask, BackgroundTasks

from bgdemo.turnstile import Turnstile

TaskObject = BackgroundTask


class Observer(Protocol):
    """Who is told about the tasks of the request that is being handled."""

    def task_added(self, task: TaskObject) -> None: ...

    def list_made(self, tasks: BackgroundTasks) -> None: ...

    async def run_task(self, task: TaskObject) -> None: ...


current: ContextVar[Observer | None] = ContextVar("bgdemo_request", default=None)
"""The observer of the request that this code belongs to; worker threads inherit it."""

_turnstile = Turnstile()
_users = 0
_task_init = BackgroundTask.__init__
_task_call = BackgroundTask.__call__
_list_init = BackgroundTasks.__init__


def install() -> None:
    """Put the hooks in place; each call needs one `uninstall`."""
    _turnstile.run(lambda: _count(+1))


def uninstall() -> None:
    """Undo one `install`; the last one leaves Starlette as it was. A finalizer may call it."""
    _turnstile.run_soon(lambda: _count(-1))


async def call(task: TaskObject) -> None:
    """Run a task just as Starlette does without hooks."""
    await _task_call(task)


def with_function(task: TaskObject, func: Any) -> TaskObject:
    """A task that calls `func` with the same arguments, in the same place."""
    copy = object.__new__(BackgroundTask)
    copy.func, copy.args, copy.kwargs, copy.is_async = func, task.args, task.kwargs, task.is_async
    return copy


def tasks_in(tasks: BackgroundTasks) -> Iterator[TaskObject]:
    """The tasks of a list, and of the lists within it, in the order in which they run."""
    for task in tasks.tasks:
        if isinstance(task, BackgroundTasks):
            yield from tasks_in(task)
        else:
            yield task


def _count(change: int) -> None:
    global _users
    _users += change
    BackgroundTask.__init__ = _hooked_task_init if _users else _task_init  # type: ignore[method-assign]
    BackgroundTask.__call__ = _hooked_task_call if _users else _task_call  # type: ignore[method-assign]
    BackgroundTasks.__init__ = _hooked_list_init if _users else _list_init  # type: ignore[method-assign]


@functools.wraps(_task_init)
def _hooked_task_init(self: BackgroundTask, *args: Any, **kwargs: Any) -> None:
    _task_init(self, *args, **kwargs)
    observer = current.get()
    if observer is not None:
        observer.task_added(self)


@functools.wraps(_task_call)
async def _hooked_task_call(self: BackgroundTask) -> None:
    observer = current.get()
    if observer is None:
        await _task_call(self)
    else:
        await observer.run_task(self)


@functools.wraps(_list_init)
def _hooked_list_init(self: BackgroundTasks, *args: Any, **kwargs: Any) -> None:
    _list_init(self, *args, **kwargs)
    observer = current.get()
    if observer is not None:
        observer.list_made(self)
