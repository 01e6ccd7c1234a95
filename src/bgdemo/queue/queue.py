"""The queue: `add_task` as BackgroundTasks has it, but that the task runs in a worker's process."""

import os
import shutil
import tempfile
import threading
import time
import uuid
import weakref
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bgdemo._compat.celery import warm_up
from bgdemo.errors import BrokerUnavailable, QueueError
from bgdemo.queue.broker.arguments import importable, refuse_unsendable
from bgdemo.queue.broker.engine import (
    EMBEDDED,
    FOLDERS,
    IN_WORKER,
    NAME,
    TASK,
    THREADS,
    TIMEOUT,
    VISIBILITY_TIMEOUT,
    Settings,
    celery_app,
    refuse_unknown,
)
from bgdemo.queue.following import Follower, weakly
from bgdemo.queue.notes.failures import Failure, failures_in
from bgdemo.queue.notes.notes import READ_EVERY, Reader, Writer, known
from bgdemo.queue.worker.handle import Worker
from bgdemo.record import hooks
from bgdemo.record.remote_task import RemoteTask
from bgdemo.record.request import RecordedRequest

READY = 30.0
"""Seconds on the wall that a worker may take to start."""


class Queue:
    """Tasks for workers, by way of a broker: the one that is embedded here, Redis, or RabbitMQ.

    It is a dependency: `Annotated[Queue, Depends(queue)]`; or, for routes with `background_tasks: Tasks`,
    `app.dependency_overrides[tasks] = queue`.

    Args:
        broker: "embedded", a folder of this machine, whose worker starts by itself; or a URL, redis:// or amqp://.
            The environment variable BGDEMO_BROKER is taken where this is None, and "embedded" where that is not set.
        name: of the queue at the broker.
        folder: where the messages of the embedded broker are, and the notes that make the timeline; None for a
            temporary one, which is removed at the end. BGDEMO_QUEUE_FOLDER names one too. See `self.folder`.
        retries: how many more attempts a task gets that raises.
        backoff: seconds before the first retry; twice as many before each next one.
        threads: how many tasks a worker runs at a time.
        visibility_timeout: seconds until Redis gives a task whose end it has not heard of to another worker: more than
            the longest task takes, or a task that goes well is run twice.
        timeout: seconds that `add_task` may wait for the broker.

    Raises:
        QueueError: there is no such broker, or Celery or Redis's client is not installed.
    """

    def __init__(
        self,
        broker: str | None = None,
        *,
        name: str = NAME,
        folder: str | os.PathLike[str] | None = None,
        retries: int = 2,
        backoff: float = 1.0,
        threads: int = THREADS,
        visibility_timeout: float = VISIBILITY_TIMEOUT,
        timeout: float = TIMEOUT,
    ) -> None:
        broker = broker or os.environ.get("BGDEMO_BROKER") or EMBEDDED
        refuse_unknown(broker)
        notes = os.environ.get("BGDEMO_QUEUE_NOTES")
        folder = folder or os.environ.get("BGDEMO_QUEUE_FOLDER") or (None if broker == EMBEDDED else notes)
        self._is_temporary = folder is None
        self.folder = Path(folder or tempfile.mkdtemp(prefix="bgdemo-queue-")).absolute()
        self._notes = Path(notes or self.folder / "notes")
        for part in (*[self.folder / name for name in FOLDERS if broker == EMBEDDED], self._notes):
            part.mkdir(parents=True, exist_ok=True)
        self._settings = Settings(broker, name, self.folder, self._notes, visibility_timeout, timeout)
        self._app = celery_app(self._settings, sends=True)
        warm_up(self._app)
        self._retries, self._backoff, self._threads = retries, backoff, threads
        self._writer = Writer(self._notes)
        self._follower = Follower(self._settings, weakly(self._start_worker_unless_one_lives))
        self._starting = threading.Lock()
        temporary = self.folder if self._is_temporary else None
        self._abandon = weakref.finalize(self, _abandon, self._follower, self._writer, temporary)

    @property
    def workers(self) -> tuple[Worker, ...]:
        """The workers that this queue has started, the dead ones too."""
        return tuple(self._follower.workers)

    def __repr__(self) -> str:
        return f"<Queue on {self._settings.shown}, its files in {self.folder}>"

    def __call__(self) -> Self:
        return self

    def add_task(self, func: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        """Send a task to the workers: at once, and not when the response has left.

        Args:
            func: a function that a module has at its top level, `def` or `async def`.
            args: what it is called with; JSON has to know it.
            kwargs: what it is called with; JSON has to know it.

        Raises:
            QueueError: a worker could not import the function, or an argument would not arrive as it is.
            BrokerUnavailable: the broker did not take it; in a route, the client gets a 503.
        """
        function = importable(func)
        refuse_unsendable(func, args, kwargs)
        request = _request()
        if self._settings.broker == EMBEDDED and IN_WORKER not in os.environ:
            try:
                self._start_worker_unless_one_lives()
            except OSError as error:
                raise self._unavailable(function, error) from error
        message_id = str(uuid.uuid4())
        recorded = None if request is None else request.recorder.begin_remote_task(request.id, func, args, kwargs)
        numbers = {"request": recorded.request_id, "number": recorded.id} if recorded else {}
        call = {"args": list(map(known, args)), "kwargs": {name: known(value) for name, value in kwargs.items()}}
        self._writer.write("task_added", task=message_id, function=function, **call, **numbers)
        if recorded:
            self._follower.expect(message_id, recorded)
        message = {"function": function, "args": args, "kwargs": kwargs, "notes": str(self._notes)}
        self._send(message_id, {**message, "retries": self._retries, "backoff": self._backoff}, recorded)

    def start_worker(self) -> Worker:
        """Start one more worker in a process of its own, and wait until it is ready.

        Raises:
            QueueError: it did not start; what it said is in the message.
        """
        if IN_WORKER in os.environ:
            raise QueueError(
                "start_worker() was called in a worker, which imports the modules of its tasks: start workers in the "
                "app's lifespan, or below `if __name__ == '__main__'`, and not where a module is imported."
            )
        worker = self._start_worker()
        deadline = time.monotonic() + READY
        reader = Reader(self._notes)
        while not any(note["kind"] == "worker_ready" and note["process"] == worker.process for note in reader.read()):
            if not worker.alive or time.monotonic() > deadline:
                worker.kill()
                raise QueueError(f"The worker did not start. The end of {worker.log}:\n{worker.last_words()}")
            time.sleep(READ_EVERY)
        return worker

    def failures(self) -> tuple[Failure, ...]:
        """The tasks that failed for good, kept in `folder` with their tracebacks, the oldest first."""
        return failures_in(self._notes)

    def close(self, timeout: float = 30.0) -> None:
        """Let the workers finish what they have, with the embedded broker all that waits too, and end.

        Args:
            timeout: seconds on the wall to wait for that; after that they go on without being waited for.
        """
        deadline = time.monotonic() + timeout
        self._abandon()
        ended = [worker.wait(max(0.0, deadline - time.monotonic())) for worker in self.workers]
        self._app.close()
        if self._is_temporary and all(ended):
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self.close()

    def _start_worker_unless_one_lives(self) -> None:
        if not any(worker.alive for worker in self.workers):
            with self._starting:
                if not any(worker.alive for worker in self.workers):
                    self._start_worker()

    def _start_worker(self) -> Worker:
        alone = not any(worker.alive for worker in self.workers)
        worker = Worker(self._settings, self._threads, remove=self._is_temporary and alone)
        self._follower.workers.append(worker)
        return worker

    def _send(self, message_id: str, message: dict[str, Any], recorded: RemoteTask | None) -> None:
        began = time.monotonic()
        try:
            options = {"task_id": message_id, "confirm_timeout": self._settings.attempt}
            self._app.send_task(TASK, (message,), retry=True, retry_policy=_ONCE_MORE, **options)
        except Exception as error:
            self._follower.forget(message_id)
            self._writer.write("task_left", task=message_id)
            if recorded:
                recorded.not_sent()
            raise self._unavailable(message["function"], error, time.monotonic() - began) from error

    def _unavailable(self, function: str, error: Exception, took: float = 0.0) -> BrokerUnavailable:
        where, question = f"{self._settings.kind} at {self._settings.shown}", "Is it running?"
        if self._settings.broker == EMBEDDED:
            where, question = f"the embedded broker in {self.folder}", "Is that folder there, and may it be written to?"
        said = f"did not take it within {took:.1f} s ({type(error).__name__}: {error})"
        return BrokerUnavailable(f"The task {function} was not sent: {where} {said}. {question}")


_ONCE_MORE = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}
"""A connection that was kept may have died with a broker that is back by now."""


def _abandon(follower: Follower, writer: Writer, temporary: Path | None) -> None:
    follower.close(grace=0.0)
    writer.close()
    for worker in follower.workers:
        worker.stop()
    if temporary is not None and not any(worker.alive for worker in follower.workers):
        shutil.rmtree(temporary, ignore_errors=True)


def _request() -> RecordedRequest | None:
    """The request that this code belongs to, if somebody records it."""
    request = hooks.current.get()
    if not isinstance(request, RecordedRequest):
        return None
    if request.recorder.log.clock.simulated:
        raise QueueError(
            "A queue does not run on a simulated clock: its workers are other processes, whose seconds are real. "
            'Use clock="real"; or, to test what the tasks do and when, let the route have its BackgroundTasks.'
        )
    return request
