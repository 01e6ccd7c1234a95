"""What happened, as plain data: events, requests, tasks, and a timeline of them; it imports nothing of the package.

All times are seconds as floats, counted from the client's first request, or None where the thing
has not happened. Records refer to each other by id. "After" is decided by (time, sequence), since
two events may share one instant of a simulated clock.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self, get_args

EventKind = Literal[
    "request_sent",
    "task_added",
    "response_started",
    "response_ended",
    "task_started",
    "task_retried",
    "task_interrupted",
    "task_redelivered",
    "task_ended",
    "request_ended",
    "client_left",
]
TaskStatus = Literal[
    "added", "running", "waiting", "finished", "failed", "skipped", "dropped", "cancelled", "abandoned", "lost"
]
"""Waiting and lost are for what runs in other processes: for its next attempt, and with the process that ran it."""
RanIn = Literal["threadpool", "event_loop", "worker"]

EVENT_KINDS: tuple[EventKind, ...] = get_args(EventKind)
TASK_STATUSES: tuple[TaskStatus, ...] = get_args(TaskStatus)


@dataclass(frozen=True, slots=True)
class Event:
    """One point of a timeline.

    >>> from bgdemo import Event
    >>> Event(time=7.0, sequence=5, kind="task_ended", request_id=1, task_id=1).process is None  # in the app's own
    True
    """

    time: float
    """Seconds since the client's first request."""
    sequence: int
    """Counts the events of one recorder; decides the order of events at the same time."""
    kind: EventKind
    request_id: int
    task_id: int | None = None
    """None for the events of the request itself."""
    process: int | None = None
    """The id of the worker process in which it happened; None for the app's own process."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request and its response.

    >>> from bgdemo import TestClient
    >>> from bgdemo.lessons.parameter import app
    >>> with TestClient(app) as client:
    ...     response = client.post("/send_info", params={"email": "a@example.com"})
    >>> (request,) = client.timeline.requests
    >>> request.method, request.path, request.status
    ('POST', '/send_info', 200)
    """

    id: int
    """1 for the first request of a recorder."""
    method: str
    """As sent, in capitals; "WEBSOCKET" for a WebSocket connection."""
    path: str
    """Without the query string."""
    status: int | None
    """The response's status code; None while there is no response."""
    sent: float
    """Seconds: when the client sent it; on a server, when the app got it."""
    responded: float | None
    """Seconds: when the last byte of the response left."""
    ended: float | None
    """Seconds: when the app was done with the request, background tasks included."""
    error: str | None = None
    """The exception that left the app, as "Type: message"."""


@dataclass(frozen=True, slots=True)
class Task:
    """One call that was added with add_task, or given to a response as background=.

    >>> from bgdemo import TestClient
    >>> from bgdemo.lessons.add_task import app
    >>> with TestClient(app, clock="simulated") as client:
    ...     response = client.post("/send_info", params={"email": "a@example.com"})
    ...     timeline = client.drain()
    write end
    >>> task = timeline.tasks[0]
    >>> task.name, task.args, task.kwargs, task.status
    ('write_notification', ('a@example.com',), {'message': 'some notification'}, 'finished')
    >>> task.added, task.started, task.ended, task.ran_in, task.printed
    (0.0, 0.0, 7.0, 'threadpool', 'write end\\n')
    """

    id: int
    """1 for the first task of a recorder."""
    request_id: int
    name: str
    """The function's bare name, for people: write_notification."""
    function: str
    """The function's module and qualified name: bgdemo.lessons.add_task.write_notification."""
    args: tuple[Any, ...] = field(hash=False)
    kwargs: Mapping[str, Any] = field(hash=False)
    added: float | None
    """Seconds; None for a task object that was made before the request."""
    started: float | None
    """Seconds: when the function began to run, not when it began to wait for a thread; the first time, of several."""
    ended: float | None
    """Seconds: when the function returned or raised for the last time, or when the task was lost."""
    status: TaskStatus
    error: str | None = None
    """The exception that the function raised, as "Type: message"."""
    ran_in: RanIn | None = None
    """None for a task that never started."""
    printed: str = ""
    """What the task printed to standard output so far."""
    process: int | None = None
    """The id of the worker process that ran it last; None for a task that ran in the app's own process."""


