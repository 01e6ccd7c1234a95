"""How entries become records: each once, and again only where something new is known of it."""

import dataclasses
from collections import deque
from collections.abc import Iterable
from typing import Any, Literal, Self, get_args

from bgdemo.model import Event, EventKind, Records, Request, Task
from bgdemo.record.naming import names

EntryKind = Literal[EventKind, "task_known", "task_left", "task_printed"]
"""Events, and what is no event of its own: a task that nobody saw being added, one that will not run, a print."""

Entry = tuple[float, int, EntryKind, int, int | None, Any, int | None]
"""Time in seconds, sequence, kind, request id, task id, what there is to say, the id of another process."""

_EVENT_KINDS = frozenset(get_args(EventKind))
_OPEN = frozenset(["added", "running", "waiting"])


class Reading:
    """The records of all entries that were applied.

    Args:
        keep: how many requests to keep, with their tasks and events; None for all. The oldest that have ended, with
            all of their tasks, go first.
    """

    def __init__(self, keep: int | None = None) -> None:
        self.keep = keep
        self.forgotten = 0
        """Requests that are not kept any more."""
        self._requests: dict[int, Request] = {}
        self._tasks: dict[int, Task] = {}
        self._tasks_of: dict[int, list[int]] = {}
        self._events: list[Event] = []
        self._ended: deque[int] = deque()

    def apply(self, entries: Iterable[Entry]) -> None:
        """Take more entries into account; all of one request or task come in the order in which they happened."""
        requests: dict[int, dict[str, Any]] = {}
        tasks: dict[int, dict[str, Any]] = {}
        last = self._events[-1] if self._events else None
        is_sorted = True
        for entry in sorted(entries, key=_moment):
            time, sequence, kind, request_id, task_id, detail, process = entry
            if kind == "request_sent":
                self._requests[request_id] = _new_request(request_id, time, *detail)
            elif request_id not in self._requests:  # it was forgotten
                continue
            elif task_id is None:
                request = requests.get(request_id) or requests.setdefault(request_id, {})
                self._read_request(request, request_id, time, kind, detail)
            elif kind in ("task_added", "task_known"):
                added = time if kind == "task_added" else None
                self._tasks[task_id] = _new_task(task_id, request_id, added, *detail)
                self._tasks_of.setdefault(request_id, []).append(task_id)
            else:
                task = tasks.get(task_id) or tasks.setdefault(task_id, {})
                _read_task(task, self._tasks[task_id], time, kind, detail, process)
            if kind in _EVENT_KINDS:
                event = Event(time, sequence, kind, request_id, task_id, process)  # type: ignore[arg-type]
                is_sorted = is_sorted and (last is None or _place(last) < _place(event))
                last = event
                self._events.append(event)
        for changed, values in requests.items():
            self._requests[changed] = dataclasses.replace(self._requests[changed], **values)
        for changed, values in tasks.items():
            self._tasks[changed] = dataclasses.replace(self._tasks[changed], **values)
        if not is_sorted:  # what two threads, or two processes, append may come in another order
            self._events.sort(key=_place)
        if self.keep is not None and len(self._requests) > self.keep:
            self._forget(len(self._requests) - self.keep)

    def records(self) -> Records:
        """The records, as they are now."""
        return tuple(self._requests.values()), tuple(self._tasks.values()), tuple(self._events), self.forgotten

    def copy(self) -> Self:
        """A reading that goes on by itself."""
        other = type(self)(self.keep)
        other.forgotten = self.forgotten
        other._requests, other._tasks = dict(self._requests), dict(self._tasks)
        other._tasks_of = {request_id: list(ids) for request_id, ids in self._tasks_of.items()}
        other._events, other._ended = list(self._events), deque(self._ended)
        return other

    def _read_request(
        self, request: dict[str, Any], request_id: int, time: float, kind: EntryKind, detail: Any
    ) -> None:
        if kind == "response_started":
            request["status"] = detail
        elif kind == "response_ended":
            request["responded"] = time
        elif kind == "request_ended":
            request["ended"], request["error"] = time, detail
            self._ended.append(request_id)

    def _forget(self, count: int) -> None:
        gone: set[int] = set()
        for _ in range(len(self._ended)):
            if len(gone) == count:
                break
            request_id = self._ended.popleft()
            own = self._tasks_of.get(request_id, ())
            if any(self._tasks[task_id].status in _OPEN for task_id in own):  # in another process
                self._ended.append(request_id)
                continue
            gone.add(request_id)
            del self._requests[request_id]
            for task_id in self._tasks_of.pop(request_id, ()):
                del self._tasks[task_id]
        self.forgotten += len(gone)
        if gone:
            self._events = [event for event in self._events if event.request_id not in gone]


def _moment(entry: Entry) -> tuple[float, int]:
    return entry[0], entry[1]


def _place(event: Event) -> tuple[float, int]:
    return event.time, event.sequence


def _new_request(request_id: int, time: float, method: str, path: str, sent_at: float | None = None) -> Request:
    return Request(request_id, method, path, None, time if sent_at is None else sent_at, None, None)


def _new_task(task_id: int, request_id: int, added: float | None, func: Any, args: Iterable[Any], kwargs: Any) -> Task:
    name, function = names(func)
    return Task(task_id, request_id, name, function, tuple(args), dict(kwargs), added, None, None, "added")


def _read_task(
    changes: dict[str, Any], known: Task, time: float, kind: EntryKind, detail: Any, process: int | None
) -> None:
    if kind == "task_started":
        changes["started"] = changes.get("started", known.started)
        changes["started"] = time if changes["started"] is None else changes["started"]
        changes["ran_in"], changes["status"], changes["process"] = detail, "running", process
    elif kind in ("task_retried", "task_interrupted"):
        changes["status"], changes["error"] = "waiting", detail
    elif kind == "task_printed":
        changes["printed"] = changes.get("printed", known.printed) + detail
    elif kind == "task_ended":
        changes["ended"] = time
        changes["status"], changes["error"] = detail
    elif kind == "task_left":
        changes["status"] = detail
