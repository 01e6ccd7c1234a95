"""A borrowed name: what it is needed for, whether it is still there, and the error that says that it is gone."""

import functools
import importlib
import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any


class Gone(LookupError):
    """There is no such name in what is installed; the text is the part that was looked for in vain."""


@dataclass(frozen=True, slots=True)
class Borrowed:
    """One name of another package that its documentation does not promise."""

    symbol: str
    """From the module on, with dots. `Class()` is an object of that class, `function(name)` a parameter of it."""
    needed_for: str
    breaks_when: str
    then: str
    """What happens here if it is gone: who refuses to start, or what is done in its place."""
    or_else: str = ""
    """The symbol under which other versions have it."""
    has_fallback: bool = False
    """False if the feature that needs it refuses to start without it: that one calls `require`."""
    sample: Callable[[], Any] | None = None
    """Makes the object of `Class()`, where that needs arguments."""

    @property
    def line(self) -> str:
        """What one has to know of it, in one line."""
        return f"needed for {self.needed_for}; breaks when {self.breaks_when}; then {self.then}"

    def look(self) -> None:
        """Look whether it is there.

        Raises:
            Gone: it is not.
        """
        try:
            find(self.symbol, self.sample)
        except Gone:
            if not self.or_else:
                raise
            find(self.or_else, self.sample)


@functools.cache
def require(error: type[Exception], *borrowed: Borrowed) -> None:
    """Refuse to start a feature without a name that it needs. Names that can be done without are passed over.

    Args:
        error: what is raised.
        borrowed: what the feature uses.
    """
    for one in borrowed:
        if not one.has_fallback:
            try:
                one.look()
            except Gone:
                raise error(gone(one)) from None


def gone(borrowed: Borrowed) -> str:
    """What is missing, in which version of which package, and what follows from it."""
    symbol = borrowed.symbol
    return f"{version_of(symbol)} has no {symbol}, which is needed for {borrowed.needed_for}: {borrowed.then}."


def version_of(symbol: str) -> str:
    """The package that a symbol is of, with the version that is installed: "starlette 1.10.0", "Python 3.13.0"."""
    import platform  # here, since all who borrow import this module, and hardly anybody asks
    from importlib import metadata

    package = symbol.partition(".")[0]
    if package in sys.stdlib_module_names:
        return f"Python {platform.python_version()}"
    try:
        return f"{package} {metadata.version(package)}"
    except metadata.PackageNotFoundError:
        return f"{package}, of which no version is known,"


def find(symbol: str, sample: Callable[[], Any] | None = None) -> Any:
    """What a symbol stands for.

    Args:
        symbol: as `Borrowed.symbol`.
        sample: as `Borrowed.sample`.

    Raises:
        Gone: it is not there.
    """
    path, made, found = "", [], None
    try:
        for part in symbol.split("."):
            name, _, parameter = part.partition("(")
            before, path = path, f"{path}.{name}".lstrip(".")
            found = _member(found, name, path) if before else _module(path)
            if parameter == ")":
                found = (sample or found)()
                made.append(found)
                path += "()"
            elif parameter and parameter.rstrip(")") not in _parameters(found):
                raise Gone(symbol)
        return found
    finally:
        for one in made:
            getattr(one, "close", _nothing)()


def _member(owner: Any, name: str, path: str) -> Any:
    try:
        return getattr(owner, name)
    except AttributeError:
        return _module(path)


def _module(path: str) -> Any:
    try:
        return importlib.import_module(path)
    except (ImportError, ValueError):
        raise Gone(path) from None


def _parameters(function: Any) -> Collection[str]:
    import inspect

    return inspect.signature(function).parameters


def _nothing() -> None:
    pass
