"""Python text as an exercise has it: starters, answers, submissions."""

import itertools
import linecache
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


def source_of(app: Any) -> str | None:
    """The text of the file or the notebook's cell in which the routes of an app were written; None if it has none."""
    for route in getattr(app, "routes", ()):
        code = getattr(getattr(route, "endpoint", None), "__code__", None)
        if code is not None and not code.co_filename.startswith(_FASTAPI):
            return "".join(linecache.getlines(code.co_filename)) or None
    return None


def load(code: str) -> Any:
    """What a piece of code submits: the app that it defines, or the prediction.

    Args:
        code: complete Python; run in a module of its own.

    Returns:
        What it calls `app`, or `prediction`.

    Raises:
        Exception: what the code raises.
        NameError: it defines neither.
    """
    filename = f"exercise-{next(_numbers)}.py"
    linecache.cache[filename] = len(code), None, code.splitlines(keepends=True), filename
    namespace: dict[str, Any] = {"__name__": "exercise"}
    exec(compile(code, filename, "exec"), namespace)
    for name in ("app", "prediction"):
        if name in namespace:
            return namespace[name]
    raise NameError("the code defines no `app`: keep the name of the FastAPI() object")
