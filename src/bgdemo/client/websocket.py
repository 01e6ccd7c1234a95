"""WebSockets to an app in this process, awaited or not; an app that is left alone goes on, as on a server."""

import asyncio
import json
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Literal, Self
from urllib.parse import urljoin

import httpx
from starlette.types import Message, Scope
from starlette.websockets import WebSocketDisconnect

from bgdemo.client.session import Session
from bgdemo.errors import ClientError
from bgdemo.record.recorder import Recorder

CUT_OFF = 1006
"""The close code of a connection that ended without a word."""


class UpgradeRequest(Exception):
    """Raised by a transport that is asked for a WebSocket: the request is complete, with all that httpx adds to it."""

    def __init__(self, request: httpx.Request) -> None:
        self.request = request


def upgrade_arguments(url: str, subprotocols: Sequence[str] | None, kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments of the GET request that asks for a WebSocket."""
    headers = httpx.Headers(kwargs.get("headers"))
    headers.setdefault("connection", "upgrade")
    headers.setdefault("sec-websocket-key", "testserver==")
    headers.setdefault("sec-websocket-version", "13")
    if subprotocols is not None:
        headers.setdefault("sec-websocket-protocol", ", ".join(subprotocols))
    return {**kwargs, "method": "GET", "url": urljoin("ws://testserver", url), "headers": headers}


class Conversation:
    """The app's side of a WebSocket. It lives on the app's event loop; the caller may be on another thread.

    Args:
        scope: of the connection.
        wake: called when there is something new for the caller: a message, or the end of the app.
    """

    def __init__(self, scope: Scope, wake: Callable[[], object]) -> None:
        self._scope = scope
        self.wake = wake
        self._to_app: asyncio.Queue[Message] = asyncio.Queue()
        self._from_app: deque[Message] = deque()
        self._error: BaseException | None = None
        self.abandoned = False
        self.cancelled = False
        self.complete = False  # it never is: to leave it is to end it
        self.ended = False

    async def run(self, recorder: Recorder, keep: Callable[[BaseException], object]) -> None:
        """Call the app.

        Args:
            recorder: has the app, and records what it does.
            keep: is given what the app raised after the caller had left.
        """
        try:
            await recorder(self._scope, self._to_app.get, self._send)
        except asyncio.CancelledError:
            if not self.cancelled:
                self._error = ClientError("The client was closed while this WebSocket was open.")
            raise
        except WebSocketDisconnect as error:
            self._error = error if self.cancelled or not self.abandoned else None
        except BaseException as error:
            if self.abandoned and not self.cancelled:
                keep(error)
            else:
                self._error = error
        finally:
            self.ended = True
            self.wake()

    def tell(self, message: Message) -> None:
        """Give the app an ASGI message. To be called on the app's event loop."""
        self._to_app.put_nowait(message)

    def hear(self, *, raise_error: bool) -> Message | None:
        """The app's next ASGI message; None if there is none yet. On any thread.

        Args:
            raise_error: raise what the app raised, instead of what a client of a server sees of it.

        Raises:
            WebSocketDisconnect: the app has ended.
        """
        if self._from_app:
            return self._from_app.popleft()
        if not self.ended:
            return None
        if raise_error:
            self.raise_error()
        raise WebSocketDisconnect(CUT_OFF, "The app ended without closing the WebSocket.")

    def disconnect(self) -> None:
        """Its caller has left, and has told the app so itself, with a code."""

    def raise_error(self) -> None:
        """Raise what the app raised while the caller was there, once."""
        error, self._error = self._error, None
        if error is not None:
            raise error

    async def _send(self, message: Message) -> None:
        if self.abandoned and not self.cancelled:
            raise OSError("The client of this WebSocket has left.")
        self._from_app.append(message)
        self.wake()


class WebSocketSession:
    """One open WebSocket, awaited. What is received is what the app sent, in order."""

    def __init__(self, session: Session, ask: Callable[[], Coroutine[Any, Any, httpx.Request]]) -> None:
        self._session = session
        self._ask = ask
        self._news = asyncio.Event()
        self.accepted_subprotocol: str | None = None

    async def __aenter__(self) -> Self:
        self._conversation = Conversation(self._session.scope(await self._ask()), self._news.set)
        self._session.send(self._conversation)
        await self.send({"type": "websocket.connect"})
        try:
            self.accepted_subprotocol = (await self.receive()).get("subprotocol")
        except BaseException:
            await self._leave()
            raise
        return self

    async def __aexit__(
        self, kind: object = None, error: BaseException | None = None, traceback: object = None
    ) -> None:
        await self.close()
        await self._leave()
        if error is None and self._session.behaviour.raise_server_exceptions:
            self._conversation.raise_error()

    async def send(self, message: Message) -> None:
        """Give the app an ASGI message."""
        self._conversation.tell(message)

    async def send_text(self, data: str) -> None:
        """Send a text frame."""
        await self.send({"type": "websocket.receive", "text": data})

    async def send_bytes(self, data: bytes) -> None:
        """Send a binary frame."""
        await self.send({"type": "websocket.receive", "bytes": data})

    async def send_json(self, data: Any, mode: Literal["text", "binary"] = "text") -> None:
        """Send JSON in a text or a binary frame."""
        text = json.dumps(data, separators=(",", ":"), ensure_ascii=False)
        await (self.send_text(text) if mode == "text" else self.send_bytes(text.encode("utf-8")))

    async def receive(self) -> Message:
        """The next ASGI message of the app.

        Raises:
            WebSocketDisconnect: the app closed or refused the connection, or it ended.
            Exception: what the app raised.
        """
        while True:
            message = self._conversation.hear(raise_error=self._session.behaviour.raise_server_exceptions)
            if message is not None:
                break
            self._news.clear()
            await self._news.wait()
        if message["type"] == "websocket.close":
            raise WebSocketDisconnect(message.get("code", 1000), message.get("reason", ""))
        if message["type"] == "websocket.http.response.start":
            raise WebSocketDisconnect(CUT_OFF, f"The app refused the WebSocket with HTTP status {message['status']}.")
        return message

    async def receive_text(self) -> str:
        """The next text frame."""
        return str((await self.receive())["text"])

    async def receive_bytes(self) -> bytes:
        """The next binary frame."""
        return bytes((await self.receive())["bytes"])

    async def receive_json(self, mode: Literal["text", "binary"] = "text") -> Any:
        """The next text or binary frame, read as JSON."""
        return json.loads(await (self.receive_text() if mode == "text" else self.receive_bytes()))

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Leave; the app gets a disconnect, and goes on for as long as it likes."""
        if not self._conversation.abandoned:
            if not self._session.behaviour.cancels_when_left:
                self._session.abandon(self._conversation)
            await self.send({"type": "websocket.disconnect", "code": code, "reason": reason})

    async def _leave(self) -> None:
        if not self._conversation.abandoned and not self._conversation.ended:
            await self._session.behaviour.leave(self._conversation, self._session.abandon)
