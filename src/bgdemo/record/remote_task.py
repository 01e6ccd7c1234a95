"""Tasks that a route has sent to another process: what is heard of them is recorded as if they ran here."""

from collections.abc import Callable
from typing import Any, Protocol

from bgdemo.record.log import Log
from bgdemo.record.reading import EntryKind


class RemoteTaskListener(Protocol):
    """Who waits until no task runs in another process any more, and wants to have the errors. Told on any thread."""

    def remote_task_sent(self, task: "RemoteTask") -> None: ...

    def remote_task_ended(self, task: "RemoteTask", error: BaseException | None) -> None: ...


class RemoteTask:
    """One such task. Whoever hears of it says so here, on any thread.

    Args:
        log: of the request's recorder.
        listener: is told that it was sent, and that it has ended; None if nobody waits for it.
        request_id: of the route that sends the task.
        task_id: new.
        call: function, positional and keyword arguments.
    """

    __slots__ = ("_listener", "_log", "id", "request_id")

    def __init__(
        self,
        log: Log,
        listener: RemoteTaskListener | None,
        request_id: int,
        task_id: int,
        call: tuple[Callable[..., Any], Any, Any],
    ) -> None:
        self._log = log
        self._listener = listener
        self.request_id = request_id
        self.id = task_id
        log.append("task_added", request_id, task_id, call)
        if listener is not None:
            listener.remote_task_sent(self)

    def happened(self, kind: EntryKind, detail: Any, *, reading: float, process: int) -> None:
        """Record what has happened to the task in another process.

        Args:
            kind: what happened.
            detail: what there is to say about it, as for a task in this process.
            reading: of `time.perf_counter`, when it happened.
            process: the id of the process.
        """
        self._log.append_remote(kind, self.request_id, self.id, detail, reading=reading, process=process)

    def not_sent(self) -> None:
        """Record that the task did not get away: there was nobody to send it to."""
        self._log.append("task_left", self.request_id, self.id, "dropped")
        self.has_ended(None)

    def has_ended(self, error: BaseException | None) -> None:
        """Nothing more is to be expected of the task; `error` is for whoever waits for it."""
        if self._listener is not None:
            self._listener.remote_task_ended(self, error)
