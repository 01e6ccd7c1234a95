"""Keep what a task prints: a notebook cell that has ended cannot show it."""

import sys
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from bgdemo.turnstile import Turnstile

keep: ContextVar[Callable[[str], object] | None] = ContextVar("bgdemo_printed", default=None)
"""Called with what is written to standard output in this context, as well as the stream itself."""

_turnstile = Turnstile()
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
        if id(stream) not in self._streams:
            _turnstile.run(lambda: self._share(stream))

    def close(self) -> None:
        """Leave all streams as they were. A finalizer may call it."""
        _turnstile.run_soon(self._unshare_all)

    def _share(self, stream: Any) -> None:
        if id(stream) in self._streams:
            return
        if id(stream) not in _users:
            own = getattr(stream, "__dict__", {}).get("write")
            try:
                stream.write = _telling(stream.write)
            except AttributeError:  # no stream at all, or one that lets nobody in
                return
            _own_write[id(stream)] = own
        _users[id(stream)] = _users.get(id(stream), 0) + 1
        self._streams[id(stream)] = stream

    def _unshare_all(self) -> None:
        while self._streams:
            _, stream = self._streams.popitem()
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
