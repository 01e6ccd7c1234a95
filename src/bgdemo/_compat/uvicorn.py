"""uvicorn's Server: how one that was started by hand is watched and stopped."""

from typing import Any

from bgdemo._compat.borrowed import Borrowed, gone
from bgdemo.errors import ClientError

_REFUSES = "serve() and ProcessClient refuse: install a uvicorn that bgdemo is tested with, 0.50 or later"

_STARTED = Borrowed(
    "uvicorn.Server().started",
    needed_for="waiting until a server can be asked",
    breaks_when="uvicorn says in another way that it serves",
    then=_REFUSES,
)
_SERVERS = Borrowed(
    "uvicorn.Server().servers",
    needed_for="finding the port that a server has chosen",
    breaks_when="uvicorn keeps its sockets elsewhere",
    then=_REFUSES,
)
_SHOULD_EXIT = Borrowed(
    "uvicorn.Server().should_exit",
    needed_for="asking a server to stop when its requests are over",
    breaks_when="uvicorn is stopped in another way",
    then=_REFUSES,
)
BORROWED = (_STARTED, _SERVERS, _SHOULD_EXIT)


def has_started(server: Any) -> bool:
    """True once a server can be asked; raises ClientError if it does not say, or could not be stopped later."""
    _of(server, "should_exit", _SHOULD_EXIT)
    return bool(_of(server, "started", _STARTED))


def url_of(server: Any) -> str:
    """Where a server that has started can be asked."""
    host, port = _of(server, "servers", _SERVERS)[0].sockets[0].getsockname()
    return f"http://{host}:{port}"


def ask_to_exit(server: Any) -> None:
    """Have a server end when its requests are over, their background tasks included."""
    server.should_exit = True


def _of(server: Any, name: str, borrowed: Borrowed) -> Any:
    try:
        return getattr(server, name)
    except AttributeError:
        raise ClientError(gone(borrowed)) from None
