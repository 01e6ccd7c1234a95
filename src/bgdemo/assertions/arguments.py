"""Whether a task was added with the arguments that an assertion names, and what differs if not."""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bgdemo.assertions.words import value_text
from bgdemo.model import Task
from bgdemo.record.naming import Function

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


@dataclass(frozen=True, slots=True)
class Difference:
    """One argument that is not as it was expected."""

    words: str
    respelled: bool = False
    """It is as expected, but given by its place instead of as a keyword, or the other way round."""

    def __str__(self) -> str:
        return self.words


def refuse_other_containers(args: Any, kwargs: Any) -> None:
    """Raise TypeError where `args` or `kwargs` cannot be what was meant."""
    if args is not None and not isinstance(args, (list, tuple)):
        raise TypeError(f"args={args!r} is neither a tuple nor a list: write args=({args!r},).")
    if kwargs is not None and not isinstance(kwargs, Mapping):
        raise TypeError(f"kwargs={kwargs!r} is no dict of the keyword arguments by their names.")


def differences(
    task: Task, function: Function, args: Sequence[Any] | None, kwargs: Mapping[str, Any] | None
) -> list[Difference]:
    """What keeps a task from having been added with these arguments.

    Args:
        task: a task of the function.
        function: where it is the function itself, its signature tells which keyword an argument may have been given as.
        args: the positional arguments expected; None if they do not matter.
        kwargs: the keyword arguments expected; None if they do not matter.

    Returns:
        What differs, argument by argument; nothing if the task fits.

    Raises:
        Exception: what a comparison or a predicate raises.
    """
    try:
        return [
            *([] if args is None else _positional(task, function, args)),
            *([] if kwargs is None else _by_keyword(task, function, kwargs)),
        ]
    except Exception as error:
        error.add_note(f"Raised while an assertion compared the arguments of task {task.id}, {task.name}.")
        raise


def _positional(task: Task, function: Function, args: Sequence[Any]) -> Iterator[Difference]:
    parameters = _parameters(function)
    for place in range(max(len(args), len(task.args))):
        what = f"argument {place + 1}:"
        if place >= len(args):
            yield Difference(f"{what} not expected, seen {value_text(task.args[place])}")
        elif place < len(task.args):
            yield from _compared(what, args[place], task.args[place])
        elif place < len(parameters) and parameters[place] in task.kwargs:
            name = parameters[place]
            yield _in_another_place(what, args[place], f"keyword {name}", task.kwargs[name])
        else:
            yield Difference(f"{what} {_expected(args[place])}, not given")


def _by_keyword(task: Task, function: Function, kwargs: Mapping[str, Any]) -> Iterator[Difference]:
    parameters = _parameters(function)
    for name in dict.fromkeys([*kwargs, *task.kwargs]):
        what = f"keyword {name}:"
        if name not in kwargs:
            yield Difference(f"{what} not expected, seen {value_text(task.kwargs[name])}")
        elif name in task.kwargs:
            yield from _compared(what, kwargs[name], task.kwargs[name])
        elif name in parameters and parameters.index(name) < len(task.args):
            place = parameters.index(name)
            yield _in_another_place(what, kwargs[name], f"argument {place + 1}", task.args[place])
        else:
            yield Difference(f"{what} {_expected(kwargs[name])}, not given")


def _compared(what: str, expected: Any, seen: Any) -> Iterator[Difference]:
    if not _fits(expected, seen):
        yield Difference(f"{what} {_expected(expected)}, seen {value_text(seen)}")


def _in_another_place(what: str, expected: Any, place: str, seen: Any) -> Difference:
    if _fits(expected, seen):
        return Difference(f"{what} {_expected(expected)}, and it was given, as {place}: {value_text(seen)}", True)
    return Difference(f"{what} {_expected(expected)}, seen as {place}: {value_text(seen)}")


def _fits(expected: Any, seen: Any) -> bool:
    if expected is seen or expected == seen:
        return True
    if not _is_predicate(expected) or callable(seen):
        return False
    verdict = expected(seen)
    if verdict is not True and verdict is not False:
        raise TypeError(
            f"{value_text(expected)} was taken for a predicate, and returned {value_text(verdict)}: "
            "a predicate returns True or False."
        )
    return verdict


def _is_predicate(expected: Any) -> bool:
    return callable(expected) and not isinstance(expected, type)


def _expected(value: Any) -> str:
    return f"expected {'to satisfy ' if _is_predicate(value) else ''}{value_text(value)}"


def _parameters(function: Function) -> list[str]:
    """The names of the parameters that can be given by their place, where the function is known."""
    if isinstance(function, str):
        return []
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):  # some builtins have none
        return []
    return [name for name, parameter in parameters.items() if parameter.kind in _POSITIONAL]
