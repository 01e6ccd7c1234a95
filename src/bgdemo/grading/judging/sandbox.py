"""The judge's side of the processes that submissions run in: start them, and hear how they ended."""

import contextlib
import dataclasses
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bgdemo.errors import GradingError
from bgdemo.grading.judging.package import copy_without_answers, readable, search_path
from bgdemo.grading.judging.temporary import HeldFolder
from bgdemo.grading.judging.users import a_free_user
from bgdemo.grading.protocol.channel import Channel, ChannelClosed
from bgdemo.grading.walls.limits import Limits

PATIENCE = 15.0
"""Real seconds beyond a submission's own that its keeper may take to end it all."""

_BOOT = """
import sys, json
sys.path[:0] = json.loads(sys.argv[1])
from bgdemo.grading.answer_process.server import main
main()
"""


@dataclass(frozen=True, slots=True)
class Ended:
    """How the process of a submission came to its end."""

    why: str
    """done, exit, signal, time, memory, output, processes, files; lost without a word."""
    code: int
    """The exit code, or the signal."""
    seconds: float
    """On the wall."""
    left: int
    """Processes that it had left running."""
    printed: str
    """The end of what it printed, outside of tasks too."""


class Sandbox:
    """Runs code of submissions, each in a process of its own; a context manager.

    Args:
        limits: what each may use.
        hidden: files and folders that none may read, wherever they lie.

    Raises:
        GradingError: they cannot be started here.
    """

    def __init__(self, limits: Limits, hidden: Iterable[Path] = ()) -> None:
        self._limits = limits
        self._hidden = tuple(hidden)
        self._user = contextlib.ExitStack()
        self._held = HeldFolder()
        self.folder = self._held.path
        self.uid = self._user.enter_context(a_free_user()) if os.geteuid() == 0 else None
        try:
            (self.folder / "package").mkdir()
            (self.folder / "answers").mkdir()
            (self.folder / "answers").chmod(0o711)
            self._copy = copy_without_answers(self.folder / "package")
        except OSError as error:
            self._user.close()
            self._held.close()
            raise GradingError(f"{self.folder} cannot be written: {error.strerror}.") from None
        self._server, its_end = socket.socketpair()
        with its_end:
            self._process = self._start(its_end)
        try:
            self.landlock = self._introduce()
        except BaseException:
            self.close()
            raise

    def _start(self, its_end: socket.socket) -> "subprocess.Popen[bytes]":
        path = json.dumps(search_path(self._copy))
        return subprocess.Popen(
            [sys.executable, "-I", "-B", "-c", _BOOT, path, str(its_end.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env=_environment(),
            cwd="/",
            pass_fds=[its_end.fileno()],
            start_new_session=True,
        )

    def _introduce(self) -> int:
        channel = Channel(self._server, timeout=120)
        limits = dataclasses.asdict(self._limits)
        base = str(self.folder / "answers")
        try:
            channel.send({"base": base, "read": readable(self._copy, self._hidden), "uid": self.uid, "limits": limits})
            answer = channel.receive()
        except ChannelClosed:
            raise GradingError("The process that submissions run in could not be started; see above.") from None
        if "failed" in answer:
            raise GradingError(
                f"Submissions cannot be run as a user without rights: {answer['failed']}. Python is in {sys.prefix}. "
                "Install it where every user can read it, or grade as an ordinary user."
            )
        return int(answer["landlock"])

    @contextlib.contextmanager
    def process(self) -> Iterator["Running"]:
        """A new process; it is ended, with all that it has started, when the block ends."""
        control, its_control = socket.socketpair()
        end, its_end = socket.socketpair()
        with its_control, its_end:
            socket.send_fds(self._server, [b"+"], [its_control.fileno(), its_end.fileno()])
        patience = self._limits.seconds + PATIENCE
        control.settimeout(patience)
        running = Running(Channel(end, timeout=patience), control)
        try:
            yield running
        finally:
            running.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End all that runs in it, and remove its folder."""
        self._server.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(PATIENCE)
        self._process.kill()
        self._process.wait()
        self._user.close()
        self._held.close()


class Running:
    """A process that a submission runs in.

    Args:
        channel: to its harness.
        control: to its keeper.
    """

    def __init__(self, channel: Channel, control: socket.socket) -> None:
        self.channel = channel
        self._control = control
        self._ended: Ended | None = None

    def end(self) -> Ended:
        """End it if it has not ended, and hear how it did."""
        with contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_WR)
        return self.ended()

    def ended(self) -> Ended:
        """Wait until it has ended by itself, and hear how."""
        if self._ended is None:
            report = self._report()
            if report.get("why") == "unfit":
                self.channel.close()
                self._control.close()
                raise GradingError(str(report["printed"]))
            self._ended = Ended(
                str(report.get("why", "lost")),
                int(report.get("code", 0)),
                float(report.get("seconds", 0.0)),
                int(report.get("left", 0)),
                str(report.get("printed", "")),
            )
            self.channel.close()
            self._control.close()
        return self._ended

    def _report(self) -> dict[str, Any]:
        content = b""
        with contextlib.suppress(OSError):
            while part := self._control.recv(2**12):
                content += part
        return json.loads(content) if content else {}


def _environment() -> dict[str, str]:
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "TZ": os.environ.get("TZ", ""),
        "PYTHONHASHSEED": "0",
        "MALLOC_ARENA_MAX": "2",
    }
