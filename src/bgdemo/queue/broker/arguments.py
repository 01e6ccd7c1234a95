"""What may cross over to another process: functions that it can import, and arguments that arrive as they were."""

import functools
import importlib
import inspect
import math
from collections.abc import Callable, Mapping
from typing import Any

from bgdemo.errors import QueueError
from bgdemo.record.naming import names


def importable(function: Any) -> str:
    """The name by which a worker finds a function: "shop:write_notification".

    Raises:
        QueueError: it is no function, or one that no other process can import.
    """
    name, full = names(function)
    if not callable(function):
        raise QueueError(
            f"add_task got {function!r}, which is no function: pass the function and its arguments separately, "
            "add_task(write_log, message)."
        )
    module, qualified = getattr(function, "__module__", None), getattr(function, "__qualname__", None)
    if module is None or qualified is None:
        raise QueueError(f"A worker cannot import {name}, which is a {type(function).__name__}: {_INSTEAD}")
    if module == "__main__":
        raise QueueError(
            f"A worker cannot import {name}: it is in a notebook's cell, or in the script that was started, and a "
            "worker is another process. Put it into a module, a file such as shop.py, and import it from there."
        )
    if "<" in qualified:  # <lambda>, <locals>
        what = "a lambda" if name == "<lambda>" else f"{name}, which is defined inside another function"
        raise QueueError(f"A worker cannot import {what} ({full}): {_INSTEAD}")
    if found(f"{module}:{qualified}") != function:  # == and not `is`: a class's method is a new object at each look
        raise QueueError(f"A worker that imports {full} finds something else under that name: {_INSTEAD}")
    return f"{module}:{qualified}"


def found(name: str) -> Any:
    """The function that goes by a name of `importable`; None if its module has no such thing (any more)."""
    module, _, qualified = name.partition(":")
    here: Any = importlib.import_module(module)
    for part in qualified.split("."):
        here = getattr(here, part, None)
    return here


def refuse_unsendable(function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    """Raise QueueError, with the argument's name, if an argument would not arrive as it is."""
    named = [(_positional(function, place), value) for place, value in enumerate(args)]
    for argument, value in [*named, *kwargs.items()]:
        trouble = _trouble(value)
        if trouble:
            raise QueueError(
                f"add_task({names(function)[0]}, ...): the argument {argument} {trouble}. Pass what JSON knows (texts, "
                "numbers, lists, dicts with texts as keys), such as the path of a saved file, or the id of a row."
            )


_INSTEAD = "pass a function that a module has at its top level, and its arguments to add_task."


def _positional(function: Callable[..., Any], place: int) -> str:
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # written in C, without a signature
        parameters = []
    for at, parameter in enumerate(parameters):
        if parameter.kind is parameter.VAR_POSITIONAL and place >= at:
            return f"{parameter.name}[{place - at}]"
        if at == place and parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            return parameter.name
    return f"number {place + 1}"


def _trouble(value: Any) -> str | None:
    kind = type(value).__name__
    try:
        arrived = _there_and_back(value)
    except Exception:
        return f"is a {kind}, which cannot be sent to another process"
    return None if _same(value, arrived) else f"is the {kind} {value!r}, which would arrive as {arrived!r}"


def _there_and_back(value: Any) -> Any:
    json = _json()
    return json.loads(json.dumps(value))


@functools.cache
def _json() -> Any:
    """What Celery writes messages with: JSON, and besides it dates, times, UUIDs, decimals and bytes."""
    return importlib.import_module("kombu.utils.json")


def _same(before: Any, after: Any) -> bool:
    if isinstance(before, dict) and isinstance(after, dict):
        return before.keys() == after.keys() and all(_same(before[key], after[key]) for key in before)
    if isinstance(before, list) and isinstance(after, list):
        return len(before) == len(after) and all(map(_same, before, after))
    if isinstance(before, float) and math.isnan(before):
        return isinstance(after, float) and math.isnan(after)
    return bool(before == after)
