"""One process beside each submission's: it starts it, watches what it uses, and ends it with all its descendants."""

import contextlib
import json
import os
import select
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from bgdemo.grading.walls.limits import MIB, Limits, adopt_orphans, hide_memory
from bgdemo.grading.walls.processes import descendants, end_all, written

MEASURE_EVERY = 0.05
"""Seconds between two looks at what a submission uses."""

LAST = 1_000
"""Bytes of what it printed that are kept."""

Answer = Callable[["Enclosure", Path, int, socket.socket], NoReturn]
"""What becomes of the answer's process: given where, its folder, where it prints, and its end of the channel."""


@dataclass(frozen=True, slots=True)
class Enclosure:
    """Where submissions run.

    Attributes:
        base: the folder that each gets a folder in.
        read: files and folders that they may read.
        uid: the user that they run as; None for the one who grades.
        limits: what each may use.
    """

    base: str
    read: tuple[str, ...]
    uid: int | None
    limits: Limits


def keep(place: Enclosure, control: socket.socket, channel: socket.socket, answer: Answer) -> None:
    """Run a submission to its end in a process of its own; then tell the judge, on `control`, how it went.

    Args:
        place: where.
        control: to the judge.
        channel: the answer's, to the judge.
        answer: called in that process; it never returns.
    """
    os.setsid()
    adopt_orphans()
    hide_memory()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    try:
        folder = tempfile.mkdtemp(prefix="answer-", dir=place.base)
    except OSError as error:
        _tell(control, {"why": "unfit", "printed": f"{place.base} cannot be written: {error.strerror}."})
        return
    if place.uid is not None:
        os.chown(folder, place.uid, place.uid)
    output, its_output = os.pipe()
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        answer(place, Path(folder), its_output, channel)
    os.close(its_output)
    channel.close()
    watched = _Watched(place.limits, child, folder, control, output)
    ended = watched.until_it_ends(began + place.limits.seconds)
    left = end_all(os.getpid(), place.uid) - watched.still_there
    _remove(folder)
    _tell(
        control,
        {
            "why": ended[0],
            "code": ended[1],
            "seconds": time.monotonic() - began,
            "left": max(left, 0),
            "printed": watched.last_printed.decode("utf-8", "backslashreplace"),
        },
    )


def _tell(control: socket.socket, report: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):
        control.sendall(json.dumps(report).encode("ascii"))


class _Watched:
    """The process of a submission, and what it uses."""

    def __init__(self, limits: Limits, child: int, folder: str, control: socket.socket, output: int) -> None:
        self._limits = limits
        self._child = child
        self._folder = folder
        self._readers: list[int] = [control.fileno(), output]
        self._control, self._output = control, output
        self._printed = 0
        self.last_printed = b""
        self._at_first = descendants(os.getpid()).get(child, 0)
        self.still_there = 1
        """1 while the child itself has not been seen off."""

    def until_it_ends(self, deadline: float) -> tuple[str, int]:
        """Watch; why it ended, or has to end now, and the exit code or signal."""
        next_look = time.monotonic() + MEASURE_EVERY
        while True:
            now = time.monotonic()
            if now >= deadline:
                return "time", 0
            ready, _, _ = select.select(self._readers, [], [], max(min(next_look, deadline) - now, 0.0))
            if self._output in ready and not self._listen():
                return "output", 0
            if self._control.fileno() in ready:
                return "done", 0
            ended = self._ended()
            if ended is not None:
                return ended
            if time.monotonic() >= next_look:
                too_much = self._uses_too_much()
                if too_much is not None:
                    return too_much, 0
                next_look = time.monotonic() + MEASURE_EVERY

    def _listen(self) -> bool:
        content = os.read(self._output, 2**16)
        if not content:
            self._readers.remove(self._output)
        self._printed += len(content)
        self.last_printed = (self.last_printed + content)[-LAST:]
        return self._printed <= self._limits.output * MIB

    def _ended(self) -> tuple[str, int] | None:
        pid, status, used = os.wait4(self._child, os.WNOHANG)
        if pid == 0:
            return None
        self.still_there = 0
        if os.WIFSIGNALED(status):
            return ("time" if os.WTERMSIG(status) == signal.SIGXCPU else "signal"), os.WTERMSIG(status)
        peak = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        too_much = peak - self._at_first > self._limits.memory * MIB  # the kernel's word: an exit code can say anything
        return ("memory" if too_much else "exit"), os.WEXITSTATUS(status)

    def _uses_too_much(self) -> str | None:
        found = descendants(os.getpid())
        if len(found) - 1 > self._limits.processes:
            return "processes"
        if sum(max(bytes_used - self._at_first, 0) for bytes_used in found.values()) > self._limits.memory * MIB:
            return "memory"
        if written([os.getpid(), *found]) > self._limits.folder * MIB:
            return "files"
        files, size = 0, 0
        for status in _statuses(self._folder):
            files, size = files + 1, size + status.st_blocks * 512
            if files > self._limits.files or size > self._limits.folder * MIB:
                return "files"
        return None


def _statuses(folder: str) -> Iterator[os.stat_result]:
    waiting = [folder]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    yield entry.stat(follow_symlinks=False)
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
        except OSError:
            continue


def _remove(folder: str) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    if os.path.exists(folder):  # it has locked its own folders
        for place, folders, _ in os.walk(folder):
            for name in folders:
                with contextlib.suppress(OSError):
                    os.chmod(os.path.join(place, name), 0o700, follow_symlinks=False)
        shutil.rmtree(folder, ignore_errors=True)
