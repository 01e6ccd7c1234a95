"""Python text as an exercise has it: starters, answers, submissions."""

import ast
import asyncio
import inspect
import itertools
import linecache
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fastapi

_FASTAPI = str(Path(fastapi.__file__).parent)
_numbers = itertools.count(1)


class Code(str):
    """Python that a notebook shows as such."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)

    def _repr_markdown_(self) -> str:
        return f"```python\n{self}```"


def source_of(submitted: Any) -> str | None:
    """The text of the file or the cell in which a function, or an app's routes, were written; None if there is none."""
    endpoints = [getattr(route, "endpoint", None) for route in getattr(submitted, "routes", ())]
    for function in (submitted, *endpoints):
        code = getattr(function, "__code__", None)
        if code is not None and not code.co_filename.startswith(_FASTAPI):
            return "".join(linecache.getlines(code.co_filename)) or None
    return None


def load(code: str) -> Any:
    """What a piece of code submits: the app that it defines, the prediction, or the test.

    Args:
        code: complete Python; run in a module of its own.

    Returns:
        What it calls `app`, `prediction` or `test`.

    Raises:
        Exception: what the code raises.
        NameError: it defines none of them.
    """
    namespace = _new_namespace()
    run([Chunk(f"exercise-{next(_numbers)}.py", code)], namespace)
    for name in ("app", "prediction", "test"):
        if name in namespace:
            return namespace[name]
    raise NameError("the code defines no `app`: keep the name of the FastAPI() object")


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of somebody's code: a file, a part of one, or the cell of a notebook."""

    name: str
    """As tracebacks give it."""
    code: str
    is_cell: bool = False
    """A cell may await at its top level."""
    counts: bool = True
    """False for what is no part of the answer: it may raise, and all that it defined until then is kept."""


def load_as(wanted: str, chunks: Iterable[Chunk]) -> Any:
    """What chunks define under one name, run one after another in one module.

    Raises:
        Exception: what they raise.
        NameError: they do not define it.
    """
    namespace = _new_namespace()
    run(chunks, namespace)
    if wanted not in namespace:
        raise NameError(f"this answer defines no `{wanted}`: keep its name")
    return namespace[wanted]


def run(chunks: Iterable[Chunk], namespace: dict[str, Any]) -> None:
    """Run chunks one after another; raises what those that count raise."""
    for chunk in chunks:
        remember(chunk)
        try:
            _run(chunk, namespace)
        except (Exception, SystemExit):
            if chunk.counts:
                raise


def remember(chunk: Chunk) -> None:
    """Let tracebacks show the lines of a chunk."""
    linecache.cache[chunk.name] = len(chunk.code), None, chunk.code.splitlines(keepends=True), chunk.name


def _run(chunk: Chunk, namespace: dict[str, Any]) -> None:
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT if chunk.is_cell else 0
    code = compile(chunk.code, chunk.name, "exec", flags=flags, dont_inherit=True)
    if code.co_flags & inspect.CO_COROUTINE:
        asyncio.run(eval(code, namespace))
    else:
        exec(code, namespace)


def _new_namespace() -> dict[str, Any]:
    return {"__name__": "exercise"}
