"""Starlette's test client, for its WebSocket session alone; a file of its own, since the rest does without it."""

import warnings
from typing import TYPE_CHECKING, Any

from bgdemo._compat.borrowed import Borrowed

_REFUSES = (
    "websocket_connect of a TestClient refuses: use an AsyncTestClient, or a Starlette that bgdemo is tested with"
)

BORROWED = (
    Borrowed(
        "starlette.testclient.WebSocketTestSession",
        needed_for="a session with all methods of Starlette's own",
        breaks_when="Starlette calls the class otherwise",
        then=_REFUSES,
    ),
    Borrowed(
        "starlette.testclient.WebSocketTestSession._raise_on_close",
        needed_for="the errors of a connection that the app has refused, which are Starlette's own",
        breaks_when="the session finds that out in another way",
        then=_REFUSES,
    ),
)

if TYPE_CHECKING:
    from starlette.testclient import WebSocketTestSession
else:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Starlette warns where httpx2 is not installed; none of it is used here
        from starlette import testclient
    WebSocketTestSession = getattr(testclient, "WebSocketTestSession", object)


class OpenWebSocketSession(WebSocketTestSession):
    """Starlette's session with a public name for what a subclass calls."""

    raise_on_close: Any = getattr(WebSocketTestSession, "_raise_on_close", None)
    """Raise what a message of the app says, if it ends the connection."""
