"""A timeline as one plain sentence: when the response came, what the tasks did, whether the client waited."""

from collections import Counter
from collections.abc import Sequence

from bgdemo.display.axis import Axis
from bgdemo.display.rows import counted
from bgdemo.display.words import clean, reason, shorten
from bgdemo.model import Request, Task, TaskStatus, TimelineData, event_places

SMALL_WAIT = 0.05
"""Up to this part of the time until the last task ended, a client is said not to have waited."""

OUTCOMES: dict[TaskStatus, str] = {
    "finished": "finished",
    "failed": "failed",
    "skipped": "skipped",
    "dropped": "dropped",
    "cancelled": "cancelled",
    "abandoned": "abandoned",
    "running": "running",
    "added": "not started",
    "waiting": "waiting for the next attempt",
    "lost": "lost",
}


def sentence(timeline: TimelineData, axis: Axis) -> str:
    """What a drawing shows, in words.

    Args:
        timeline: what happened.
        axis: how its times are written.

    Returns:
        One sentence.
    """
    tasks = _tasks(timeline.tasks, timeline, axis)
    if not timeline.requests:
        return f"No request yet; {tasks}." if tasks else "No request yet."
    if len(timeline.requests) == 1:
        return _one_request(timeline, tasks, axis)
    response = _responses(timeline.requests, axis)
    verdict = ""
    if _nobody_waited(timeline):
        one = len(timeline.tasks) == 1
        verdict = ": the client did not wait for it" if one else ": the client waited for none of them"
    return f"{response}; {tasks or 'no task was added'}{verdict}."


def _nobody_waited(timeline: TimelineData) -> bool:
    """Whether each client had its response long before the last task ended, another request's task included."""
    waits = {r.id: r.responded - r.sent for r in timeline.requests if r.responded is not None}
    ran = _ran(timeline.tasks)
    if not ran or any(task.request_id not in waits for task in ran) or _any_before_response(timeline):
        return False
    ends = [timeline.now if task.ended is None else task.ended for task in ran]
    return max(waits.values()) <= SMALL_WAIT * (max(ends) - timeline.requests[0].sent)


def _one_request(timeline: TimelineData, tasks: str, axis: Axis) -> str:
    request = timeline.requests[0]
    response = _response(request, timeline, axis)
    if not tasks:
        if request.responded is not None:
            response += f": the client waited {axis.label(request.responded - request.sent)}"
        ended = request.responded is not None or request.ended is not None
        return f"{response}; {'no task was added' if ended else 'no task was added so far'}."
    return f"{response}; {tasks}{_verdict(request, timeline, axis)}."


def _response(request: Request, timeline: TimelineData, axis: Axis) -> str:
    if request.method == "WEBSOCKET":
        if request.ended is None:
            return f"The WebSocket connection is open at {axis.label(timeline.now)}"
        return f"The WebSocket connection was closed at {axis.label(request.ended)}"
    if request.responded is not None:
        status = "" if request.status is None or request.status < 400 else f" {request.status}"
        return f"Response{status} at {axis.label(request.responded)}"
    left = event_places(timeline, "client_left").get(request.id)
    if left is not None:
        return f"The client left at {axis.label(left[0])}, before the response"
    if request.ended is None:
        return f"No response yet at {axis.label(timeline.now)}: the client waits"
    return "No response" + (f" ({shorten(reason(request.error), 60)})" if request.error else "")


def _responses(requests: Sequence[Request], axis: Axis) -> str:
    words = counted(len(requests), "request")
    answered = [(request.responded, request.sent) for request in requests if request.responded is not None]
    if not answered:
        return f"{words}, no response yet"
    first, last = (axis.label(pick(time for time, _ in answered)) for pick in (min, max))
    when = f"at {first}" if first == last else f"from {first} to {last}"
    number = counted(len(answered), "response")
    if len(answered) == len(requests):
        number = "all responses" if first == last else "responses"
    longest = axis.label(max(responded - sent for responded, sent in answered))
    return f"{words}: {number} {when}, the longest wait {longest}"


def _tasks(tasks: Sequence[Task], timeline: TimelineData, axis: Axis) -> str:
    if len(tasks) <= 1:
        return "".join(_task(task, timeline, axis) for task in tasks)
    outcomes = Counter(task.status for task in tasks)
    number = counted(len(tasks), "task")
    last = max((task.ended for task in tasks if task.ended is not None), default=None)
    if outcomes["finished"] == len(tasks) and last is not None:
        return f"{number} ended, the last at {axis.label(last)}"
    counts = ", ".join(f"{outcomes[status]:,} {word}" for status, word in OUTCOMES.items() if outcomes[status])
    if outcomes["running"] or outcomes["added"] or outcomes["waiting"]:
        return f"{number} at {axis.label(timeline.now)} ({counts})"
    return f"{number} ({counts})" + (f", the last ended at {axis.label(last)}" if last is not None else "")


def _task(task: Task, timeline: TimelineData, axis: Axis) -> str:
    name = shorten(clean(task.name), 40)
    ended = f" at {axis.label(task.ended)}" if task.ended is not None else ""
    if task.status == "failed":
        return f"{name} failed{ended} ({shorten(reason(task.error) or 'no error was recorded', 60)})"
    if task.status == "cancelled":
        return f"{name} was cancelled{ended}" + ("" if task.started is not None else " before it started")
    outcome = {
        "finished": f" ended{ended}",
        "running": f" is still running at {axis.label(timeline.now)}",
        "added": " was added and has not started",
        "skipped": " was skipped: an earlier task failed",
        "dropped": " was dropped: it never ran",
        "abandoned": " was abandoned, still in its thread when the client closed",
        "waiting": f" waits for its next attempt at {axis.label(timeline.now)}",
        "lost": f" was lost{ended}, when its process died",
    }[task.status]
    return name + outcome


def _verdict(request: Request, timeline: TimelineData, axis: Axis) -> str:
    ran = _ran(timeline.tasks)
    if request.responded is None or not ran:
        return ""
    wait = request.responded - request.sent
    if _any_before_response(timeline):
        return f": the client waited {axis.label(wait)}"
    if len(timeline.tasks) == 1 and ran[0].status in ("failed", "lost"):
        return ": the client already had its response"
    last = max(timeline.now if task.ended is None else task.ended for task in ran)
    if wait <= SMALL_WAIT * (last - request.sent) or axis.number(wait) == axis.number(0):
        return ": the client did not wait"
    them = "the task" if len(timeline.tasks) == 1 else "the tasks"
    return f": the client waited {axis.label(wait)}, but not for {them}"


def _ran(tasks: Sequence[Task]) -> list[Task]:
    return [task for task in tasks if task.started is not None or task.status in ("finished", "failed", "running")]


def _any_before_response(timeline: TimelineData) -> bool:
    """Whether a task ended before its response did, by (time, sequence) where the events are known."""
    responses = event_places(timeline, "response_ended")
    ends = event_places(timeline, "task_ended")
    responded = {request.id: request.responded for request in timeline.requests}
    for task in timeline.tasks:
        if task.ran_in == "worker":  # which no client waits for, however quick it is
            continue
        response, end = responses.get(task.request_id), ends.get(task.id)
        if response is not None and end is not None:
            if end < response:
                return True
        elif task.ended is not None:
            time = responded.get(task.request_id)
            if time is not None and task.ended < time:
                return True
    return False
