"""One request on its way through the app: ASGI's receive and send, and the moment the response leaves.

What the app meets is what it meets on uvicorn: the same scope, the same disconnect, the same back-pressure.
"""

import asyncio
import sys
from collections.abc import Callable
from typing import Any

import httpx
from starlette.types import Message, Scope

from bgdemo.client.asgi import ResponseOrder
from bgdemo.client.behaviour import Behaviour
from bgdemo.client.body import Body
from bgdemo.client.http_rules import WITHOUT_BODY, HttpRules
from bgdemo.client.one_turn import OneTurn
from bgdemo.client.unseen import causes
from bgdemo.errors import AppError, ClientError
from bgdemo.record.cancellation import is_cancelled
from bgdemo.record.recorder import Recorder
from bgdemo.record.request import RecordedRequest

PATIENCE = 1_000
"""Messages that an app may send to a caller who has left before others have a turn; on a server they never have one."""


class Exchange:
    """One request on its way into the app, and its response on the way out.

    It lives on the app's event loop; the reader of the response may be on another thread. `wake` is called
    when there is something new for the reader: the response began, there is a chunk, it is complete, the app ended.
    """

    wake: Callable[[], object]
    on_background: Callable[["Exchange"], object]
    """Called when all of the response is the reader's."""
    status = 0
    headers: list[tuple[bytes, bytes]]
    debug: dict[str, Any] | None = None
    started = False
    """The response has a status."""
    complete = False
    """All of it was sent; as a stock client counts, all of its body was read too."""
    handed_over = False
    """All of it is the reader's; what the app does from now on is background work."""
    abandoned = False
    """The reader left before the end."""
    cancelled = False
    """The reader left, and the app was cancelled with that."""
    ended = False
    """The app is done."""
    sent_at: float | None = None
    """Seconds: when the caller sent it, which a busy event loop may learn much later."""
    error: BaseException | None = None
    """What the app raised before the response was handed over."""
    told = False
    """The caller has had that error."""
    unanswered: ClientError | None = None
    """Why there is no answer, and will be none, which is not the app's doing."""

    _recorded: RecordedRequest
    _held = False
    _unheard = 0
    _over: asyncio.Event | None = None

    def __init__(self, request: httpx.Request, scope: Scope, body: bytes, behaviour: Behaviour) -> None:
        self.request = request
        self.name = f"{request.method} {scope['path']}"
        self._scope = scope
        self.behaviour = behaviour
        self.body = Body(behaviour)
        self.trailers: list[tuple[bytes, bytes]] = []
        self.order = ResponseOrder(self.name)
        self.rules = HttpRules(request.method, self.name) if behaviour.keeps_to_http else None
        self._request_body: bytes | None = body
        self.on_tasks: Callable[[Exchange], object] = _ignore
        """Called when the app comes to its first task, or to its end."""

    async def run(self, recorder: Recorder, keep: Callable[[BaseException], object]) -> None:
        """Call the app.

        Args:
            recorder: has the app, and records what it does.
            keep: is given what was raised behind the reader's back: by a task, or when all was handed over.
        """
        self._loop = asyncio.get_running_loop()
        self._recorded = recorder.begin(self._scope, sent_at=self.sent_at)
        self._recorded.before_async_task = self._before_async_task
        self._recorded.before_first_task = self._has_come_to_tasks
        raised: BaseException | None = None
        try:
            await self._recorded.run(self._scope, self.receive, self.send)
        except asyncio.CancelledError as error:
            if self.handed_over:
                raise
            if is_cancelled() or not self.behaviour.keeps_to_http:
                self.unanswered = ClientError(
                    f"{self.name} was not answered: the client was closed, or the app's event loop has stopped."
                )
                raise
            raised = AppError(f"{self.name} raised CancelledError: something that the app awaited was cancelled.")
            raised.__cause__ = error
        except BaseException as error:
            raised = error
        finally:
            self._keep_unseen(raised, keep)
            self._recorded.before_async_task = self._recorded.before_first_task = None
            self.on_tasks(self)
            self._scope = {}  # it holds all that the app has put into request.state
            self.ended = True
            self.wake()
            self.wake = _nothing  # lets go of the reader, which holds this exchange

    async def receive(self) -> Message:
        """ASGI's receive: the body, once; when the response is complete or the reader gone, a disconnect."""
        if not self.complete and not self.abandoned:
            if self._request_body is not None:
                body, self._request_body = self._request_body, None
                return {"type": "http.request", "body": body, "more_body": False}
            if self._over is None:
                self._over = asyncio.Event()
            await self._over.wait()
        return self._recorded.received({"type": "http.disconnect"})

    async def send(self, message: Message) -> None:
        """ASGI's send: the response, piece by piece."""
        kind = message["type"]
        if self.abandoned:  # as on a server, an app that does not look may go on talking
            self._recorded.sent(message)
            self._unheard += 1
            if self._unheard % PATIENCE == 0:
                await OneTurn()
            return
        self.order.advance(message)
        self._recorded.sent(message)
        if self.rules is not None:
            self.rules.check(message)
        if kind == "http.response.body":
            await self._send_body(message.get("body", b""))
        elif kind == "http.response.start":
            self.status = message["status"]
            self.headers = list(message.get("headers", []))
            self.started = True
            if self.behaviour.hands_over and not self._has_a_body and sys.exc_info()[1] is None:
                self._hand_over()
            self.wake()
        elif kind == "http.response.trailers":
            self.trailers.extend(message.get("headers", []))
            await self._complete_if_all_was_sent()
        elif kind == "http.response.debug":
            self.debug = message["info"]

    def disconnect(self) -> None:
        """The reader went away before the end; tell the app. To be called on the app's event loop."""
        if not self.complete:
            self.body.let_in()
            if self._over is not None:
                self._over.set()

    @property
    def read_to_the_end(self) -> bool:
        """True if no more of the response will come."""
        return (self.handed_over or self.ended) and not self.body  # in this order: the last chunk comes first

    def raise_error(self) -> None:
        """Raise what the app raised before the response was handed over, once, if the client wants to know."""
        if self.error is not None and not self.told and self.behaviour.raise_server_exceptions:
            self.told = True
            raise self.error

    @property
    def _has_a_body(self) -> bool:
        return self.request.method != "HEAD" and self.status not in WITHOUT_BODY

    async def _send_body(self, body: bytes) -> None:
        self.body.put(b"" if self.request.method == "HEAD" else bytes(body))
        if self.behaviour.waits_for_reader(is_last=self.order.complete):
            self.wake()
            if not self.abandoned:
                await self.body.until_there_is_room()
        await self._complete_if_all_was_sent()

    async def _complete_if_all_was_sent(self) -> None:
        if not self.order.complete:
            return
        self.complete = True
        if self._over is not None:
            self._over.set()
        if not self.behaviour.hands_over:
            self.wake()
        elif sys.exc_info()[1] is not None:
            # The answer to an exception. Starlette sends it and raises the exception once more: see if it does.
            self._loop.call_soon(self._hand_over)
        else:
            self._hand_over()
            await self._hold()

    async def _before_async_task(self) -> None:
        if self.complete and self.behaviour.hands_over:
            self._hand_over()
        if self.behaviour.reader_goes_first:
            await OneTurn()
            await self._hold()

    async def _hold(self) -> None:
        if self.behaviour.hold is not None and not self._held:
            self._held = True
            await self.behaviour.hold()

    def _hand_over(self) -> None:
        if not self.ended and not self.handed_over:
            self.handed_over = True
            self.on_background(self)
            self.wake()

    def _has_come_to_tasks(self) -> None:
        self.on_tasks(self)

    def _keep_unseen(self, raised: BaseException | None, keep: Callable[[BaseException], object]) -> None:
        known = set() if raised is None else causes(raised)
        for error in self._recorded.task_errors:
            if id(error) not in known:
                keep(error)
        self._recorded.task_errors.clear()
        if raised is not None:
            if self.handed_over or (self.abandoned and not self.cancelled):
                keep(raised)
            else:
                self.error = raised


def _nothing() -> None:
    pass


def _ignore(exchange: Exchange) -> None:
    pass
