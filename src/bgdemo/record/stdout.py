"""Keep what a task prints: a notebook cell that has ended cannot show it."""

import contextlib
import sys
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from bgdemo._compat.ipython import replaced_write
from bgdemo.threads.turnstile import Turnstile

keep: ContextVar[Callable[[str], object] | None] = ContextVar("bgdemo_printed", default=None)
"""Called with what is written to standard output in this context, as well as the stream itself."""

_turnstile = Turnstile()
_users: dict[int, int] = {}
_let_out: dict[int, Callable[[], object]] = {}
"""By stream: leaves it as it was."""


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
            try:
                _let_out[id(stream)] = _let_in(stream)
            except AttributeError:  # no stream at all, or one that lets nobody in
                return
        _users[id(stream)] = _users.get(id(stream), 0) + 1
        self._streams[id(stream)] = stream

    def _unshare_all(self) -> None:
        while self._streams:
            _, stream = self._streams.popitem()
            _users[id(stream)] -= 1
            if not _users[id(stream)]:
                del _users[id(stream)]
                _let_out.pop(id(stream))()


def _let_in(stream: Any) -> Callable[[], object]:
    own = replaced_write(stream)
    if own is not None:
        # In each cell IPython puts a `write` of its own there, and takes it out with whatever has come on top of it.
        kind = type(stream)
        with contextlib.suppress(TypeError):  # objects of a class of C's keep their class
            stream.__class__ = _listening(kind)
            return lambda: setattr(stream, "__class__", kind)
    stream.write = _Telling(stream.write)
    return (lambda: delattr(stream, "write")) if own is None else (lambda: setattr(stream, "write", own))


def _listening(kind: type) -> type:
    """A class like this one, of streams that tell whatever `write` is put into them."""

    def get(stream: Any) -> Callable[[str], Any]:
        return _Telling(vars(stream).get("write") or super(listening, stream).write)

    def put(stream: Any, write: Any) -> None:
        vars(stream)["write"] = write.write if isinstance(write, _Telling) else write

    def delete(stream: Any) -> None:
        del vars(stream)["write"]

    listening: Any = type(kind.__name__, (kind,), {"write": property(get, put, delete)})
    return listening  # type: ignore[no-any-return]


class _Telling:
    """A stream's `write` that also tells."""

    def __init__(self, write: Callable[[str], Any]) -> None:
        self.write = write

    def __call__(self, text: str) -> Any:
        tell = keep.get()
        if tell is None:
            return self.write(text)
        tell(text)
        told = keep.set(None)  # `write` may end in one that tells, too
        try:
            return self.write(text)
        finally:
            keep.reset(told)
