"""What processes note about tasks, in files of one folder: it outlives them, and any other process can read along.

A note is one line of JSON. Its time is `time.perf_counter()`, which is one clock for all processes of a machine, so
that notes of several processes can be put in one order; the clocks on the wall of two machines could not.
"""

import json
import os
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

Note = dict[str, Any]
"""`kind`, `at` (seconds of perf_counter), `process` (its id), mostly `task` (its id at the broker), and more."""

READ_EVERY = 0.02
"""Seconds between two readings of the notes, while something is expected of them."""

KEEP = b"keep"
"""What a ProcessClient says to its process at the end: leave the notes to me. One that was killed says nothing."""

HEARD: dict[str, Callable[[Note], Any]] = {
    "task_received": lambda note: None,
    "task_redelivered": lambda note: None,
    "task_started": lambda note: "worker",
    "task_printed": lambda note: note["text"],
    "task_retried": lambda note: note["error"],
    "task_ended": lambda note: (note["status"], note.get("error")),
}
"""What a recorder's log has to know of a worker's note, by its kind."""


def known(value: Any) -> Any:
    """The value, or its repr where JSON does not know it."""
    try:
        json.dumps(value)
    except (TypeError, ValueError, RecursionError):
        return repr(value)
    return value


class Writer:
    """Appends the notes of this process to a file of its own; on any thread.

    Args:
        folder: must be there.

    Raises:
        OSError: it is not.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / f"{os.getpid()}-{uuid.uuid4().hex[:8]}.jsonl"
        self._file = path.open("ab", buffering=0)
        self._lock = threading.Lock()

    def write(self, kind: str, **more: Any) -> None:
        """Note what happens now. The note stays when this process is killed right after.

        Args:
            kind: what happens.
            more: what else there is to say, in values that JSON knows.
        """
        note = {"kind": kind, "at": time.perf_counter(), "process": os.getpid(), **more}
        with self._lock:
            self._file.write(json.dumps(note).encode("ascii") + b"\n")

    def close(self) -> None:
        """Write no more."""
        self._file.close()


class Reader:
    """Reads what has been noted in a folder, by whatever process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._places: dict[str, int] = {}

    def read(self) -> list[Note]:
        """The notes since the last call, in the order in which they were made."""
        notes: list[Note] = []
        for entry in os.scandir(self._folder) if self._folder.is_dir() else ():
            place = self._places.get(entry.name, 0)
            if entry.name.endswith(".jsonl") and os.stat(entry.path).st_size > place:
                with open(entry.path, "rb") as file:
                    file.seek(place)
                    lines = file.read().rpartition(b"\n")[0]  # a line that is being written is read next time
                self._places[entry.name] = place + len(lines) + bool(lines)
                notes += [json.loads(line) for line in lines.splitlines()]
        return sorted(notes, key=_moment)


def _moment(note: Note) -> float:
    at: float = note["at"]
    return at
