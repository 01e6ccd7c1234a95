"""The seams in Starlette through which every background task goes.

`BackgroundTask.__init__` is where a task is added and `BackgroundTask.__call__` is where it runs,
for FastAPI's tasks too (its BackgroundTasks overrides the `__call__` of the list, not that of a task).
`BackgroundTasks` are the lists of tasks, in which one that fails skips the ones after it.
The seams are in place while at least one recorder is open; apps without a recorder see no difference.
"""

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextvars import ContextVar
from typing import Any, Protocol

from starlette.background import BackgroundTask, BackgroundTasks

from bgdemo._compat.borrowed import require
from bgdemo._compat.starlette import BORROWED
from bgdemo.errors import ClientError
from bgdemo.threads.turnstile import Turnstile

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


def refuse_elsewhere() -> None:
    """Raise ClientError where Starlette has other seams; the message says which one is gone."""
    require(ClientError, *BORROWED)


def install() -> None:
    """Put the hooks in place; each call needs one `uninstall`."""
    _turnstile.run(lambda: _count(+1))


def uninstall() -> None:
    """Undo one `install`; the last one leaves Starlette as it was. A finalizer may call it."""
    _turnstile.run_soon(lambda: _count(-1))


async def call(task: TaskObject) -> None:
    """Run a task just as Starlette does without hooks."""
    await _task_call.original(task)


def tasks_in(tasks: BackgroundTasks) -> Iterator[TaskObject]:
    """The tasks of a list, and of the lists within it, in the order in which they run."""
    for task in tasks.tasks:
        if isinstance(task, BackgroundTasks):
            yield from tasks_in(task)
        else:
            yield task


def skipped_by(failed: Sequence[TaskObject], lists: Iterable[BackgroundTasks]) -> set[int]:
    """The ids of the tasks that come after a failed one in its list, or in the list that its list is in."""
    skipped: set[int] = set()
    for tasks in lists if failed else ():
        flat = list(tasks_in(tasks))
        places = [place for place, task in enumerate(flat) if any(task is one for one in failed)]
        skipped.update(id(task) for task in flat[min(places, default=len(flat)) :])
    return skipped


class _Seam:
    """A method of Starlette, hooked from the first `install` to the last `uninstall`.

    What somebody else has put in its place stays in use below the hook, and what is put above the hook stays there.

    Args:
        owner: the class.
        name: of the method.
        hook: makes the hook from what is in the method's place, and from a function that gives who is to be told.
    """

    def __init__(self, owner: type, name: str, hook: Callable[[Any, Callable[[], Observer | None]], Any]) -> None:
        self._owner = owner
        self._name = name
        self._hook = hook
        self._hooked: Any = None
        self._left: dict[int, tuple[Any, Any]] = {}
        """Hooks that somebody else was above when they were taken out, and what is below each, by their ids."""
        self.original = getattr(owner, name)

    def put_in(self) -> None:
        def observer() -> Observer | None:
            return current.get() if self._hooked is hooked else None  # else it was left below somebody else's

        self.original = self._below_what_was_left(getattr(self._owner, self._name))
        self._hooked = hooked = functools.wraps(self.original)(self._hook(self.original, observer))
        setattr(self._owner, self._name, hooked)

    def take_out(self) -> None:
        if getattr(self._owner, self._name) is self._hooked:
            setattr(self._owner, self._name, self.original)
        else:
            self._left[id(self._hooked)] = self._hooked, self.original
        self._hooked = None

    def _below_what_was_left(self, found: Any) -> Any:
        """What is in the method's place, without hooks of an earlier time that have come to light again."""
        while id(found) in self._left:
            _, found = self._left.pop(id(found))
        return found


def _count(change: int) -> None:
    global _users
    before, _users = _users, _users + change
    for seam in _SEAMS:
        if not before:
            seam.put_in()
        elif not _users:
            seam.take_out()


def _hooked_task_init(original: Any, observer: Callable[[], Observer | None]) -> Any:
    def init(self: BackgroundTask, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        told = observer()
        if told is not None:
            told.task_added(self)

    return init


def _hooked_task_call(original: Any, observer: Callable[[], Observer | None]) -> Any:
    async def call(self: BackgroundTask) -> None:
        told = observer()
        if told is None:
            await original(self)
        else:
            await told.run_task(self)

    return call


def _hooked_list_init(original: Any, observer: Callable[[], Observer | None]) -> Any:
    def init(self: BackgroundTasks, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        told = observer()
        if told is not None:
            told.list_made(self)

    return init


_task_call = _Seam(BackgroundTask, "__call__", _hooked_task_call)
_SEAMS = (
    _Seam(BackgroundTask, "__init__", _hooked_task_init),
    _task_call,
    _Seam(BackgroundTasks, "__init__", _hooked_list_init),
)
