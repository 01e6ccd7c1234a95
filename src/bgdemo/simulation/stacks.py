"""Where code is, for people: file, line and text of the innermost line that is the app's own."""

import asyncio
import linecache
from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import Any

from bgdemo._compat.cpython import frame_here
from bgdemo.record.own_code import is_own_code


@dataclass(frozen=True)
class Place:
    """A line of the app, and what it called."""

    code: CodeType
    line: int
    calls: str
    """The qualified name of the function that this line waits in, such as Event.wait; "" if it is a line of its own."""

    def __str__(self) -> str:
        return f"{self.code.co_filename}:{self.line} in {self.code.co_qualname}"

    @property
    def text(self) -> str:
        """The line itself."""
        return linecache.getline(self.code.co_filename, self.line).strip()


def of_thread(frame: FrameType | None) -> Place | None:
    """Where the app's own code is in a thread's stack; None if there is none of it."""
    return _place((code, line) for code, line in _outwards(frame))


def of_task(task: "asyncio.Task[Any]") -> Place | None:
    """Where a task that waits has its innermost line of the app's own; None if there is none."""
    return _place(reversed(list(_inwards(task.get_coro()))))


def caller() -> str:
    """Where the app called what is running now on this thread."""
    place = of_thread(frame_here())
    return "code that is not the app's own" if place is None else str(place)


def _place(innermost_first: Iterator[tuple[CodeType, int]]) -> Place | None:
    called = ""
    for code, line in innermost_first:
        if is_own_code(code.co_filename):
            return Place(code, line, called)
        called = code.co_qualname
    return None


def _outwards(frame: FrameType | None) -> Iterator[tuple[CodeType, int]]:
    while frame is not None:
        yield frame.f_code, frame.f_lineno
        frame = frame.f_back


def _inwards(coroutine: Any) -> Iterator[tuple[CodeType, int]]:
    while coroutine is not None:
        for kind in ("cr", "gi", "ag"):
            frame = getattr(coroutine, f"{kind}_frame", None)
            if frame is not None:
                yield frame.f_code, frame.f_lineno
                coroutine = getattr(coroutine, f"{kind}_await" if kind != "gi" else "gi_yieldfrom", None)
                break
        else:
            return
