"""Both ends of ASGI: what may be called an app, and the scope that a server gives it."""

from types import ModuleType
from typing import Any, cast
from urllib.parse import unquote

import httpx
from starlette._utils import is_async_callable
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from bgdemo.errors import ClientError

_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}


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
        "server": [url.raw_host.decode("ascii"), url.port or _PORTS[url.scheme]],
        "extensions": {"http.response.debug": {}},
        "state": state.copy(),
    }
    if url.scheme in ("ws", "wss"):
        protocols = request.headers.get("sec-websocket-protocol", "")
        scope["type"] = "websocket"
        scope["subprotocols"] = [name.strip() for name in protocols.split(",") if name]
        scope["extensions"] = {"websocket.http.response": {}}
        del scope["method"]
    return scope


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
