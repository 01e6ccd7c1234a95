"""When things happened: in which order tasks ran, and how long clients waited."""

from bgdemo.assertions.search import Search, refuse_no_timeline
from bgdemo.assertions.words import advice, failure, fate, listed, times_text
from bgdemo.display.axis import axis_of
from bgdemo.model import Request, Task, event_places
from bgdemo.record.naming import Function
from bgdemo.record.timeline import Timeline

_BEGINNING, _NEVER = (0.0, -1), (float("inf"), 0)
"""Places (time, sequence) before and after all events."""
_DECIMALS = 9
"""Of a second: times are exact to the nanosecond, their differences as floats are not."""


def assert_order(
    timeline: Timeline, first: Function | Task, second: Function | Task, *more: Function | Task
) -> tuple[Task, ...]:
    """Assert that tasks ran one after the other, in this order: each had ended when the next one started.

    Others may have run between them. Of a function that has several tasks, one at the right place is enough.

    Args:
        timeline: what happened.
        first: a function, its name, or a task as another assertion returned it.
        second: what ran after it.
        more: what ran after that, in this order.

    Returns:
        The tasks that were found in this order.

    Raises:
        AssertionError: they ran in another order, or at the same time, or not at all.
    """
    __tracebackhide__ = True
    timeline = refuse_no_timeline(timeline)
    starts, ends = event_places(timeline, "task_started"), event_places(timeline, "task_ended")
    steps: list[tuple[str, tuple[Task, ...]]] = []
    for what in (first, second, *more):
        steps.append(_step(timeline, what))
    ran: list[Task] = []
    for name, tasks in steps:
        earliest = ends.get(ran[-1].id, _NEVER) if ran else _BEGINNING
        left = [task for task in tasks if all(task is not other for other in ran)]
        fitting = [task for task in left if starts.get(task.id, _BEGINNING) > earliest]
        if not fitting:
            sentence = f"Expected the order {', '.join(name for name, _ in steps)}, but "
            raise _wrong_order(timeline, sentence, ran, left or f"{name} was added {times_text(len(tasks))}")
        ran.append(min(fitting, key=lambda task: ends.get(task.id, _NEVER)))
    return tuple(ran)


def assert_response_within(timeline: Timeline, seconds: float) -> None:
    """Assert that no client waited longer than this for a response; WebSocket connections do not count.

    Args:
        timeline: what happened; at least one request.
        seconds: from the moment a request was sent to the last byte of its response.

    Raises:
        AssertionError: a response took longer, or never came; or there was no request.
    """
    __tracebackhide__ = True
    requests = [one for one in refuse_no_timeline(timeline).requests if one.method != "WEBSOCKET"]
    late = [one for one in requests if one.responded is None or _waited(one, one.responded) > seconds]
    if late:
        label = axis_of(timeline).label
        phrases = [
            f"{one.method} {one.path} "
            + ("had no response" if one.responded is None else f"took {label(_waited(one, one.responded))}")
            for one in late
        ]
        raise failure(timeline, f"Expected each response within {seconds:g} s, but {listed(phrases)}", point_at=late)
    if not requests:
        raise failure(timeline, f"Expected each response within {seconds:g} s, but no request was sent")


def _waited(request: Request, responded: float) -> float:
    return round(responded - request.sent, _DECIMALS)


def _step(timeline: Timeline, what: Function | Task) -> tuple[str, tuple[Task, ...]]:
    """The name of what ran, and the tasks that may be meant."""
    __tracebackhide__ = True
    if isinstance(what, Task):
        return what.name, tuple(task for task in timeline.tasks if task.id == what.id)
    search = Search(timeline, what)
    if not search.found:
        raise search.nothing_found("to run")
    return search.name, search.found


def _wrong_order(timeline: Timeline, sentence: str, ran: list[Task], left: list[Task] | str) -> AssertionError:
    if isinstance(left, str):
        return failure(timeline, sentence + left, point_at=ran)
    label = axis_of(timeline).label
    started = [task for task in left if task.started is not None]
    if not started:
        seen = f"{left[0].name} {fate(left[0], timeline)}"
        return failure(timeline, sentence + seen, nearest=advice(left, timeline), point_at=left)
    task, before = started[-1], ran[-1]
    ended = "had ended" if before.ended is None else f"ended at {label(before.ended)}"
    seen = f"{task.name} started at {label(task.started or 0.0)}, before {before.name} {ended}"
    return failure(timeline, sentence + seen, point_at=[before, task])
