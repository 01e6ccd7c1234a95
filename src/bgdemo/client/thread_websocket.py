"""Starlette's WebSocketTestSession, carried by this package's event loop thread.

A module of its own, imported when the first WebSocket is opened: Starlette's test client is no dependency of the rest.
"""

from typing import Self

import httpx
from starlette.types import Message

from bgdemo._compat import starlette_testclient
from bgdemo._compat.borrowed import require
from bgdemo.client.session import Session
from bgdemo.client.transport import ThreadTransport
from bgdemo.client.websocket import Conversation
from bgdemo.errors import ClientError, ResponseTimeout
from bgdemo.threads.signal import Signal

require(ClientError, *starlette_testclient.BORROWED)


class ThreadWebSocketSession(starlette_testclient.OpenWebSocketSession):
    """One open WebSocket, with Starlette's methods. Leaving it is a disconnect; the app goes on, as on a server."""

    def __init__(self, client: object, session: Session, request: httpx.Request, transport: ThreadTransport) -> None:
        self.scope = session.scope(request)
        self._client = client  # whose end would be this session's
        self.accepted_subprotocol = None
        self.extra_headers = None
        self._session = session
        self._transport = transport
        self._raises = session.behaviour.raises_in_websockets
        self._timeout: float | None = request.extensions.get("timeout", {}).get("read")
        self._signal = Signal()
        self._conversation = Conversation(self.scope, self._signal.set)

    def __enter__(self) -> Self:
        self._thread = self._transport.borrow()
        try:
            self._thread.call_soon(self._session.send, self._conversation, self._session.behaviour.context())
            self.send({"type": "websocket.connect"})
            message = self.receive()
            self.raise_on_close(message)
        except BaseException:
            self._leave()
            if self._session.behaviour.cancels_when_left:
                self._conversation.raise_error()
            raise
        self.accepted_subprotocol = message.get("subprotocol", None)
        self.extra_headers = message.get("headers", None)
        return self

    def __exit__(self, kind: object = None, error: BaseException | None = None, traceback: object = None) -> None:
        self.close(1000)
        self._leave()
        if error is None and self._raises:
            self._conversation.raise_error()

    def _leave(self) -> None:
        conversation, session = self._conversation, self._session
        try:
            if not conversation.abandoned and not conversation.ended:
                session.behaviour.leave_from_thread(conversation, session.abandon, self._thread)
        finally:
            self._transport.give_back(self._thread)

    def send(self, message: Message) -> None:
        """Give the app an ASGI message."""
        self._thread.call_soon(self._conversation.tell, message)

    def receive(self) -> Message:
        """The next ASGI message of the app.

        Raises:
            WebSocketDisconnect: the app has ended.
            ResponseTimeout: it sent nothing in time.
            Exception: what the app raised.
        """
        with self._thread.turn:
            while True:
                message = self._conversation.hear(raise_error=self._raises)
                if message is not None:
                    return message
                if not self._thread.wait(self._signal, self._timeout):
                    raise ResponseTimeout(f"WEBSOCKET {self.scope['path']} has sent nothing for {self._timeout:g} s.")

    def close(self, code: int = 1000, reason: str | None = None) -> None:
        """Leave; the app gets a disconnect."""
        if not self._conversation.abandoned:
            if not self._session.behaviour.cancels_when_left:
                self._session.abandon(self._conversation)
            self.send({"type": "websocket.disconnect", "code": code, "reason": reason})
