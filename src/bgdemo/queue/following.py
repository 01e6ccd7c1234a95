"""From the notes of workers to the recorders of the requests whose tasks they ran."""

import asyncio
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bgdemo.errors import QueuedTaskFailed
from bgdemo.queue.broker.engine import Settings
from bgdemo.queue.notes.notes import HEARD, READ_EVERY, Note, Reader
from bgdemo.queue.worker.handle import Worker
from bgdemo.record.remote_task import RemoteTask
from bgdemo.threads.loop_thread import LoopThread


class Follower:
    """Reads a queue's notes as long as tasks are under way, in a thread of its own, and looks after its workers.

    Args:
        settings: of the queue.
        restart: starts another worker for the embedded broker, whose last one has died.
    """

    def __init__(self, settings: Settings, restart: Callable[[], object]) -> None:
        self.workers: list[Worker] = []
        self._settings = settings
        self._restart = restart
        self._reader = Reader(settings.notes)
        self._expected: dict[str, RemoteTask] = {}
        self._held: dict[str, set[int]] = {}
        self._ready: set[int] = set()
        self._mourned: set[int] = set()
        self._thread: LoopThread | None = None
        self._opening = threading.Lock()

    def expect(self, message_id: str, task: RemoteTask) -> None:
        """Tell a task what is noted about its message from now on."""
        self._expected[message_id] = task
        with self._opening:
            if self._thread is None:
                self._awake = asyncio.Event()
                self._thread = LoopThread()
                self._thread.call_soon(self._begin)
        self._thread.call_soon(self._awake.set)

    def forget(self, message_id: str) -> None:
        """Expect nothing of a message that was not sent."""
        self._expected.pop(message_id, None)

    def close(self, grace: float = 1.0) -> None:
        """Read no more.

        Args:
            grace: seconds on the wall to wait for the thread.
        """
        if self._thread is not None:
            self._thread.close(grace)

    def _begin(self) -> None:
        self._following = asyncio.ensure_future(self._follow())

    async def _follow(self) -> None:
        while True:
            while self._expected:
                dead = [worker for worker in self.workers if not worker.alive]  # first, and then their last notes
                for note in self._reader.read():
                    self._hear(note)
                for worker in dead:
                    if worker.process not in self._mourned:
                        self._mourned.add(worker.process)
                        self._mourn(worker)
                await asyncio.sleep(READ_EVERY)
            self._awake.clear()
            if not self._expected:
                await self._awake.wait()

    def _hear(self, note: Note) -> None:
        kind, process = note["kind"], note["process"]
        if kind == "worker_ready":
            self._ready.add(process)
        message_id = note.get("task", "")
        task = self._expected.get(message_id)
        if task is None or kind not in HEARD:
            return
        held = self._held.setdefault(message_id, set())
        held.add(process)
        if kind != "task_received":
            task.happened(kind, HEARD[kind](note), reading=note["at"], process=process)
        if kind == "task_ended":
            held.discard(process)
            if not held:  # nobody else has it too: it was not delivered twice
                error = f"{note['error']}, in a worker's process:\n{note['traceback']}" if note.get("error") else None
                self._is_over(message_id, error)

    def _is_over(self, message_id: str, error: str | None) -> None:
        del self._held[message_id]
        self._expected.pop(message_id).has_ended(None if error is None else QueuedTaskFailed(error))

    def _mourn(self, worker: Worker) -> None:
        if self._settings.redelivers:
            for message_id, held in self._held.items():
                if worker.process in held:
                    held.discard(worker.process)
                    self._tell(message_id, "task_interrupted", None, worker)
            return
        said = "A task was lost with its worker's process: the embedded broker gives no task to a worker twice."
        started = worker.process in self._ready
        for message_id in self._taken() if started else list(self._expected):
            self._tell(message_id, "task_ended", ("lost", None), worker)
            self._is_over(message_id, said if started else f"The worker did not start:\n{worker.last_words()}")
        if started and self._expected and not any(worker.alive for worker in self.workers):
            self._restart()

    def _taken(self) -> list[str]:
        """The messages that left the folder with a worker that has died."""
        living = {worker.process for worker in self.workers if worker.alive}
        waiting, taken = (_ids(self._settings.folder / part) for part in ("messages", "taken"))
        mine = [message_id for message_id in self._expected if message_id in taken - waiting]
        return [message_id for message_id in mine if not self._held.setdefault(message_id, set()) & living]

    def _tell(self, message_id: str, kind: Any, detail: Any, worker: Worker) -> None:
        self._held.setdefault(message_id, set())
        task, now = self._expected[message_id], time.perf_counter()
        task.happened(kind, detail, reading=now, process=worker.process)


def weakly(method: Callable[[], object]) -> Callable[[], None]:
    """A function that calls a method as long as its object is there, and does not keep it there."""
    held = weakref.WeakMethod(method)

    def call() -> None:
        found = held()
        if found is not None:
            found()

    return call


def _ids(folder: Path) -> set[str]:
    return {path.name.partition("_")[2].partition(".")[0] for path in folder.glob("*.msg")}
