"""When a task ran, and in which processes: in the app's own once, in those of workers perhaps several times."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bgdemo.model import Event, EventKind, Task, TaskStatus, TimelineData

_CUT_SHORT: dict[EventKind, TaskStatus] = {"task_retried": "failed", "task_interrupted": "lost"}


@dataclass(frozen=True, slots=True)
class Attempt:
    """One time that a task's function ran."""

    process: int | None
    """The id of the worker process; None for the app's own process."""
    start: float
    """Seconds."""
    end: float
    """Seconds: when it ended, or now."""
    status: TaskStatus
    """What became of it: "failed" also where another attempt followed, "lost" where its process died."""


def attempts_of(timeline: TimelineData) -> dict[int, list[Attempt]]:
    """The attempts of each task that has started, the first one first, by the task's id."""
    told: dict[int, list[Event]] = {task.id: [] for task in timeline.tasks if task.process is not None}
    for event in timeline.events if told else ():
        if event.task_id in told and event.process is not None:
            told[event.task_id].append(event)
    found = {}
    for task in timeline.tasks:
        if task.started is not None:
            attempts = _in_workers(task, told.get(task.id, ()), timeline.now)
            found[task.id] = attempts or [Attempt(task.process, task.started, _end(task, timeline.now), task.status)]
    return found


def workers_of(timeline: TimelineData) -> dict[int, int]:
    """A small number for each worker process, 1 for the one that was first heard of."""
    known: dict[int, int] = {}
    for process in [event.process for event in timeline.events] + [task.process for task in timeline.tasks]:
        if process is not None:
            known.setdefault(process, len(known) + 1)
    return known


def _end(task: Task, now: float) -> float:
    if task.ended is not None:
        return task.ended
    started = now if task.started is None else task.started
    return now if task.status in ("added", "running", "abandoned", "waiting") else started


def _in_workers(task: Task, events: Sequence[Event], now: float) -> list[Attempt]:
    attempts: list[Attempt] = []
    going_on: dict[int, int] = {}
    for event in events:
        assert event.process is not None
        if event.kind == "task_started":
            going_on[event.process] = len(attempts)
            attempts.append(Attempt(event.process, event.time, _end(task, now), "running"))
        elif event.process in going_on and event.kind in (*_CUT_SHORT, "task_ended"):
            at = going_on.pop(event.process)
            attempts[at] = replace(attempts[at], end=event.time, status=_CUT_SHORT.get(event.kind, task.status))
    if task.ended is not None:  # a process that nobody watched, and that was never heard of again
        attempts = [replace(one, status="lost") if one.status == "running" else one for one in attempts]
    return attempts
