"""The rows of a drawing: one a request, one a task, and one for each stretch that is left out."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from bgdemo.display.attempts import Attempt, attempts_of, workers_of
from bgdemo.display.words import clean, reason
from bgdemo.model import Request, Task, TimelineData, event_places

MOST_ROWS = 40
"""A timeline with more is drawn with gaps."""
FIRST_ROWS = 10
LAST_ROWS = 6
OF_EACH_OUTCOME = 3
"""How many rows are kept of each outcome that is out of the ordinary."""

WHERE = {"threadpool": "thread pool", "event_loop": "event loop", "worker": "worker", None: ""}


@dataclass(frozen=True, slots=True)
class RequestRow:
    """A request: how long the client waits, and for what."""

    request: Request
    until: float
    """Seconds: when the waiting ended, or now."""
    left: float | None
    """Seconds: when the client left without a response."""
    error: str
    """What left the app, unless a task's row says so already."""


@dataclass(frozen=True, slots=True)
class TaskRow:
    """A task, or what one process had of it, and the request that it belongs to."""

    task: Task
    request: Request | None
    """None for a task whose request is not in the timeline."""
    point: float
    """Seconds: when it was added, or the next best that is known."""
    until: float
    """Seconds: where its line or bar stops."""
    attempts: tuple[Attempt, ...]
    """When its function ran here: once in the app's own process, perhaps more often in that of a worker."""
    where: str
    """"thread pool", "event loop", "worker 2"; empty for a task that has not started."""
    is_first: bool
    is_last: bool
    """False for a process that another one took the task over from."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch of rows that is left out."""

    requests: int
    outcomes: tuple[tuple[str, int], ...]
    """How many tasks of each status."""
    first: float
    """Seconds."""
    last: float
    """Seconds."""


Row = RequestRow | TaskRow | Gap


def rows_of(timeline: TimelineData, always: Collection[Request | Task] = ()) -> list[Row]:
    """The rows to draw: all of them, or the first, the last and those out of the ordinary, with gaps between.

    Args:
        timeline: what happened.
        always: requests and tasks of this timeline that are never left out.

    Returns:
        The rows from top to bottom.
    """
    every = _every_row(timeline)
    if len(every) <= MOST_ROWS:
        return list(every)
    kept = _kept(every, {id(record) for record in always})
    rows: list[Row] = []
    hidden: list[RequestRow | TaskRow] = []
    for index, row in enumerate(every):
        if index not in kept:
            hidden.append(row)
            continue
        rows += _folded(hidden)
        hidden = []
        rows.append(row)
    return rows + _folded(hidden)


def printed_by(task: Task) -> str:
    """What a task printed, on one line: "printed: writing / done"; the empty text if it printed nothing."""
    lines = (clean(line) for line in task.printed[:1000].splitlines())
    words = " / ".join(line for line in lines if line)
    return f"printed: {clean(words)}" if words else ""


def over_words(attempt: Attempt) -> str:
    """How an attempt ended after which, or beside which, another process ran the task too."""
    return "cut off" if attempt.status == "lost" else attempt.status


def answer_words(row: RequestRow, response: str, label: Callable[[float], str]) -> str:
    """How a request was answered, or ended without an answer: "response at 0.0 s".

    Args:
        row: of the request.
        response: what a response is called.
        label: writes a time.
    """
    request = row.request
    if request.responded is not None:
        return f"{response} at {label(request.responded)}"
    if row.left is not None:
        return f"client left at {label(row.left)}"
    if request.method == "WEBSOCKET":
        return "open" if request.ended is None else f"closed at {label(request.ended)}"
    return "no response yet" if request.ended is None else "no response"


