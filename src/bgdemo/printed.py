"""Keep what a task prints: a notebook cell that has ended cannot show it."""

import sys
import threading
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

_keep: ContextVar[Callable[[str], object] | None] = ContextVar("bgdemo_printed", default=None)
_lock = threading.Lock()
_users: dict[int, int] = {}
_own_write: dict[int, Any] = {}
"""What somebody else had put in the place of a stream's own `write`."""


class Keeping:
    """Between `begin` and `end`, and in this context alone, `keep` is called with what is written to standard output.

    The stream itself stays where it is: only its `write` also tells, while at least one task runs.
    """

    __slots__ = ("_before", "_keep", "_stream")

    def __init__(self, keep: Callable[[str], object]) -> None:
        self._keep = keep
        self._stream: Any = None

    def begin(self) -> None:
        """Listen to the `sys.stdout` of this moment."""
        self._before = _keep.get()
        _keep.set(self._keep)
        self._stream = _share(sys.stdout)

    def end(self) -> None:
        """Listen no more, in the context in which it began."""
        self.release()
        _keep.set(self._before)  # not reset(token): a coroutine that is thrown away ends in another context

    def release(self) -> None:
        """Leave the stream as it was, from any context, once."""
        stream, self._stream = self._stream, None
        if stream is not None:
            _unshare(stream)


def _share(stream: Any) -> Any:
    """The stream, if what is written to it can be heard."""
    with _lock:
        users = _users.get(id(stream), 0)
        if not users:
            own = getattr(stream, "__dict__", {}).get("write")
            try:
                stream.write = _telling(stream.write)
            except AttributeError:  # no stream at all, or one that lets nobody in
                return None
            _own_write[id(stream)] = own
        _users[id(stream)] = users + 1
        return stream


def _unshare(stream: Any) -> None:
    with _lock:
        _users[id(stream)] -= 1
        if not _users[id(stream)]:
            del _users[id(stream)]
            own = _own_write.pop(id(stream))
            if own is None:
                del stream.write
            else:
                stream.write = own


def _telling(write: Callable[[str], Any]) -> Callable[[str], Any]:
    def write_and_tell(text: str) -> Any:
        keep = _keep.get()
        if keep is not None:
            keep(text)
        return write(text)

    return write_and_tell
