"""The real time.sleep in default arguments, closures and classes: while a clock runs, calling it there is an error.

There it belongs to the app's own objects, and is not a name that a reader of the module would expect to change.
"""

import contextlib
import functools
import types
from collections.abc import Callable, Iterator
from typing import Any

from bgdemo.errors import RealBlockingError
from bgdemo.record.own_code import is_own_code
from bgdemo.simulation.baton import here
from bgdemo.simulation.sleeping import real_sleep

_undo: list[tuple[str, Callable[[], object]]] = []


class RefusedSleep:
    """Stands where the real time.sleep is bound; to threads outside of the simulation it is that.

    Args:
        where: for the error.
    """

    def __init__(self, where: str) -> None:
        self._where = where

    def __call__(self, seconds: float, /) -> None:
        if here() is None:
            real_sleep(seconds)
            return
        raise RealBlockingError(
            f"The real time.sleep was called for {seconds!r} s: it is bound in {self._where}, where a simulated clock "
            "cannot follow it. Call `time.sleep(...)` in the function's body instead."
        )


def undo() -> list[str]:
    """Put the real sleep back everywhere; the names of the modules that had it."""
    modules = []
    while _undo:
        module, put_back = _undo.pop()
        put_back()
        modules.append(module)
    return modules


def look_into_module(names: dict[str, Any]) -> None:
    """Look into the functions and classes of a module, if it is one of the app's own."""
    module = names.get("__name__", "")
    if module != "__main__" and not is_own_code(names.get("__file__") or "<frozen>"):
        return
    seen: set[int] = set()
    for value in list(names.values()):
        # By type, not by isinstance: a proxy answers that one for what it stands for, and may have nothing yet.
        if type(value) is types.FunctionType:
            list(look_into(value, seen))
        elif issubclass(type(value), type) and value.__module__ == module:
            _look_into_class(value, seen)


def look_into(func: Any, seen: set[int] | None = None) -> Iterator[types.FunctionType]:
    """Look into a function and into those that it wraps; these are the functions that were found.

    Args:
        func: a function, a method or a partial; anything else is passed over.
        seen: ids of what was looked into before.
    """
    seen = set() if seen is None else seen
    left = [func]
    while left:
        func = left.pop()
        if id(func) in seen:
            continue
        seen.add(id(func))
        kind = type(func)
        if issubclass(kind, functools.partial):
            left += [func.func, *func.args, *func.keywords.values()]
        elif kind is types.MethodType:
            left.append(func.__func__)
        elif kind is types.FunctionType:
            _look_into_defaults(func)
            left += _look_into_closure(func)
            yield func


def _look_into_class(cls: type, seen: set[int]) -> None:
    for name, value in list(vars(cls).items()):
        inner = value.__func__ if isinstance(value, (staticmethod, classmethod)) else value
        if _is_sleep(inner):
            stand_in = RefusedSleep(f"the attribute `{name}` of class `{cls.__qualname__}`")
            with contextlib.suppress(AttributeError, TypeError):  # an enum, say, is not to be changed
                setattr(cls, name, stand_in)
                _undo.append((cls.__module__, functools.partial(setattr, cls, name, value)))
        else:
            list(look_into(inner, seen))


def _look_into_defaults(func: types.FunctionType) -> None:
    defaults, keywords, code = func.__defaults__, func.__kwdefaults__, func.__code__
    if defaults and any(_is_sleep(value) for value in defaults):
        names = code.co_varnames[code.co_argcount - len(defaults) : code.co_argcount]
        func.__defaults__ = tuple(
            _refused_argument(func, name) if _is_sleep(value) else value
            for name, value in zip(names, defaults, strict=True)
        )
        _undo.append((func.__module__, functools.partial(setattr, func, "__defaults__", defaults)))
    for name, value in list((keywords or {}).items()):
        if keywords is not None and _is_sleep(value):
            keywords[name] = _refused_argument(func, name)
            _undo.append((func.__module__, functools.partial(keywords.__setitem__, name, value)))


def _look_into_closure(func: types.FunctionType) -> list[Any]:
    values = []
    for name, cell in zip(func.__code__.co_freevars, func.__closure__ or (), strict=True):
        try:
            value = cell.cell_contents
        except ValueError:  # it has no value yet
            continue
        if _is_sleep(value):
            cell.cell_contents = RefusedSleep(f"the variable `{name}` of the function around {_name(func)}")
            _undo.append((func.__module__, functools.partial(setattr, cell, "cell_contents", value)))
        else:
            values.append(value)
    return values


def _is_sleep(value: Any) -> bool:
    return value is real_sleep or (issubclass(type(value), functools.partial) and value.func is real_sleep)


def _refused_argument(func: types.FunctionType, name: str) -> RefusedSleep:
    return RefusedSleep(f"the default of the argument `{name}` of {_name(func)}")


def _name(func: types.FunctionType) -> str:
    return f"`{func.__qualname__}` ({func.__code__.co_filename}:{func.__code__.co_firstlineno})"
