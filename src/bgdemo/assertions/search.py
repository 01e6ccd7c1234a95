"""The tasks that an assertion is about, and how near the others came."""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from bgdemo.assertions.arguments import differences, refuse_other_containers
from bgdemo.assertions.words import call_text, counted_names, failure, fate, listed, value_text
from bgdemo.model import Task
from bgdemo.record.naming import Function, full_name
from bgdemo.record.timeline import Timeline

Args = Sequence[Any] | None
"""Positional arguments, in a tuple or a list; None if they do not matter."""
Kwargs = Mapping[str, Any] | None
"""Keyword arguments; None if they do not matter."""


class Search:
    """A look for the tasks of one function in a timeline.

    Args:
        timeline: where to look.
        function: whose tasks.
        args: only those with these positional arguments.
        kwargs: only those with these keyword arguments.

    Raises:
        TypeError: an argument is not what it has to be.
        ValueError: the name could be that of several functions.
    """

    def __init__(self, timeline: Timeline, function: Function, args: Args = None, kwargs: Kwargs = None) -> None:
        self.timeline = refuse_no_timeline(timeline)
        refuse_other_containers(args, kwargs)
        self.full_name = full_name(function, (task.function for task in timeline.tasks))
        self.of_function = [task for task in timeline.tasks if task.function == self.full_name]
        self._unlike = {task.id: differences(task, function, args, kwargs) for task in self.of_function}
        self.found = tuple(task for task in self.of_function if not self._unlike[task.id])
        self.name = self.of_function[0].name if self.of_function else self.full_name.rpartition(".")[2]
        self.what = self.name + _with(args, kwargs)

    def nothing_found(self, expected: str) -> AssertionError:
        """The error where no task was found.

        Args:
            expected: what was expected of it: "to be added".
        """
        nearest: list[Task] = []
        if self.of_function:
            nearest = [min(self.of_function, key=self._distance)]
            seen = "it was added with other arguments only"
            hint = "\n  ".join([f"Nearest: {self._described(nearest[0])}", *map(str, self._unlike[nearest[0].id])])
        elif self.timeline.tasks:
            seen = f"it was not; added {counted_names(self.timeline.tasks)}"
            nearest = self._with_a_like_name()
            hint = "".join(self._relation(task) for task in nearest)
        else:
            seen = "no task was added" if self.timeline.requests else "no request was sent"
            hint = self._refusals()
        return failure(self.timeline, f"Expected {self.what} {expected}, but {seen}", nearest=hint, point_at=nearest)

    def _described(self, task: Task) -> str:
        """The call, and what is worth knowing of its end."""
        as_usual = task.status in ("added", "running", "waiting", "finished")
        return call_text(task) + ("" if as_usual else f", which {fate(task, self.timeline)}")

    def _distance(self, task: Task) -> tuple[int, int]:
        unlike = self._unlike[task.id]
        return sum(not difference.respelled for difference in unlike), len(unlike)

    def _relation(self, task: Task) -> str:
        same = f"; another function of that name than {self.full_name}" if task.name == self.name else ""
        return f"Nearest: {task.function}, as {self._described(task)}{same}"

    def _with_a_like_name(self) -> list[Task]:
        like = difflib.get_close_matches(self.name, [task.name for task in self.timeline.tasks], n=1)
        return [task for task in self.timeline.tasks if task.name in like][:1]

    def _refusals(self) -> str:
        refused = [one for one in self.timeline.requests if one.status is not None and one.status >= 400]
        answers = [f"{one.method} {one.path} was answered {one.status}" for one in refused]
        return f"{listed(answers)}." if answers else ""


def refuse_no_timeline(timeline: Any) -> Timeline:
    """The timeline, or TypeError where it is none."""
    if not isinstance(timeline, Timeline):
        raise TypeError(
            f"{value_text(timeline)} is no Timeline: pass `client.timeline`, or what `client.drain()` returned."
        )
    return timeline


def _with(args: Args, kwargs: Kwargs) -> str:
    parts = []
    if args is not None:
        written = ", ".join(value_text(value) for value in args)
        parts.append(f"args ({written}{',' if len(args) == 1 else ''})")
    if kwargs is not None:
        parts.append("kwargs {" + ", ".join(f"{name!r}: {value_text(value)}" for name, value in kwargs.items()) + "}")
    return f" with {' and '.join(parts)}" if parts else ""
