"""A client of an app that runs in a process of its own, which can be killed: the timeline is kept outside of it."""

import contextlib
import shutil
import subprocess
import sys
import tempfile
import time
import weakref
from pathlib import Path
from types import SimpleNamespace, TracebackType
from typing import Any

import httpx

from bgdemo.clock import RealClock
from bgdemo.errors import ClientError, DrainTimeout
from bgdemo.queue.notes.notes import HEARD, KEEP, READ_EVERY, Note, Reader
from bgdemo.queue.worker.handle import environment
from bgdemo.record.log import Log
from bgdemo.record.timeline import Timeline

READY, GRACE = 30.0, 30.0
"""Seconds on the wall that the process may take to answer, and to end once it is asked to."""


class ProcessClient(httpx.Client):
    """An httpx client of an app that uvicorn serves in a process of its own, until `close()` or `kill()`.

    What happens there is noted in files, so that the timeline is there when the process is not. Tasks that a worker
    runs are in it too, also those that run on when the app's process is dead.

    Args:
        app: "module:attribute", as for uvicorn.
        broker: for the queue of routes that ask for `Tasks`: "embedded" or a URL; None leaves them their
            BackgroundTasks.

    Raises:
        ClientError: the process did not start; what it said is in the message.
    """

    def __init__(self, app: str, *, broker: str | None = None) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="bgdemo-process-"))
        self._reader = Reader(self._folder)
        self._log: Log | None = None
        self._numbers: dict[str, tuple[int, int]] = {}
        with (self._folder / "output.txt").open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "bgdemo.queue.served", app, str(self._folder)],
                env=environment(BGDEMO_QUEUE_NOTES=str(self._folder), BGDEMO_BROKER=broker or ""),
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
            )
        self._dropped = weakref.finalize(self, _abandon, self._process, self._folder)
        try:
            super().__init__(base_url=self._url(app), timeout=60.0, trust_env=False)
        except BaseException:
            self._end(0.0)
            raise

    @property
    def timeline(self) -> Timeline:
        """What has happened so far, there and in the workers, as a snapshot."""
        self._catch_up()
        return Timeline() if self._log is None else self._log.timeline()

    def drain(self, timeout: float = 60.0) -> Timeline:
        """Wait until no task is left: none in the app's process, none at a worker. What they raised is not raised here.

        Args:
            timeout: seconds on the wall.

        Returns:
            The timeline, in which every task has ended.

        Raises:
            DrainTimeout: the time was up.
        """
        deadline = time.monotonic() + timeout
        while left := [task for task in self.timeline.tasks if task.status in ("added", "running", "waiting")]:
            if time.monotonic() > deadline:
                raise DrainTimeout(f"After {timeout:g} s {left[0].name} is {left[0].status}. Drain again, for longer.")
            time.sleep(READ_EVERY)
        return self.timeline

    def kill(self) -> None:
        """End the app's process at once, as a power cut would (kill -9): what it had in memory is gone."""
        self._process.kill()
        self._process.wait()
        now = time.perf_counter()
        before = self.timeline
        remote_task_sent = {number for _, number in self._numbers.values()}
        for task in before.tasks:
            if task.status in ("added", "running") and task.id not in remote_task_sent:
                self._note("task_ended", (task.request_id, task.id), ("lost", None), now, None)
        for request in before.requests:
            if request.ended is None:
                self._note("request_ended", (request.id, None), None, now, None)

    def close(self) -> None:
        """End the app's process as a server does when it is asked to: it waits for its tasks. The timeline stays."""
        if not self.is_closed:
            super().close()
            self._end(GRACE)

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        super().__exit__(exc_type, exc_value, traceback)
        self._end(GRACE)

    def _end(self, grace: float) -> None:
        if self._dropped.detach() is None:  # it has ended already
            return
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):  # it is dead
                self._process.stdin.write(KEEP)
                self._process.stdin.close()
        try:
            self._process.wait(grace)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._catch_up()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _url(self, app: str) -> str:
        deadline = time.monotonic() + READY
        while True:
            for note in self._reader.read():
                if note["kind"] == "served":
                    return str(note["url"])
            if self._process.poll() is not None or time.monotonic() > deadline:
                said = (self._folder / "output.txt").read_text(encoding="utf-8", errors="replace")[-2000:]
                raise ClientError(f"{app} was not served. What its process said:\n{said}")
            time.sleep(READ_EVERY)

    def _catch_up(self) -> None:
        for note in self._reader.read():
            self._hear(note)

    def _hear(self, note: Note) -> None:
        kind, task = note["kind"], note.get("task")
        if task is None:  # of the app's own process
            if "request" in note:
                if self._log is None:
                    self._log = Log(RealClock.started(note["at"]))
                self._note(kind, (note["request"], note["number"]), _detail(note), note["at"], None)
        elif "number" in note:  # the route gave it to its queue
            self._numbers[task] = (note["request"], note["number"])
        elif task in self._numbers and kind in HEARD and kind != "task_received":
            self._note(kind, self._numbers[task], HEARD[kind](note), note["at"], note["process"])

    def _note(self, kind: Any, numbers: tuple[int, int | None], detail: Any, at: float, process: int | None) -> None:
        assert self._log is not None
        self._log.append_remote(kind, *numbers, detail, reading=at, process=process)


def _abandon(process: subprocess.Popen[bytes], folder: Path) -> None:
    """Let the process end when its tasks have; it takes the folder with it, as it does when this process dies."""
    if process.stdin is not None:
        process.stdin.close()
    if process.poll() is not None:
        shutil.rmtree(folder, ignore_errors=True)


def _detail(note: Note) -> Any:
    if note["kind"] not in ("task_added", "task_known"):
        return note["detail"]
    function, args, kwargs = note["detail"]
    module, _, qualified = function.rpartition(".")
    stand_in = SimpleNamespace(__module__=module, __qualname__=qualified, __name__=qualified)
    return stand_in, args, kwargs
