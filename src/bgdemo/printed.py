"""Keep what a task prints: a notebook cell that has ended cannot show it."""

import sys
import threading
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

_keep: ContextVar[Callable[[str], object] | None] = ContextVar("bgdemo_printed", default=None)
_lock = threading.Lock()
_users = 0


class Keeping:
    """Within this block, and in this context alone, `keep` is called with what goes to `sys.stdout` as well."""

    __slots__ = ("_before", "_keep")

    def __init__(self, keep: Callable[[str], object]) -> None:
        self._keep = keep

    def __enter__(self) -> None:
        self._before = _keep.get()
        _keep.set(self._keep)
        _share(+1)

    def __exit__(self, *error: object) -> None:
        _share(-1)
        _keep.set(self._before)  # not reset(token): a coroutine that is thrown away ends in another context


class _Tee:
    """Standard output as it was, which also notes what is written from within a task."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> Any:
        keep = _keep.get()
        if keep is not None:
            keep(text)
        return self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _share(change: int) -> None:
    """`sys.stdout` is replaced while at least one task runs, and only then."""
    global _users
    with _lock:
        _users += change
        stream: Any = sys.stdout
        if _users and not isinstance(stream, _Tee) and stream is not None:
            sys.stdout = _Tee(stream)  # type: ignore[assignment, unused-ignore]
        elif not _users and isinstance(stream, _Tee):
            sys.stdout = stream._stream
