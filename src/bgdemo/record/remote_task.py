"""Tasks that a route has sent to another process: what is heard of them is noted as if they ran here."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from bgdemo.record.log import NoteKind

if TYPE_CHECKING:
    from bgdemo.record.recorder import Recorder


class Waiting(Protocol):
    """Who waits until nothing runs elsewhere any more, and wants to have the errors. Told on any thread."""

    def sent_elsewhere(self, task: "TaskElsewhere") -> None: ...

    def ended_elsewhere(self, task: "TaskElsewhere", error: BaseException | None) -> None: ...


class TaskElsewhere:
    """One such task. Whoever hears of it says so here, on any thread.

    Args:
        recorder: of the request.
        request_id: of the route that sends the task.
        task_id: new.
        call: function, positional and keyword arguments.
    """

    __slots__ = ("_recorder", "id", "request_id")

    def __init__(
        self, recorder: "Recorder", request_id: int, task_id: int, call: tuple[Callable[..., Any], Any, Any]
    ) -> None:
        self._recorder = recorder
        self.request_id = request_id
        self.id = task_id
        recorder.log.note("task_added", request_id, task_id, call)
        if recorder.waiting is not None:
            recorder.waiting.sent_elsewhere(self)

    def happened(self, kind: NoteKind, detail: Any, *, reading: float, process: int) -> None:
        """Note what has happened to the task in another process.

        Args:
            kind: what happened.
            detail: what there is to say about it, as for a task in this process.
            reading: of `time.perf_counter`, when it happened.
            process: the id of the process.
        """
        self._recorder.log.note_elsewhere(kind, self.request_id, self.id, detail, reading=reading, process=process)

    def not_sent(self) -> None:
        """Note that the task did not get away: there was nobody to send it to."""
        self._recorder.log.note("task_left", self.request_id, self.id, "dropped")
        self.is_over(None)

    def is_over(self, error: BaseException | None) -> None:
        """Nothing more is to be expected of the task; `error` is for whoever waits for it."""
        if self._recorder.waiting is not None:
            self._recorder.waiting.ended_elsewhere(self, error)
