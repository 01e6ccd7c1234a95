"""One task, from the moment it is added to its end, and what it notes on the way."""

import functools
from typing import TYPE_CHECKING, Any

from bgdemo.errors import EndlessLoopError
from bgdemo.model import TaskStatus
from bgdemo.record import hooks
from bgdemo.record.log import describe
from bgdemo.record.stdout import keep

if TYPE_CHECKING:
    from bgdemo.record.recorder import Recorder

_FAILURES = (Exception, SystemExit, KeyboardInterrupt, EndlessLoopError)


class WatchedTask:
    """One task. As a context manager: the time in which its function runs."""

    __slots__ = ("_is_async", "_kept_before", "_recorder", "_request_id", "_task_id", "status")

    def __init__(self, recorder: "Recorder", request_id: int, task_id: int, *, is_async: bool) -> None:
        self._recorder = recorder
        self._request_id = request_id
        self._task_id = task_id
        self._is_async = is_async
        self.status: TaskStatus = "added"

    def watching(self, task: hooks.TaskObject) -> hooks.TaskObject:
        """A task that does the same, and notes when its function begins and ends to run."""
        func = task.func
        if not callable(func):
            return task
        prepare = getattr(self._recorder.log.clock, "prepare", None)
        if prepare is not None:
            func = prepare(func)

        if task.is_async:

            @functools.wraps(func, updated=())  # its name is what telemetry calls the task
            async def run_async(*args: Any, **kwargs: Any) -> Any:
                with self:
                    return await func(*args, **kwargs)

            return hooks.with_function(task, run_async)

        @functools.wraps(func, updated=())
        def run(*args: Any, **kwargs: Any) -> Any:
            with self:
                return func(*args, **kwargs)

        return hooks.with_function(task, run)

    def __enter__(self) -> None:
        self.status = "running"
        self._recorder.running.add(self)
        self._note("task_started", "event_loop" if self._is_async else "threadpool")
        self._recorder.output.listen()
        self._kept_before = keep.get()
        keep.set(self._printed)

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if keep.get() == self._printed:  # not so where the garbage collector ends this, amid another task
            keep.set(self._kept_before)
        self.end(error)

    def end(self, error: BaseException | None) -> None:
        """Note how the task ended, once; a task that was given up has no end."""
        if self.status == "running" or (self.status == "added" and isinstance(error, Exception)):
            self.status = _outcome(error)
            self._recorder.running.discard(self)
            self._note("task_ended", (self.status, describe(error) if error and self.status == "failed" else None))
        else:
            self.leave("cancelled", if_still="added")

    def leave(self, status: TaskStatus, *, if_still: TaskStatus = "running") -> None:
        """Note that nothing more will be heard of the task, and why."""
        if self.status == if_still:
            self.status = status
            self._recorder.running.discard(self)
            self._note("task_left", status)

    def _printed(self, text: str) -> None:
        if self.status == "running":
            self._note("task_printed", text)

    def _note(self, kind: Any, detail: object) -> None:
        self._recorder.log.note(kind, self._request_id, self._task_id, detail)


def _outcome(error: BaseException | None) -> TaskStatus:
    if error is None:
        return "finished"
    return "failed" if isinstance(error, _FAILURES) else "cancelled"
