"""An error that was raised in another process, to be raised here: its type, its message, its line."""

import sys
from collections.abc import Container, Sequence
from typing import Any

from bgdemo.errors import (
    AppError,
    BrokerUnavailable,
    ClientError,
    DeadlockError,
    DrainTimeout,
    EndlessLoopError,
    QueuedTaskFailed,
    QueueError,
    RealBlockingError,
    RealIOError,
    ResponseTimeout,
)
from bgdemo.grading.protocol.wire import Tampered

_KNOWN = ("builtins", "asyncio", "httpx", "fastapi", "starlette", "pydantic_core", "anyio")
"""Packages whose own errors are made again; of any other, the nearest that its error is a kind of."""


_TOLD_BY_A_CLIENT = frozenset(
    f"bgdemo.errors.{kind.__name__}"
    for kind in (
        AppError,
        BrokerUnavailable,
        ClientError,
        DeadlockError,
        DrainTimeout,
        EndlessLoopError,
        QueuedTaskFailed,
        QueueError,
        RealBlockingError,
        RealIOError,
        ResponseTimeout,
    )
)
"""Of this package's own errors, those that tell what an app did. Any other would be taken for the grader's own."""


def rebuild(data: Any, own: Container[str]) -> BaseException:
    """An error from what came back, with a traceback that ends in the submission's line.

    Args:
        data: what came back.
        own: the names of the submission's files and cells; lines of any other file are not shown.

    Raises:
        Tampered: it does not look like one.
    """
    match data:
        case {"kinds": [str(), *_] as kinds, "message": str(message), "place": place, **rest} if not rest:
            error = _made(kinds, message)
        case _:
            raise Tampered("an error that is none")
    match place:
        case None:
            return error
        case [str(filename), int(line)] if 0 < line < 100_000:
            return _raised_at(error, filename, line) if filename in own else error
    raise Tampered("a line that is none")


def together(errors: Sequence[BaseException]) -> BaseException:
    """One error that stands for all."""
    if len(errors) == 1:
        return errors[0]
    return BaseExceptionGroup(f"{len(errors)} errors", list(errors))


def _made(kinds: Sequence[Any], message: str) -> BaseException:
    known = next((found for kind in kinds if (found := _class(kind)) is not None), Exception)
    name = str(kinds[0]).rpartition(".")[2]
    name = name if name.isidentifier() and name.isprintable() else "Error"
    if known.__name__ == name and (error := _new(known, message)) is not None:
        return error
    similar = _new(_alike(known, name, message), message)  # another type, or one that words its message itself
    return similar or _alike(Exception, name, message)(message)


def _alike(known: type[BaseException], name: str, message: str) -> type[BaseException]:
    def show(error: BaseException) -> str:
        return message

    try:
        return type(name, (known,), {"__str__": show, "__module__": known.__module__, "__qualname__": name})
    except TypeError:  # it is the last of its kind, as pydantic's own is
        return _alike(Exception, name, message)


def _new(kind: type[BaseException], message: str) -> BaseException | None:
    """An error that says just that; None where this kind of error says something else, or cannot be made from it."""
    try:
        error = kind.__new__(kind, message)
        return error if str(error) == message else None
    except Exception:
        return None


def _class(kind: Any) -> type[BaseException] | None:
    module, _, name = str(kind).rpartition(".")
    if kind in ("builtins.KeyboardInterrupt", "builtins.GeneratorExit"):  # they would end the judge
        return None
    if module.partition(".")[0] not in _KNOWN and kind not in _TOLD_BY_A_CLIENT:
        return None
    found = getattr(sys.modules.get(module), name, None)  # nothing is imported because a submission says so
    if isinstance(found, type) and issubclass(found, BaseException) and not issubclass(found, BaseExceptionGroup):
        return found
    return None


def _raised_at(error: BaseException, filename: str, line: int) -> BaseException:
    """The error, as if code of that file had raised it in that line; the text of the line is in linecache."""
    code = compile("\n" * (line - 1) + "raise error", filename, "exec")
    try:
        exec(code, {"error": error})
    except BaseException:
        return error.with_traceback(error.__traceback__ and error.__traceback__.tb_next)
    return error
