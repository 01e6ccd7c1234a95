"""Keep what a task prints: a notebook cell that has ended cannot show it."""

import sys
import threading
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

keep: ContextVar[Callable[[str], object] | None] = ContextVar("bgdemo_printed", default=None)
"""Called with what is written to standard output in this context, as well as the stream itself."""

_lock = threading.Lock()
_users: dict[int, int] = {}
_own_write: dict[int, Any] = {}
"""What somebody else had put in the place of a stream's own `write`."""


class Listener:
    """Listens to standard output until it is closed. The streams stay where they are; only their `write` also tells."""

    def __init__(self) -> None:
        self._streams: dict[int, Any] = {}

    def listen(self) -> None:
        """Listen to the `sys.stdout` of this moment too."""
        stream = sys.stdout
        if id(stream) not in self._streams and _share(stream):
            self._streams[id(stream)] = stream

    def close(self) -> None:
        """Leave all streams as they were."""
        while self._streams:
            _unshare(self._streams.popitem()[1])


def _share(stream: Any) -> bool:
    """True if what is written to the stream can be heard."""
    with _lock:
        users = _users.get(id(stream), 0)
        if not users:
            own = getattr(stream, "__dict__", {}).get("write")
            try:
                stream.write = _telling(stream.write)
            except AttributeError:  # no stream at all, or one that lets nobody in
                return False
            _own_write[id(stream)] = own
        _users[id(stream)] = users + 1
        return True


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
        tell = keep.get()
        if tell is not None:
            tell(text)
        return write(text)

    return write_and_tell
