"""The worker processes that a queue has started: made, watched, ended."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from bgdemo.queue.broker.engine import IN_WORKER, Settings


def environment(**more: str) -> dict[str, str]:
    """This process's environment for a Python that is to find the same modules."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path), **more}


class Worker:
    """A worker process that this process has started.

    It reads `closed` from its standard input: it ends, with its tasks done, when this process ends or dies.

    Args:
        settings: of its queue.
        threads: how many tasks it runs at a time.
        remove: it removes the queue's folder at its end.
    """

    def __init__(self, settings: Settings, threads: int, *, remove: bool) -> None:
        command = [sys.executable, "-P", "-m", "bgdemo.queue.worker", "--watched"]
        command += ["--name", settings.name, "--threads", str(threads)]
        command += ["--folder", str(settings.folder), "--notes", str(settings.notes)]
        command += ["--visibility-timeout", str(settings.visibility_timeout), *(["--remove"] if remove else [])]
        # Ctrl-C in this terminal is not meant for its tasks.
        own_group: Any = {"creationflags": 0x200} if sys.platform == "win32" else {"start_new_session": True}
        self.log: Path = settings.folder / "worker.log"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                env=environment(
                    # A queue that its tasks' modules make is this one.
                    BGDEMO_BROKER=settings.broker,
                    BGDEMO_QUEUE_FOLDER=str(settings.folder),
                    BGDEMO_QUEUE_NOTES=str(settings.notes),
                    **{IN_WORKER: "1"},
                ),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                **own_group,
            )

    @property
    def process(self) -> int:
        """The operating system's id of the process."""
        return int(self._process.pid)

    @property
    def alive(self) -> bool:
        """False once the process has ended."""
        return self._process.poll() is None

    def last_words(self) -> str:
        """The end of what it has written to its log."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-2000:]

    def kill(self) -> None:
        """End the process at once, as a power cut would (kill -9)."""
        self._process.kill()
        self._process.wait()
        self.stop()

    def stop(self) -> None:
        """Let the process end, when its tasks have; `wait` waits for that."""
        if self._process.stdin is not None and not self._process.stdin.closed:
            self._process.stdin.close()

    def wait(self, timeout: float) -> bool:
        """Wait for the end of the process.

        Args:
            timeout: seconds on the wall.

        Returns:
            False if it did not come in time.
        """
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return False
        return True
