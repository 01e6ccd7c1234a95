"""WebSockets to an app in this process: Starlette's own session for TestClient, an awaited one for AsyncTestClient."""

import asyncio
import contextlib
import json
import warnings
from collections.abc import Iterator, Sequence
from contextvars import Context
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urljoin

import httpx
from starlette.types import Message
from starlette.websockets import WebSocketDisconnect

from bgdemo.errors import AppError
from bgdemo.session import Session

if TYPE_CHECKING:
    from starlette.testclient import WebSocketTestSession


def upgrade_request(
    client: httpx.Client | httpx.AsyncClient, url: str, subprotocols: Sequence[str] | None, kwargs: dict[str, Any]
) -> httpx.Request:
    """The GET request that asks for a WebSocket, with the client's own headers and cookies."""
    headers = httpx.Headers(kwargs.pop("headers", None))
    headers.setdefault("connection", "upgrade")
    headers.setdefault("sec-websocket-key", "testserver==")
    headers.setdefault("sec-websocket-version", "13")
    if subprotocols is not None:
        headers.setdefault("sec-websocket-protocol", ", ".join(subprotocols))
    return client.build_request("GET", urljoin("ws://testserver", url), headers=headers, **kwargs)


def sync_session(session: Session, request: httpx.Request, portal: Any) -> "WebSocketTestSession":
    """Starlette's WebSocketTestSession, run by this package's event loop thread."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Starlette warns where httpx2 is not installed; none of it is used here
        from starlette.testclient import WebSocketTestSession

    @contextlib.contextmanager
    def portal_factory() -> Iterator[Any]:
        yield portal

    return WebSocketTestSession(session.recorder, session.scope(request), portal_factory)


class WebSocketSession:
    """One open WebSocket, awaited. What is received is what the app sent, in order."""

    def __init__(self, session: Session, request: httpx.Request) -> None:
        self._recorder = session.recorder
        self._scope = session.scope(request)
        self._to_app: asyncio.Queue[Message] = asyncio.Queue()
        self._from_app: asyncio.Queue[Message | None] = asyncio.Queue()
        self.accepted_subprotocol: str | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.get_running_loop().create_task(self._run(), context=Context())
        await self.send({"type": "websocket.connect"})
        try:
            self.accepted_subprotocol = (await self.receive()).get("subprotocol")
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()
        await self._task

    async def send(self, message: Message) -> None:
        """Give the app an ASGI message."""
        self._to_app.put_nowait(message)

    async def send_text(self, data: str) -> None:
        """Send a text frame."""
        await self.send({"type": "websocket.receive", "text": data})

    async def send_bytes(self, data: bytes) -> None:
        """Send a binary frame."""
        await self.send({"type": "websocket.receive", "bytes": data})

    async def send_json(self, data: Any) -> None:
        """Send JSON in a text frame."""
        await self.send_text(json.dumps(data, separators=(",", ":"), ensure_ascii=False))

    async def receive(self) -> Message:
        """The next ASGI message of the app.

        Raises:
            WebSocketDisconnect: the app closed or refused the connection; `reason` tells why.
            AppError: the app ended without a word.
        """
        message = await self._from_app.get()
        if message is None:
            self._from_app.put_nowait(None)
            await self._task
            raise AppError(f"The app ended without closing the WebSocket {self._scope['path']}.")
        if message["type"] == "websocket.close":
            raise WebSocketDisconnect(message.get("code", 1000), message.get("reason", ""))
        if message["type"] == "websocket.http.response.start":
            raise WebSocketDisconnect(1006, f"The app refused the WebSocket with HTTP status {message['status']}.")
        return message

    async def receive_text(self) -> str:
        """The next text frame."""
        return str((await self.receive())["text"])

    async def receive_bytes(self) -> bytes:
        """The next binary frame."""
        return bytes((await self.receive())["bytes"])

    async def receive_json(self) -> Any:
        """The next text frame, read as JSON."""
        return json.loads(await self.receive_text())

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Leave; the app gets a disconnect."""
        await self.send({"type": "websocket.disconnect", "code": code, "reason": reason})

    async def _run(self) -> None:
        try:
            await self._recorder(self._scope, self._to_app.get, self._from_app.put)
        finally:
            self._from_app.put_nowait(None)
