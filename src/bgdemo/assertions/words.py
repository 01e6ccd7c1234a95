"""How a failed assertion speaks of values, of tasks, and of what became of them."""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

from bgdemo import display
from bgdemo.display.axis import axis_of
from bgdemo.display.words import clean, shorten, shown
from bgdemo.model import Request, Task, TaskStatus
from bgdemo.record.naming import names
from bgdemo.record.timeline import Timeline

MOST_NAMED = 3
"""How many tasks or requests a sentence names one by one."""
_LONGEST_VALUE = 80  # characters
_TIMES = {1: "once", 2: "twice"}
_ENDED: dict[TaskStatus, str] = {"finished": "finished", "failed": "failed", "cancelled": "was cancelled"}


def failure(
    timeline: Timeline, sentence: str, *, nearest: str = "", point_at: Sequence[Request | Task] = ()
) -> AssertionError:
    """The error of an assertion that does not hold.

    Args:
        timeline: what it was about.
        sentence: what was expected, and what was seen.
        nearest: lines that say how near it came, and what may be done; may be empty.
        point_at: what the drawing points at.
    """
    drawing = display.text(timeline, point_at=point_at[:MOST_NAMED])
    sentence += "" if sentence.endswith(".") else "."
    return AssertionError("\n".join([sentence, *([nearest] if nearest else []), "", drawing]))


def value_text(value: Any) -> str:
    """A value as a message shows it: its repr, shortened; a function by its name."""
    if callable(value) and not isinstance(value, type):
        return names(value)[0]
    return shorten(clean(shown(value), 1000), _LONGEST_VALUE)


def call_text(task: Task) -> str:
    """A task as a call: write_notification('a@example.com', message='hello')."""
    arguments = [value_text(value) for value in task.args]
    arguments += [f"{name}={value_text(value)}" for name, value in task.kwargs.items()]
    return f"{task.name}({', '.join(arguments)})"


def fate(task: Task, timeline: Timeline) -> str:
    """What became of a task, as the rest of a sentence: "failed at 1.0 s with ValueError: no such address"."""
    label = axis_of(timeline).label
    if task.status in _ENDED:
        when = "" if task.ended is None else f" at {label(task.ended)}"
        return _ENDED[task.status] + when + (f" with {clean(task.error)}" if task.error else "")
    if task.status == "added":
        return f"had not started at {label(timeline.now)}"
    if task.status == "running":
        return f"was still running at {label(timeline.now)}"
    if task.status == "abandoned":
        return "was abandoned, still in its thread when the client was closed"
    if task.status == "waiting":
        return f"was waiting for its next attempt at {label(timeline.now)}" + (
            f", after {clean(task.error)}" if task.error else ""
        )
    if task.status == "lost":
        return "was lost" + ("" if task.ended is None else f" at {label(task.ended)}") + ", when its process died"
    if task.status == "dropped":
        return f"was dropped: {_refusal(task, timeline) or 'it never ran'}"
    return f"was skipped{_why_skipped(task, timeline)}"


def advice(tasks: Collection[Task], timeline: Timeline) -> str:
    """What to do about tasks that have not ended yet, or that were dropped without an error; empty for all others."""
    if any(task.status in ("added", "running", "waiting") for task in tasks):
        return (
            "The timeline was taken before that: client.drain() waits, and returns one in which all tasks have ended. "
            "In mode 'fake', client.run_tasks() runs them."
        )
    if any(task.status == "dropped" and not _refusal(task, timeline) for task in tasks):
        return "Has the response a background= of its own? It takes the place of all tasks that were added."
    return ""


def times_text(number: int) -> str:
    """How often: 0 times, once, twice, 3 times."""
    return _TIMES.get(number, f"{number} times")


def listed(items: Sequence[str]) -> str:
    """Items in a sentence: "a", "a and b", "a, b and c"; of many the first ones and the number of the rest."""
    shown = list(items[:MOST_NAMED])
    if len(items) > len(shown):
        shown.append(f"{len(items) - MOST_NAMED} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def counted_names(tasks: Collection[Task]) -> str:
    """The functions of some tasks: "were write_log (twice) and send_mail"."""
    counts = Counter(task.name for task in tasks)
    verb = "was" if len(tasks) == 1 else "were"
    return f"{verb} " + listed(
        [name if number == 1 else f"{name} ({times_text(number)})" for name, number in counts.items()]
    )


def _why_skipped(task: Task, timeline: Timeline) -> str:
    for other in timeline.tasks:
        if other.request_id == task.request_id and other.status == "failed":
            return f", since {other.name} before it failed with {clean(other.error or 'an error')}"
    return ", since a task before it failed"


def _refusal(task: Task, timeline: Timeline) -> str:
    """How its request ended in a way that drops tasks; empty if it did not."""
    request = next((one for one in timeline.requests if one.id == task.request_id), None)
    if request is not None and request.status is not None and request.status >= 400:
        return f"its request was answered {request.status}"
    if request is not None and request.error:
        return f"its request raised {clean(request.error)}"
    return ""
