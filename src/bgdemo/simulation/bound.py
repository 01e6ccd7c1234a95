"""time.sleep under names of its own: `from time import sleep` is followed, what is bound out of reach is refused.

A module's globals are where most of them are, so there the name is made to follow the clock, and put back later.
Default arguments, closures and attributes belong to their function: a job that has the real sleep there is refused.
"""

import functools
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

from bgdemo.simulation import sleeping, waits
from bgdemo.simulation.errors import RealBlockingError

_real_sleep = sleeping.real_sleep
_stand_ins: dict[Any, Any] = {_real_sleep: sleeping.sleep, waits.RealSimpleQueue: waits.SimpleQueue}
_originals = {id(new): old for old, new in _stand_ins.items()}
_replaced: list[tuple[dict[str, Any], str, Any]] = []
_imported_meanwhile: list[dict[str, Any]] = []
_seen: dict[str, int] = {}
"""The modules that were looked through, by name, with the size of their globals then."""

_at_home = {"time", "queue", "_queue", "threading"}
"""Where the real ones belong."""

_modules = 0
"""How many modules there were when they were last looked through; 0 while there is nothing to look for."""


def install() -> None:
    """Look through all modules that are new since the last time, or have grown."""
    look_through_modules()
    _imported_meanwhile.clear()


def uninstall() -> None:
    """Give all modules back what they had, those too that were imported meanwhile."""
    global _modules
    look_through_modules()
    _modules = 0
    while _replaced:
        names, name, original = _replaced.pop()
        _seen.pop(names.get("__name__", ""), None)
        if _originals.get(id(names.get(name))) is original:
            names[name] = original
    for names in _imported_meanwhile:
        for name, value in list(names.items()):
            if (original := _originals.get(id(value))) is not None:
                names[name] = original
    _imported_meanwhile.clear()


def look_through_modules() -> None:
    """Look through the modules that are new or have grown, and `__main__`."""
    global _modules
    _modules = len(sys.modules)
    for name, module in list(sys.modules.items()):
        names = getattr(module, "__dict__", None)
        if names is None or name in _at_home or name.startswith("bgdemo.simulation"):
            continue
        if _seen.get(name) != len(names) or name == "__main__":
            _seen[name] = len(names)
            _imported_meanwhile.append(names)
            look_through(names)


def look_through(names: dict[str, Any]) -> None:
    """Make the names that stand for the real sleep follow the clock."""
    for name, value in list(names.items()):
        if value is _real_sleep or value is waits.RealSimpleQueue:
            _replaced.append((names, name, value))
            names[name] = _stand_ins[value]


def look_again() -> None:
    """Look through what a caller may have changed since the last time: cells of a notebook, new imports."""
    if not _modules:  # nothing is replaced now
        return
    if len(sys.modules) != _modules:
        look_through_modules()
    else:
        look_through(sys.modules["__main__"].__dict__)


def prepare(func: Callable[..., Any], args: tuple[Any, ...] = ()) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """A function that is about to run in the simulation, and its arguments, with no real sleep in them.

    Raises:
        RealBlockingError: the function, or one that it wraps, keeps the real time.sleep where it cannot be replaced.
    """
    func = _translated(func)
    args = tuple(_translated(arg) if callable(arg) else arg for arg in args)
    for candidate in (func, *args):
        if callable(candidate):
            _check(candidate, set())
    return func, args


def _translated(func: Any) -> Any:
    if func is _real_sleep:
        return sleeping.sleep
    if isinstance(func, functools.partial):
        inner, args = _translated(func.func), tuple(_translated(arg) for arg in func.args)
        if inner is not func.func or any(new is not old for new, old in zip(args, func.args, strict=True)):
            return functools.partial(inner, *args, **func.keywords)
    return func


def _check(func: Any, seen: set[int]) -> None:
    if id(func) in seen:
        return
    seen.add(id(func))
    if isinstance(func, functools.partial):
        for part in (func.func, *func.args, *func.keywords.values()):
            _check(part, seen)
    elif isinstance(func, types.MethodType):
        _check(func.__func__, seen)
    elif isinstance(func, types.FunctionType):
        if _seen.get(func.__module__) != len(func.__globals__):
            look_through(func.__globals__)
        for what, value in _bound_in(func):
            if value is _real_sleep or (isinstance(value, functools.partial) and value.func is _real_sleep):
                raise _refusal(func, what)
            _check(value, seen)


def _bound_in(func: types.FunctionType) -> Iterator[tuple[str, Any]]:
    code = func.__code__
    defaults = func.__defaults__ or ()
    names = code.co_varnames[code.co_argcount - len(defaults) : code.co_argcount]
    for name, value in zip(names, defaults, strict=False):
        yield f"the default of its argument `{name}`", value
    for name, value in (func.__kwdefaults__ or {}).items():
        yield f"the default of its argument `{name}`", value
    for name, cell in zip(code.co_freevars, func.__closure__ or (), strict=False):
        try:
            yield f"the variable `{name}` of the function around it", cell.cell_contents
        except ValueError:  # it has no value yet
            continue


def _refusal(func: types.FunctionType, what: str) -> RealBlockingError:
    code = func.__code__
    return RealBlockingError(
        f"`{func.__qualname__}` ({code.co_filename}:{code.co_firstlineno}) keeps the real time.sleep in {what}, where "
        "a simulated clock cannot replace it: the sleep would be real. Call `time.sleep(...)` in the function's body."
    )