Records = tuple[tuple[Request, ...], tuple[Task, ...], tuple[Event, ...], int]
"""Requests, tasks and events, and how many older requests were forgotten."""


class TimelineData:
    """The records of a timeline, and the questions to ask of them; what is drawn and judged.

    Args:
        requests: in the order in which they were sent.
        tasks: in the order in which they were added.
        events: sorted by (time, sequence).
        now: seconds: when this snapshot was taken.
        simulated: True if the seconds are those of a simulated clock.
        forgotten: how many requests there were before these, which a recorder that keeps the newest ones let go of.
    """

    __slots__ = ("_now", "_read", "_records", "_simulated")

    _read: Callable[[], Records]

    def __init__(
        self,
        requests: Iterable[Request] = (),
        tasks: Iterable[Task] = (),
        events: Iterable[Event] = (),
        *,
        now: float = 0.0,
        simulated: bool = False,
        forgotten: int = 0,
    ) -> None:
        self._records: Records | None = (tuple(requests), tuple(tasks), tuple(events), forgotten)
        self._now = now
        self._simulated = simulated

    @classmethod
    def read_later(cls, read: Callable[[], Records], *, now: float, simulated: bool) -> Self:
        """A timeline whose records are read when somebody first looks, by one call of `read`."""
        timeline = cls.__new__(cls)
        timeline._read = read
        timeline._records = None
        timeline._now = now
        timeline._simulated = simulated
        return timeline

    @property
    def requests(self) -> tuple[Request, ...]:
        """All requests, in the order in which they were sent."""
        return self._known()[0]

    @property
    def tasks(self) -> tuple[Task, ...]:
        """All tasks, in the order in which they were added."""
        return self._known()[1]

    @property
    def events(self) -> tuple[Event, ...]:
        """All events, sorted by (time, sequence)."""
        return self._known()[2]

    @property
    def forgotten(self) -> int:
        """How many older requests the recorder let go of, with their tasks and events; 0 where it keeps all."""
        return self._known()[3]

    @property
    def now(self) -> float:
        """Seconds: when this snapshot was taken."""
        return self._now

    @property
    def simulated(self) -> bool:
        """True if the seconds are those of a simulated clock."""
        return self._simulated

    def _known(self) -> Records:
        if self._records is None:
            self._records = self._read()
        return self._records

    def tasks_of(self, request: Request | int) -> tuple[Task, ...]:
        """The tasks of one request, in the order in which they were added.

        Args:
            request: a Request of this timeline, or its id.

        Raises:
            KeyError: this timeline has no such request.
        """
        request_id = request if isinstance(request, int) else request.id
        if all(known.id != request_id for known in self.requests):
            raise KeyError(f"this timeline has no request {request_id}; it has {[r.id for r in self.requests]}")
        return tuple(task for task in self.tasks if task.request_id == request_id)

    def event(self, kind: EventKind, of: Request | Task) -> Event | None:
        """The first event of that kind of a request or of a task; None if it has not happened."""
        for event in self.events:
            if event.kind != kind:
                continue
            if isinstance(of, Task) and event.task_id == of.id:
                return event
            if isinstance(of, Request) and event.request_id == of.id:
                return event
        return None


def event_places(timeline: TimelineData, kind: EventKind) -> dict[int, tuple[float, int]]:
    """When the first event of a kind happened to each request or task.

    Args:
        timeline: what happened.
        kind: a kind of event.

    Returns:
        (time, sequence) by the id of the task, or of the request where the event has no task.
    """
    places: dict[int, tuple[float, int]] = {}
    for event in timeline.events:
        if event.kind == kind:
            key = event.request_id if event.task_id is None else event.task_id
            places.setdefault(key, (event.time, event.sequence))
    return places
