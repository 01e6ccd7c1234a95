"""Both ends of ASGI: what may be called an app, the scope that a server gives it, and the order of what it answers."""

from types import ModuleType
from typing import Any, cast
from urllib.parse import unquote

import httpx
from starlette.applications import Starlette
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bgdemo._compat.starlette import is_async_callable
from bgdemo.errors import AppError, ClientError

_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}
_START, _BODY, _TRAILERS = "http.response.start", "http.response.body", "http.response.trailers"
_ASIDE = {"http.response.debug", "http.response.push"}
"""What may be sent at any time: it says nothing of how far the response is."""
_ONE_RESPONSE = "a request has one response"


def build_scope(request: httpx.Request, *, root_path: str, client: tuple[str, int], state: dict[str, Any]) -> Scope:
    """The ASGI scope that a server gives the app for this request.

    Args:
        request: its URL, method and headers are read, not its body.
        root_path: the path that the app is mounted at.
        client: host and port that the request seems to come from.
        state: what the lifespan left for requests; each gets a copy.
    """
    url = request.url
    raw_path, _, query = url.raw_path.partition(b"?")
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "path": unquote(raw_path.decode("ascii")),
        "raw_path": raw_path,
        "root_path": root_path,
        "scheme": url.scheme,
        "query_string": query,
        "headers": [(key.lower(), value) for key, value in request.headers.raw],
        "client": client,
        "server": [url.raw_host.decode("ascii"), _PORTS[url.scheme] if url.port is None else url.port],
        "extensions": {"http.response.debug": {}, "http.response.trailers": {}},
        "state": state.copy(),
    }
    if url.scheme in ("ws", "wss"):
        protocols = request.headers.get("sec-websocket-protocol", "")
        scope["type"] = "websocket"
        scope["subprotocols"] = [name.strip() for name in protocols.split(",") if name]
        scope["extensions"] = {"websocket.http.response": {}}
        del scope["method"]
    return scope


class ResponseOrder:
    """How far the response to one request is, by the rules of ASGI.

    Args:
        name: of the request, for the errors.
    """

    started = False
    trailers_follow = False
    """The app has said that trailers will come after the body."""
    body_ended = False
    complete = False
    """No more messages may come."""

    def __init__(self, name: str) -> None:
        self._name = name

    def advance(self, message: Message) -> None:
        """Take the app's next message into account.

        Raises:
            AppError: it may not come now.
        """
        kind = message["type"]
        if kind in _ASIDE:
            return
        if (problem := self._problem(kind)) is not None:
            raise AppError(f"The app {problem}.")
        if kind == _START:
            self.started = True
            self.trailers_follow = message.get("trailers", False)
        elif kind == _BODY:
            self.body_ended = not message.get("more_body", False)
            self.complete = self.body_ended and not self.trailers_follow
        else:
            self.complete = not message.get("more_trailers", False)

    def _problem(self, kind: str) -> str | None:
        if self.complete:
            return f"answered {self._name} and then sent {kind!r} as well, after response completed: {_ONE_RESPONSE}"
        if kind == _TRAILERS:
            if not self.trailers_follow:
                return f"sent {kind!r} without declaring trailers: its {_START!r} needs trailers=True"
            return None if self.body_ended else f"sent {kind!r} before body completed"
        if not self.started:
            return None if kind == _START else f"sent {kind!r} first: a response begins with {_START!r}"
        if kind != _BODY:
            return f"answered {self._name} and then sent {kind!r} as well: {_ONE_RESPONSE}"
        return f"sent {kind!r} after body completed: it said that trailers follow" if self.body_ended else None


def as_asgi(app: Any) -> ASGIApp:
    """`app` as an ASGI 3 app; an ASGI 2 app is wrapped.

    Raises:
        ClientError: it is no app at all.
    """
    if not callable(app):
        hint = ""
        if isinstance(app, str):
            hint = f" Import the app itself instead of naming it: from {app.partition(':')[0]} import app."
        elif isinstance(app, ModuleType):
            hint = f" That is a module; its app is probably {app.__name__}.app."
        raise ClientError(f"A client needs an ASGI app, such as FastAPI(), and got {app!r}: not callable.{hint}")
    if isinstance(app, type) and issubclass(app, Starlette):
        raise ClientError(f"A client needs an app, and got the class {app.__name__}: call it first, {app.__name__}().")
    if hasattr(app, "__await__") if isinstance(app, type) else is_async_callable(app):
        return cast(ASGIApp, app)

    async def asgi_3(scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope)(receive, send)

    return asgi_3
