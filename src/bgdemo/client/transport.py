"""The two httpx transports: to an event loop in a thread of its own, and to the loop that the caller is on.

Both hand an Exchange to the session and wait until it is answered, not until the app is done with it.
"""

import asyncio
import contextlib
import threading
from typing import Any

import httpx

from bgdemo.client.exchange import OneTurn
from bgdemo.client.readers import LoopReader, ThreadReader, answer
from bgdemo.client.session import Call, Session
from bgdemo.client.websocket import UpgradeRequest
from bgdemo.errors import ClientError
from bgdemo.threads.loop_thread import STOPPED, LoopThread
from bgdemo.threads.signal import Signal

GRACE = 1.0
"""Seconds on the wall that a loop may take to answer, and a thread to end, when a client is closed."""


class ThreadTransport(httpx.BaseTransport):
    """Carries requests to an event loop in a thread of its own."""

    def __init__(self, session: Session, loop_options: dict[str, Any]) -> None:
        self._session = session
        self._loop_options = loop_options
        self._thread: LoopThread | None = None
        self._opening = threading.Lock()
        self._lending = threading.RLock()
        self._lent = 0
        self._closing = False
        self._closed = False
        self.kept = False
        """True inside `with`: the loop outlasts the calls, whatever the manners."""

    def open(self) -> LoopThread:
        if self._closing or self._closed:
            raise ClientError(
                f"This TestClient {'was closed: make a new one.' if self._closed else 'is being closed.'}"
            )
        if self._thread is None:
            with self._opening:
                if self._thread is None:
                    clock = self._session.recorder.log.clock
                    self._thread = getattr(clock, "loop_thread", LoopThread)(**self._loop_options)
        self._refuse_own_loop()
        if not self._thread.is_alive:
            raise ClientError(STOPPED)
        return self._thread

    def borrow(self) -> LoopThread:
        """The loop for one call; `give_back` follows."""
        if not self._session.manners.wait_for_tasks:
            return self.open()
        self._refuse_own_loop()
        with self._lending:
            thread = self.open()
            self._lent += 1
            return thread

    def give_back(self, thread: LoopThread) -> None:
        """The call is over; with the stock client's manners, so is the loop with the last call outside `with`."""
        if not self._session.manners.wait_for_tasks:
            return
        with self._lending:
            if thread is self._thread:
                self._lent -= 1
                if not self._lent and not self.kept and self._session.idle:
                    self.begin_closing()
                    self.shut_down()

    def _refuse_own_loop(self) -> None:
        if self._thread is not None and self._thread.is_current:
            raise ClientError("A TestClient was called on its own app's event loop, which would wait for itself.")

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.scheme in ("ws", "wss"):
            raise UpgradeRequest(request)
        body = request.read()
        thread = self.borrow()
        signal = Signal()
        exchange = self._session.exchange(request, body, signal.set)
        reader = ThreadReader(self._session, exchange, thread, signal, self.give_back)
        try:
            with thread.turn:
                exchange.sent_at = self._session.now()
                thread.call_next(self._session.send, exchange, self._session.context())
                while not exchange.started and not exchange.ended:
                    reader.wait()
            return exchange.response(reader)
        except BaseException:
            reader.is_over()
            raise

    def start(self, work: Call) -> None:
        thread = self.open()
        self._session.is_background(work)
        with thread.turn:
            thread.call_next(self._session.send, work)

    def wait_until_idle(self, timeout: float | None) -> bool:
        if self._thread is None or self._session.idle:
            return True
        signal = Signal()
        self._session.when_idle(signal.set)
        return self._thread.wait(signal, timeout)

    def close_for_good(self) -> None:
        self._closed = True

    def begin_closing(self) -> None:
        if self._thread is not None:
            self._closing = True
            self._thread.begin_closing()

    def shut_down(self) -> None:
        thread = self._thread
        try:
            if thread is not None and thread.answers(within=GRACE):
                thread.run(self._session.shut_down())
        finally:
            self._session.recorder.abandon()
            self.abort(grace=GRACE)
            self._closing = False

    def let_go(self) -> None:
        """Nobody holds the client any more. What is being done, a file that is being closed, say, has a moment."""
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.stop_by_itself(self._session.when_idle, within=GRACE)
        self._session.recorder.close()

    def abort(self, grace: float = 0.0) -> None:
        thread, self._thread = self._thread, None
        self._lent, self.kept = 0, False
        if thread is not None:
            thread.stop(grace)
        self._session.recorder.close()


class LoopTransport(httpx.AsyncBaseTransport):
    """Carries requests to the event loop that the caller is on."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._loop: asyncio.AbstractEventLoop | None = None

    def open(self) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            raise ClientError("AsyncTestClient needs a running asyncio event loop; it does not run on trio.") from None
        if self._loop is None:
            getattr(self._session.recorder.log.clock, "refuse_other_loop", _nothing)(loop)
            self._loop = loop
        elif self._loop is not loop:
            raise ClientError(
                "This AsyncTestClient belongs to another event loop, on which its app has begun to run: "
                "make one client for each loop (for each test, say)."
            )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.scheme in ("ws", "wss"):
            raise UpgradeRequest(request)
        self.open()
        body = await request.aread()
        reader = LoopReader(self._session)
        exchange = reader.exchange = self._session.exchange(request, body, reader.wake)
        exchange.sent_at = self._session.now()
        self._session.send(exchange, self._session.context())
        while not exchange.started and not exchange.ended:
            await reader.wait()
        return exchange.response(reader)

    def start(self, work: Call) -> None:
        self.open()
        self._session.is_background(work)
        self._session.send(work)

    async def wait_until_idle(self, timeout: float | None) -> bool:
        if not self._session.idle:
            await OneTurn()
        if self._session.idle:
            return True
        loop = asyncio.get_running_loop()
        idle: asyncio.Future[bool] = loop.create_future()
        self._session.when_idle(lambda: _answer_on(loop, idle))
        if timeout is not None:
            loop.call_later(timeout, answer, idle, False)
        return await idle

    async def shut_down(self) -> None:
        try:
            await self._session.shut_down()
        finally:
            self._loop = None
            self._session.recorder.close()

    def abort(self) -> None:
        loop, self._loop = self._loop, None
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._session.cancel)
        self._session.recorder.close()


def _nothing(*args: object) -> None:
    pass


def _answer_on(loop: asyncio.AbstractEventLoop, question: asyncio.Future[bool]) -> None:
    """Answer with yes, on any thread: what ended last may have run in another process."""
    if asyncio._get_running_loop() is loop:
        answer(question, True)
    else:
        with contextlib.suppress(RuntimeError):  # the loop was closed
            loop.call_soon_threadsafe(answer, question, True)
