"""What a task's function is called, and which function a person means by a name."""

import functools
from collections.abc import Callable, Iterable
from typing import Any

Function = Callable[..., Any] | str
"""A function, its full name as in `Task.function`, or the end of that where no other function shares it."""


def names(func: Any) -> tuple[str, str]:
    """The bare and the full name of a task's function: `partial` and callable objects get one too."""
    while isinstance(func, functools.partial):
        func = func.func
    if not isinstance(getattr(func, "__qualname__", None), str):
        func = type(func)
    module = getattr(func, "__module__", None) or type(func).__module__
    return getattr(func, "__name__", func.__qualname__), f"{module}.{func.__qualname__}"


def full_name(function: Function, among: Iterable[str]) -> str:
    """The full name that a function goes by.

    Args:
        function: the function itself, its full name, or the end of one: "write_log", "mail.write_log".
        among: the full names that there are.

    Returns:
        One of `among` if the function is there; otherwise the name as far as it is known.

    Raises:
        TypeError: it is neither a function nor a name.
        ValueError: the name could be that of several functions.
    """
    if not isinstance(function, str):
        if not callable(function):
            raise TypeError(
                f"{function!r} is no function: pass the function itself, `write_log` and not `write_log(...)`, "
                "or its name."
            )
        return names(function)[1]
    ends = sorted({name for name in among if name == function or name.endswith(f".{function}")})
    if function in ends or not ends:
        return function
    if len(ends) > 1:
        raise ValueError(f"{function!r} could be {' or '.join(ends)}: give more of the name, or the function itself.")
    return ends[0]
