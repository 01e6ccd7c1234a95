"""What became of the tasks of a function: of all of them, or of just so many."""

from collections.abc import Callable
from typing import get_args

from bgdemo.assertions.search import Args, Kwargs, Search
from bgdemo.assertions.words import advice, call_text, failure, fate, listed, times_text
from bgdemo.display.axis import axis_of
from bgdemo.model import RanIn, Task, event_places
from bgdemo.record.naming import Function
from bgdemo.record.timeline import Timeline

_PLACES: dict[RanIn, str] = {"threadpool": "the thread pool", "event_loop": "the event loop", "worker": "a worker"}


def assert_finished(
    timeline: Timeline, function: Function, *, args: Args = None, kwargs: Kwargs = None, times: int | None = None
) -> tuple[Task, ...]:
    """Assert that the tasks of a function ran to their end.

    Args:
        timeline: what happened.
        function: the function, or its name.
        args: only tasks with exactly these positional arguments; each a value or a predicate.
        kwargs: only tasks with exactly these keyword arguments.
        times: how many of them finished; None for all of them, and there is at least one.

    Returns:
        The tasks that finished, in the order in which they were added.

    Raises:
        AssertionError: one did not finish; or there is none, or another number of them.
    """
    __tracebackhide__ = True
    search = Search(timeline, function, args, kwargs)
    return _check(search, times, "to finish", lambda task: task.status == "finished")


def assert_failed(
    timeline: Timeline,
    function: Function,
    exception: type[BaseException] | str | None = None,
    *,
    args: Args = None,
    kwargs: Kwargs = None,
    times: int | None = None,
) -> tuple[Task, ...]:
    """Assert that the tasks of a function raised.

    Args:
        timeline: what happened.
        function: the function, or its name.
        exception: what they raised: a class, or one that it is a base of; or a part of "Type: message".
        args: only tasks with exactly these positional arguments; each a value or a predicate.
        kwargs: only tasks with exactly these keyword arguments.
        times: how many of them failed in this way; None for all of them, and there is at least one.

    Returns:
        The tasks that failed, in the order in which they were added.

    Raises:
        AssertionError: one did not fail in this way; or there is none, or another number of them.
    """
    __tracebackhide__ = True
    search = Search(timeline, function, args, kwargs)
    raised = _raised(exception)
    with_what = "" if exception is None else f" with {exception.__name__ if isinstance(exception, type) else exception}"
    return _check(search, times, f"to fail{with_what}", lambda task: task.status == "failed" and raised(task))


def assert_skipped(
    timeline: Timeline, function: Function, *, args: Args = None, kwargs: Kwargs = None, times: int | None = None
) -> tuple[Task, ...]:
    """Assert that the tasks of a function never ran, since a task before them failed.

    Args, Returns and Raises: as for `assert_finished`.
    """
    __tracebackhide__ = True
    search = Search(timeline, function, args, kwargs)
    return _check(search, times, "to be skipped", lambda task: task.status == "skipped")


def assert_dropped(
    timeline: Timeline, function: Function, *, args: Args = None, kwargs: Kwargs = None, times: int | None = None
) -> tuple[Task, ...]:
    """Assert that the tasks of a function never ran: the route raised, or another background= took their place.

    Args, Returns and Raises: as for `assert_finished`.
    """
    __tracebackhide__ = True
    search = Search(timeline, function, args, kwargs)
    return _check(search, times, "to be dropped", lambda task: task.status == "dropped")


