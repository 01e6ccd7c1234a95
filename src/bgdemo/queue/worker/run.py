"""What a worker does with one message: it runs the function that the message names, and notes what happens."""

import asyncio
import inspect
import traceback
from pathlib import Path
from typing import Any

from bgdemo._compat.celery import came_again, message_of
from bgdemo.queue.broker.arguments import found
from bgdemo.queue.broker.engine import TASK
from bgdemo.queue.notes.notes import Writer
from bgdemo.record.log import describe
from bgdemo.record.stdout import Listener, keep

Message = dict[str, Any]
"""function, args, kwargs; retries: how many; backoff: seconds before the first; notes: the folder to note in."""


def serve(app: Any) -> "WorkerNotes":
    """Let a Celery app run the messages that come; keep what this returns as long as it is to be noted."""
    notes = WorkerNotes()

    @app.task(name=TASK, bind=True, max_retries=None)  # type: ignore[untyped-decorator]
    def run(task: Any, message: Message) -> None:
        try:
            notes.call(message, task.request.id)
        except (Exception, SystemExit) as error:
            notes.errors[task.request.id] = _described(error)
            if task.request.retries >= message["retries"]:
                raise (RuntimeError("a task called sys.exit()") if isinstance(error, SystemExit) else error) from None
            # Not by Celery's signal: that comes when the message is out, and its next run may have begun.
            notes.note(message, "task_retried", task.request.id, error=notes.errors[task.request.id][0])
            raise task.retry(exc=error, countdown=message["backoff"] * 2**task.request.retries) from None

    return notes


class WorkerNotes:
    """What happens in this worker, noted where each message says; told by Celery's signals, which hold this weakly."""

    def __init__(self) -> None:
        from celery import signals

        self.open: set[str] = set()
        """The ids of the messages that this worker has taken, and that are not done with."""
        self.errors: dict[str, tuple[str, str]] = {}
        """Error and traceback by the message's id, of the function alone: Celery's own frames are left out."""
        self._writers: dict[str, Writer | None] = {}
        self._listener = Listener()
        signals.task_received.connect(self._received)
        signals.task_prerun.connect(self._started)
        signals.task_success.connect(self._finished)
        signals.task_retry.connect(self._retried)
        signals.task_failure.connect(self._failed)

    def call(self, message: Message, message_id: str) -> None:
        """Run the function of a message in this thread; an `async def` one on an event loop of its own."""
        self._listener.listen()
        keep.set(lambda text: self.note(message, "task_printed", message_id, text=text))
        try:
            function = found(message["function"])
            if function is None:
                raise LookupError(f"this worker finds no {message['function']}: is it older than the message?")
            result = function(*message["args"], **message["kwargs"])
            if inspect.iscoroutine(result):
                asyncio.run(result)
        finally:
            keep.set(None)

    def note(self, message: Message, kind: str, message_id: str, **more: Any) -> None:
        """Note what happens to the task of a message, if its folder is on this machine."""
        folder = message["notes"]
        if folder not in self._writers:
            try:
                self._writers[folder] = Writer(Path(folder))
            except OSError:
                self._writers[folder] = None
        writer = self._writers[folder]
        if writer is not None:
            writer.write(kind, task=message_id, **more)

    def _received(self, request: Any, **_: Any) -> None:
        self.open.add(request.id)
        kind = "task_redelivered" if came_again(request) else "task_received"
        self.note(message_of(request), kind, request.id)

    def _started(self, task_id: str, args: Any, **_: Any) -> None:
        self.note(args[0], "task_started", task_id)

    def _finished(self, sender: Any, **_: Any) -> None:
        self._ended(sender.request, "finished")

    def _retried(self, request: Any, **_: Any) -> None:
        self.errors.pop(request.id)

    def _failed(self, sender: Any, **_: Any) -> None:
        error, text = self.errors.pop(sender.request.id)
        self._ended(sender.request, "failed", error=error, traceback=text)

    def _ended(self, request: Any, status: str, **more: Any) -> None:
        self.note(request.args[0], "task_ended", request.id, status=status, **more)
        self.open.discard(request.id)


def _described(error: BaseException) -> tuple[str, str]:
    below = error.__traceback__ and error.__traceback__.tb_next  # without `run`
    if below is not None and below.tb_next is not None:
        below = below.tb_next  # without `call`
    return describe(error), "".join(traceback.format_exception(type(error), error, below))
