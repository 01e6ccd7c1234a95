"""One task, from the moment it is added to its end, and what is recorded of it."""

import functools
from typing import Any

from bgdemo._compat.starlette import with_function
from bgdemo.errors import EndlessLoopError
from bgdemo.model import TaskStatus
from bgdemo.record import hooks
from bgdemo.record.log import Log, describe
from bgdemo.record.stdout import Listener, keep

_FAILURES = (Exception, SystemExit, KeyboardInterrupt, EndlessLoopError)


class RecordedTask:
    """One task. As a context manager: the time in which its function runs.

    Args:
        log: of its recorder.
        running: the tasks of that recorder whose function runs now.
        output: listens to what they print.
        request_id: of its request.
        task_id: its own.
        is_async: its function is an `async def`.
    """

    __slots__ = ("_is_async", "_kept_before", "_log", "_output", "_request_id", "_running", "_task_id", "status")

    def __init__(
        self,
        log: Log,
        running: set["RecordedTask"],
        output: Listener,
        request_id: int,
        task_id: int,
        *,
        is_async: bool,
    ) -> None:
        self._log = log
        self._running = running
        self._output = output
        self._request_id = request_id
        self._task_id = task_id
        self._is_async = is_async
        self.status: TaskStatus = "added"

    def wrap(self, task: hooks.TaskObject) -> hooks.TaskObject:
        """A task that does the same, and records when its function begins and ends to run."""
        func = task.func
        if not callable(func):
            return task
        func = self._log.clock.prepare(func)

        if task.is_async:

            @functools.wraps(func, updated=())  # its name is what telemetry calls the task
            async def run_async(*args: Any, **kwargs: Any) -> Any:
                with self:
                    return await func(*args, **kwargs)

            return with_function(task, run_async)

        @functools.wraps(func, updated=())
        def run(*args: Any, **kwargs: Any) -> Any:
            with self:
                return func(*args, **kwargs)

        return with_function(task, run)

    def __enter__(self) -> None:
        self.status = "running"
        self._running.add(self)
        self._record("task_started", "event_loop" if self._is_async else "threadpool")
        self._output.listen()
        self._kept_before = keep.get()
        keep.set(self._printed)

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if keep.get() == self._printed:  # not so where the garbage collector ends this, amid another task
            keep.set(self._kept_before)
        self.record_end(error)

    def record_end(self, error: BaseException | None) -> None:
        """Record how the task ended, once; a task that was given up has no end."""
        if self.status == "running" or (self.status == "added" and isinstance(error, Exception)):
            self.status = _outcome(error)
            self._running.discard(self)
            self._record("task_ended", (self.status, describe(error) if error and self.status == "failed" else None))
        else:
            self.record_as("cancelled", if_still="added")

    def record_as(self, status: TaskStatus, *, if_still: TaskStatus = "running") -> None:
        """Record that nothing more will be heard of the task, and why."""
        if self.status == if_still:
            self.status = status
            self._running.discard(self)
            self._record("task_left", status)

    def _printed(self, text: str) -> None:
        if self.status == "running":
            self._record("task_printed", text)

    def _record(self, kind: Any, detail: object) -> None:
        self._log.append(kind, self._request_id, self._task_id, detail)


def _outcome(error: BaseException | None) -> TaskStatus:
    if error is None:
        return "finished"
    return "failed" if isinstance(error, _FAILURES) else "cancelled"