def counted(number: int, noun: str) -> str:
    """The number and its noun: 1 task, 9,962 tasks."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def gap_text(gap: Gap, label: Callable[[float], str]) -> str:
    """What a gap leaves out, in words.

    Args:
        gap: the gap.
        label: how a time is written.

    Returns:
        A phrase: "… 9,962 more tasks, all finished, from 0.0 s to 175.0 s".
    """
    tasks = sum(number for _, number in gap.outcomes)
    parts = [counted(gap.requests, "more request")] if gap.requests else []
    parts += [counted(tasks, "more task")] if tasks else []
    words = " and ".join(parts)
    when = f"from {label(gap.first)} to {label(gap.last)}"
    if len(gap.outcomes) == 1:
        return f"… {words}, {'all ' if tasks > 1 else ''}{gap.outcomes[0][0]}, {when}"
    # The times first: a drawing may have to cut off the end.
    counts = ", ".join(f"{number:,} {status}" for status, number in gap.outcomes)
    return f"… {words}, {when}" + (f" ({counts})" if counts else "")


def _every_row(timeline: TimelineData) -> list[RequestRow | TaskRow]:
    tasks: dict[int, list[Task]] = {}
    for task in timeline.tasks:
        tasks.setdefault(task.request_id, []).append(task)
    left = event_places(timeline, "client_left")
    task_rows = _TaskRows(timeline)
    rows: list[RequestRow | TaskRow] = []
    for request in timeline.requests:
        own = tasks.pop(request.id, [])
        rows.append(_request_row(request, own, left.get(request.id), timeline.now))
        rows += [row for task in own for row in task_rows.of(task, request)]
    for orphans in tasks.values():
        rows += [row for task in orphans for row in task_rows.of(task, None)]
    return rows


def _request_row(request: Request, tasks: Sequence[Task], left: tuple[float, int] | None, now: float) -> RequestRow:
    gone = left[0] if left is not None and request.responded is None else None
    ends = (request.responded, gone, request.ended, now)
    error = request.error or ""
    if any(task.error == error for task in tasks):
        error = ""
    return RequestRow(request, next(end for end in ends if end is not None), gone, reason(error))


class _TaskRows:
    """Makes the rows of tasks: one a task, or, of a task that ran in several processes, one a process."""

    def __init__(self, timeline: TimelineData) -> None:
        self._now = timeline.now
        self._attempts = attempts_of(timeline)
        self._workers = workers_of(timeline)

    def of(self, task: Task, request: Request | None) -> list[TaskRow]:
        starts = (task.added, task.started, request.sent if request is not None else 0.0)
        point = next(start for start in starts if start is not None)
        by_process: dict[int | None, list[Attempt]] = {}
        for attempt in self._attempts.get(task.id, ()):
            by_process.setdefault(attempt.process, []).append(attempt)
        rows = []
        for at, (process, attempts) in enumerate(by_process.items()):
            point = min(point, attempts[0].start)  # two processes may have had it at the same time
            is_last = at == len(by_process) - 1
            until = self._now if is_last and task.status == "waiting" else attempts[-1].end
            where = WHERE[task.ran_in] if process is None else f"worker {self._workers[process]}"
            rows.append(TaskRow(task, request, point, until, tuple(attempts), where, at == 0, is_last))
            point = until
        if not rows:
            until = self._now if task.status == "added" else point if task.ended is None else task.ended
            rows.append(TaskRow(task, request, point, until, (), WHERE[task.ran_in], True, True))
        return rows


def _kept(every: Sequence[RequestRow | TaskRow], always: set[int]) -> set[int]:
    kept: set[int] = set()
    seen: Counter[str] = Counter()
    parent = 0
    for index, row in enumerate(every):
        if isinstance(row, RequestRow):
            parent = index
        outcome = _outcome(row)
        seen[outcome] += 1
        record = row.request if isinstance(row, RequestRow) else row.task
        wanted = id(record) in always or (outcome != "" and seen[outcome] <= OF_EACH_OUTCOME)
        if wanted or index < FIRST_ROWS or index >= len(every) - LAST_ROWS:
            kept.add(index)
            # A task without its request would lose the line at the response.
            if isinstance(row, TaskRow) and row.request is not None:
                kept.add(parent)
    return kept


def _outcome(row: RequestRow | TaskRow) -> str:
    """What is out of the ordinary about a row, or the empty text."""
    if isinstance(row, TaskRow):
        return "" if row.task.status in ("finished", "added") else row.task.status
    if row.request.status is None:
        return "no response"
    return "error response" if row.request.status >= 400 else ""


def _folded(hidden: Sequence[RequestRow | TaskRow]) -> list[Row]:
    if len(hidden) < 2:
        return list(hidden)
    outcomes = Counter(row.task.status for row in hidden if isinstance(row, TaskRow))
    firsts = [row.point if isinstance(row, TaskRow) else row.request.sent for row in hidden]
    return [
        Gap(
            requests=sum(isinstance(row, RequestRow) for row in hidden),
            outcomes=tuple(sorted(outcomes.items(), key=lambda item: (-item[1], item[0]))),
            first=min(firsts),
            last=max(row.until for row in hidden),
        )
    ]