def assert_ran_after_response(
    timeline: Timeline, function: Function, *, args: Args = None, kwargs: Kwargs = None
) -> tuple[Task, ...]:
    """Assert that the tasks of a function started after the response of their request had left, all of it.

    Args:
        timeline: what happened.
        function: the function, or its name.
        args: only tasks with exactly these positional arguments; each a value or a predicate.
        kwargs: only tasks with exactly these keyword arguments.

    Returns:
        The tasks, in the order in which they were added.

    Raises:
        AssertionError: one started before, or never; or there is none.
    """
    __tracebackhide__ = True
    starts, responses = event_places(timeline, "task_started"), event_places(timeline, "response_ended")
    label = axis_of(timeline).label

    def holds(task: Task) -> bool:
        start, response = starts.get(task.id), responses.get(task.request_id)
        return start is not None and response is not None and start > response

    def seen(task: Task) -> str:
        if task.id not in starts:
            return fate(task, timeline)
        response = responses.get(task.request_id)
        left = "and no response left" if response is None else f"before the response left at {label(response[0])}"
        return f"started at {label(starts[task.id][0])}, {left}"

    return _check(Search(timeline, function, args, kwargs), None, "to run after the response", holds, seen)


def assert_ran_in(
    timeline: Timeline, function: Function, where: RanIn, *, args: Args = None, kwargs: Kwargs = None
) -> tuple[Task, ...]:
    """Assert where the tasks of a function ran.

    Args:
        timeline: what happened.
        function: the function, or its name.
        where: "threadpool", "event_loop", or "worker" for a process of a queue.
        args: only tasks with exactly these positional arguments; each a value or a predicate.
        kwargs: only tasks with exactly these keyword arguments.

    Returns:
        The tasks, in the order in which they were added.

    Raises:
        AssertionError: one ran elsewhere, or never; or there is none.
        ValueError: there is no such place.
    """
    __tracebackhide__ = True
    if where not in _PLACES:
        raise ValueError(f"{where!r} is no place where tasks run: those are {', '.join(map(repr, get_args(RanIn)))}.")

    def seen(task: Task) -> str:
        return fate(task, timeline) if task.ran_in is None else f"ran in {_PLACES[task.ran_in]}"

    search = Search(timeline, function, args, kwargs)
    return _check(search, None, f"to run in {_PLACES[where]}", lambda task: task.ran_in == where, seen)


def _check(
    search: Search,
    times: int | None,
    expected: str,
    holds: Callable[[Task], bool],
    seen: Callable[[Task], str] | None = None,
) -> tuple[Task, ...]:
    __tracebackhide__ = True
    timeline = search.timeline
    right = tuple(task for task in search.found if holds(task))
    wrong = tuple(task for task in search.found if not holds(task))
    if len(right) == times or (times is None and right and not wrong):
        return right
    if not search.found:
        raise search.nothing_found(expected)
    say = seen or (lambda task: fate(task, timeline))
    phrases = [f"{call_text(task)} {say(task)}" for task in wrong]
    if len(search.found) == 1 and wrong and times in (None, 1):
        sentence = f"Expected {search.what} {expected}, but it {say(wrong[0])}"
    elif times is None:
        sentence = f"Expected each of the {len(search.found)} tasks of {search.what} {expected}, but {listed(phrases)}"
    else:
        sentence = f"Expected {search.what} {expected} {times_text(times)}, but that was seen {times_text(len(right))}"
        sentence += f"; {listed(phrases)}" if phrases else ""
    raise failure(timeline, sentence, nearest=advice(wrong, timeline), point_at=wrong or right)


def _raised(exception: type[BaseException] | str | None) -> Callable[[Task], bool]:
    """Whether a task's error is of that kind; a timeline has errors as texts, so a class is known by its name."""
    if exception is None:
        return lambda task: True
    if isinstance(exception, str):
        return lambda task: exception in (task.error or "")
    if not (isinstance(exception, type) and issubclass(exception, BaseException)):
        raise TypeError(f"{exception!r} is neither an exception's class nor a part of its text.")
    known = _with_subclasses(exception)
    return lambda task: (task.error or "").partition(":")[0] in known


def _with_subclasses(exception: type[BaseException]) -> set[str]:
    found = {exception.__name__}
    for below in exception.__subclasses__():
        found |= _with_subclasses(below)
    return found
