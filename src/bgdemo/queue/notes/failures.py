"""The tasks that failed for good, kept with their tracebacks."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bgdemo.queue.notes.notes import Reader


@dataclass(frozen=True, slots=True)
class Failure:
    """A task that failed for the last time."""

    function: str
    """Such as "shop:write_notification"."""
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    attempts: int
    """How often a worker began it."""
    error: str
    """As "Type: message"."""
    traceback: str


def failures_in(notes: Path) -> tuple[Failure, ...]:
    """The failed tasks that are noted in a folder, the oldest failure first."""
    calls: dict[str, tuple[str, tuple[Any, ...], dict[str, Any]]] = {}
    attempts: dict[str, int] = {}
    found = []
    for note in Reader(notes).read():
        if note["kind"] == "task_added" and "task" in note:
            calls[note["task"]] = (note["function"], tuple(note["args"]), note["kwargs"])
        elif note["kind"] == "task_started" and "task" in note:
            attempts[note["task"]] = attempts.get(note["task"], 0) + 1
        elif note.get("status") == "failed" and note["task"] in calls:
            number = attempts.get(note["task"], 1)
            found.append(Failure(*calls[note["task"]], number, note["error"], note["traceback"]))
    return tuple(found)
