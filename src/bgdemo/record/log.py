"""A recorder's notes, one after another, and how they are read back as the records of a timeline.

Notes are only ever appended, by any thread, so that a reader needs no lock: what was noted up to now is a
consistent whole. Reading them is put off until somebody looks, since noting is what every request pays for.
"""

import itertools
from collections.abc import Iterable, Mapping
from typing import Any, Literal, get_args

from bgdemo.clock import ClientClock
from bgdemo.model import Event, EventKind, Records, Request, Task
from bgdemo.record.naming import names
from bgdemo.record.timeline import Timeline

EntryKind = Literal[EventKind, "task_known", "task_left", "task_printed"]
"""Events, and what is no event of its own: a task that nobody saw being added, one that will not run, a print."""

Entry = tuple[float, int, EntryKind, int, int | None, Any, int | None]
"""Time in seconds, sequence, kind, request id, task id, what there is to say (see `_read`), another process's id."""

_EVENT_KINDS = frozenset(get_args(EventKind))


class Log:
    """Append entries; read them as a timeline.

    Args:
        clock: says when an entry is made.
    """

    def __init__(self, clock: ClientClock) -> None:
        self.clock = clock
        self._time = clock.time
        self._entries: list[Entry] = []
        self._sequence = itertools.count()

    def __len__(self) -> int:
        return len(self._entries)

    def append(self, kind: EntryKind, request_id: int, task_id: int | None = None, detail: Any = None) -> None:
        """Append what happens now."""
        self._entries.append((self._time(), next(self._sequence), kind, request_id, task_id, detail, None))

    def append_remote(
        self,
        kind: EntryKind,
        request_id: int,
        task_id: int | None,
        detail: Any,
        *,
        reading: float,
        process: int | None = None,
    ) -> None:
        """Append what has happened in another process of this machine.

        Args:
            kind: what happened.
            request_id: to which request.
            task_id: to which task.
            detail: what there is to say.
            reading: of `time.perf_counter`, when it happened; a clock that cannot tell takes it to be now.
            process: the id of a worker's process; None for the app's own.
        """
        self._entries.append((self.clock.at(reading), next(self._sequence), kind, request_id, task_id, detail, process))

    def timeline(self) -> Timeline:
        """All entries up to now, as a timeline."""
        entries, length = self._entries, len(self._entries)
        return Timeline.read_later(
            lambda: _read(entries[:length]), now=self.clock.time(), simulated=self.clock.simulated
        )


def _read(entries: list[Entry]) -> Records:
    entries.sort(key=_moment)
    requests: dict[int, dict[str, Any]] = {}
    tasks: dict[int, dict[str, Any]] = {}
    for time, _, kind, request_id, task_id, detail, process in entries:
        if kind == "request_sent":
            requests[request_id] = _new_request(request_id, time, *detail)
        elif task_id is None:
            _read_request(requests[request_id], time, kind, detail)
        elif kind in ("task_added", "task_known"):
            tasks[task_id] = _new_task(task_id, request_id, time if kind == "task_added" else None, *detail)
        else:
            _read_task(tasks[task_id], time, kind, detail, process)
    return (
        tuple(Request(**request) for request in requests.values()),
        tuple(Task(**{**task, "printed": "".join(task["printed"])}) for task in tasks.values()),
        tuple(Event(*entry[:5], entry[6]) for entry in entries if entry[2] in _EVENT_KINDS),  # type: ignore[arg-type]
    )


def _moment(entry: Entry) -> tuple[float, int]:
    return entry[0], entry[1]


def _new_request(request_id: int, time: float, method: str, path: str, sent_at: float | None = None) -> dict[str, Any]:
    request = dict.fromkeys(("status", "responded", "ended", "error"))
    return {**request, "id": request_id, "method": method, "path": path, "sent": time if sent_at is None else sent_at}


def _new_task(
    task_id: int, request_id: int, added: float | None, func: Any, args: Iterable[Any], kwargs: Mapping[str, Any]
) -> dict[str, Any]:
    task: dict[str, Any] = dict.fromkeys(("started", "ended", "error", "ran_in", "process"))
    name, function = names(func)
    task |= {"id": task_id, "request_id": request_id, "name": name, "function": function}
    return task | {"args": tuple(args), "kwargs": dict(kwargs), "added": added, "status": "added", "printed": []}


def _read_request(request: dict[str, Any], time: float, kind: EntryKind, detail: Any) -> None:
    if kind == "response_started":
        request["status"] = detail
    elif kind == "response_ended":
        request["responded"] = time
    elif kind == "request_ended":
        request["ended"], request["error"] = time, detail


def _read_task(task: dict[str, Any], time: float, kind: EntryKind, detail: Any, process: int | None) -> None:
    if kind == "task_started":
        task["started"] = time if task["started"] is None else task["started"]
        task["ran_in"], task["status"], task["process"] = detail, "running", process
    elif kind in ("task_retried", "task_interrupted"):
        task["status"], task["error"] = "waiting", detail
    elif kind == "task_printed":
        task["printed"].append(detail)
    elif kind == "task_ended":
        task["ended"] = time
        task["status"], task["error"] = detail
    elif kind == "task_left":
        task["status"] = detail


def describe(error: BaseException) -> str:
    """An exception as a timeline gives it: "Type: message"."""
    try:
        message = str(error)
    except Exception:
        message = "(its message cannot be read)"
    return f"{type(error).__name__}: {message}" if message else type(error).__name__
