"""time.sleep under names of its own: `from time import sleep` is followed, what is bound out of reach is refused.

A module's globals are where most of them are, so there the name is made to follow the clock, and put back later.
What is bound in a default argument, a closure or a class is refused when it is called (refused.py).
"""

import functools
import sys
from collections.abc import Callable
from typing import Any

from bgdemo.simulation import refused, sleeping, waits

_real_sleep = sleeping.real_sleep
_stand_ins: dict[Any, Any] = {_real_sleep: sleeping.sleep, waits.RealSimpleQueue: waits.SimpleQueue}
_originals = {id(new): old for old, new in _stand_ins.items()}
_replaced: list[tuple[dict[str, Any], str, Any]] = []
_imported_meanwhile: list[dict[str, Any]] = []
_seen: dict[str, int] = {}
"""The modules that were looked through, by name, with the size of their globals then."""

_at_home = {"time", "queue", "_queue", "threading"}
"""Where the real ones belong."""

_OURS = "bgdemo.simulation"
"""Here the real ones are needed."""

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
    for module in refused.undo():
        _seen.pop(module, None)
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
        if names is None or name in _at_home or name.startswith(_OURS):
            continue
        if _seen.get(name) != len(names) or name == "__main__":
            _seen[name] = len(names)
            _imported_meanwhile.append(names)
            look_through(names)
            refused.look_into_module(names)


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
    """A function that is about to run in the simulation, and its arguments, with no real sleep in them."""
    func = _translated(func)
    args = tuple(_translated(arg) if callable(arg) else arg for arg in args)
    for candidate in (func, *args):
        for function in refused.look_into(candidate):
            names, module = function.__globals__, function.__module__
            if _seen.get(module) != len(names) and not str(module).startswith(_OURS):
                look_through(names)
                if getattr(sys.modules.get(module), "__dict__", None) is names:
                    _seen[module] = len(names)
    return func, args


def _translated(func: Any) -> Any:
    if func is _real_sleep:
        return sleeping.sleep
    if issubclass(type(func), functools.partial):
        inner, args = _translated(func.func), tuple(_translated(arg) for arg in func.args)
        if inner is not func.func or any(new is not old for new, old in zip(args, func.args, strict=True)):
            return functools.partial(inner, *args, **func.keywords)
    return func
