"""Which tasks were added, and with what; what became of them does not matter here."""

from bgdemo.assertions.search import Args, Kwargs, Search, refuse_no_timeline
from bgdemo.assertions.words import call_text, counted_names, failure, listed, times_text
from bgdemo.model import Task
from bgdemo.record.naming import Function
from bgdemo.record.timeline import Timeline


def assert_added(
    timeline: Timeline, function: Function, *, args: Args = None, kwargs: Kwargs = None, times: int | None = None
) -> tuple[Task, ...]:
    """Assert that a function was added as a task.

    Args:
        timeline: what happened.
        function: the function, or its name.
        args: only tasks with exactly these positional arguments; each a value or a predicate.
        kwargs: only tasks with exactly these keyword arguments.
        times: how many such tasks there are; None for one or more.

    Returns:
        The tasks, in the order in which they were added.

    Raises:
        AssertionError: there is none, or another number of them.
    """
    __tracebackhide__ = True
    search = Search(timeline, function, args, kwargs)
    expected = "to be added" if times is None else f"to be added {times_text(times)}"
    number = len(search.found)
    if number == times or (times is None and number):
        return search.found
    if not number:
        raise search.nothing_found(expected)
    sentence = f"Expected {search.what} {expected}, but it was added {times_text(number)}"
    raise failure(timeline, sentence, nearest=_calls(search.found), point_at=search.found)


def assert_not_added(timeline: Timeline, function: Function, *, args: Args = None, kwargs: Kwargs = None) -> None:
    """Assert that a function was not added as a task, whatever became of it.

    Args:
        timeline: what happened.
        function: the function, or its name.
        args: only tasks with exactly these positional arguments matter; each a value or a predicate.
        kwargs: only tasks with exactly these keyword arguments matter.

    Raises:
        AssertionError: there is such a task.
    """
    __tracebackhide__ = True
    search = Search(timeline, function, args, kwargs)
    if search.found:
        sentence = f"Expected {search.what} not to be added, but it was added {times_text(len(search.found))}"
        raise failure(timeline, sentence, nearest=_calls(search.found), point_at=search.found)


def assert_nothing_added(timeline: Timeline) -> None:
    """Assert that no task was added at all.

    Args:
        timeline: what happened.

    Raises:
        AssertionError: there is a task.
    """
    __tracebackhide__ = True
    tasks = refuse_no_timeline(timeline).tasks
    if tasks:
        raise failure(timeline, f"Expected no task to be added; added {counted_names(tasks)}", point_at=tasks)


def _calls(tasks: tuple[Task, ...]) -> str:
    return f"Added: {listed([call_text(task) for task in tasks])}"
