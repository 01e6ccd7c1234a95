"""The two httpx transports: to an event loop in a thread of its own, and to the loop that the caller is on.

Both hand an Exchange to the session and wait until it is answered, not until the app is done with it.
"""

import asyncio
import contextlib
import threading
from typing import Any

import httpx

from bgdemo._compat.asyncio import running_loop
from bgdemo.client.behaviour import Work
from bgdemo.client.one_turn import OneTurn
from bgdemo.client.readers import LoopReader, ThreadReader, answer
from bgdemo.client.response import response_to
from bgdemo.client.session import Session
from bgdemo.client.websocket import UpgradeRequest
from bgdemo.errors import ClientError
from bgdemo.threads.loop_thread import STOPPED, LoopThread
from bgdemo.threads.signal import Signal

GRACE, HURRY = 1.0, 0.3
"""Seconds on the wall in which a loop answers and a thread ends when a client is closed; the less after Ctrl-C."""


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
        self.is_closed = False
        """True once its client was closed for good."""
        self.kept = False
        """True inside `with`: the loop outlasts the calls, however the client behaves."""

    def open(self) -> LoopThread:
        """The event loop, which is started if it does not run yet.

        Raises:
            ClientError: the client was closed, it is called on that loop itself, or the loop has stopped.
        """
        if self._closing or self.is_closed:
            raise ClientError(
                f"This TestClient {'was closed: make a new one.' if self.is_closed else 'is being closed.'}"
            )
        if self._thread is None:
            with self._opening:
                if self._thread is None:
                    self._thread = self._session.recorder.log.clock.loop_thread(**self._loop_options)
        self._refuse_own_loop()
        if not self._thread.is_alive:
            raise ClientError(STOPPED)
        return self._thread

    def borrow(self) -> LoopThread:
        """The loop for one call; `give_back` follows."""
        if self._session.behaviour.keeps_loop:
            return self.open()
        self._refuse_own_loop()
        with self._lending:
            thread = self.open()
            self._lent += 1
            return thread

    def give_back(self, thread: LoopThread) -> None:
        """The call is over; and with the last call outside `with` so is a loop that does not outlast the calls."""
        if self._session.behaviour.keeps_loop:
            return
        with self._lending:
            if thread is self._thread:
                self._lent -= 1
                if not self._lent and not self.kept and self._session.is_drained:
                    self.close()

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
                thread.call_next(self._session.send, exchange, self._session.behaviour.context())
                while not exchange.started and not exchange.ended:
                    reader.wait()
            return response_to(exchange, reader)
        except BaseException:
            reader.is_over()
            raise

    def start(self, work: Work) -> None:
        """Let the app begin some background work."""
        thread = self.open()
        self._session.is_background(work)
        with thread.turn:
            thread.call_next(self._session.send, work)

    def drain(self, timeout: float | None) -> bool:
        """Wait until all background work is over; False if that took longer than so many seconds of the clock."""
        if self._thread is None or self._session.is_drained:
            return True
        signal = Signal()
        self._session.when_drained(signal.set)
        return self._thread.wait(signal, timeout)

    def close(self, wait: float | None = None) -> None:
        """Cancel what still runs, run the app's shutdown, and end the loop.

        Args:
            wait: seconds on the client's clock to wait for background work before that; None waits for nothing.
        """
        if self._thread is not None:
            self._closing = True
            self._thread.expect_close()
        try:
            if wait is not None:
                self.drain(wait)
        except KeyboardInterrupt:
            wait = None
            raise
        finally:
            self._close_app(HURRY if wait is None else GRACE)

    def _close_app(self, grace: float) -> None:
        thread = self._thread
        try:
            if thread is not None and thread.answers(within=grace):
                thread.run(self._session.close(grace))
        finally:
            self._session.recorder.abandon()
            self.cancel(grace=grace)
            self._closing = False

    def abandon(self) -> None:
        """Nobody holds the client any more. What is being done, a file that is being closed, say, has a moment."""
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.close_when(self._session.when_drained, within=GRACE)
        self._session.recorder.close()

    def cancel(self, grace: float = 0.0) -> None:
        """End the loop, and all that runs on it."""
        thread, self._thread = self._thread, None
        self._lent, self.kept = 0, False
        if thread is not None:
            thread.close(grace)
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
            self._session.recorder.log.clock.refuse_other_loop(loop)
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
        await self._session.let_apps_finish()
        self._session.recorder.clock.give_way()
        self._session.send(exchange, self._session.behaviour.context())
        while not exchange.started and not exchange.ended:
            await reader.wait()
        return response_to(exchange, reader)

    def start(self, work: Work) -> None:
        """Let the app begin some background work."""
        self.open()
        self._session.is_background(work)
        self._session.send(work)

    async def drain(self, timeout: float | None) -> bool:
        """Wait until all background work is over; False if that took longer than so many seconds of the loop."""
        if not self._session.is_drained:
            await OneTurn()
        if self._session.is_drained:
            return True
        loop = asyncio.get_running_loop()
        drained: asyncio.Future[bool] = loop.create_future()
        self._session.when_drained(lambda: _answer_on(loop, drained))
        if timeout is not None:
            loop.call_later(timeout, answer, drained, False)
        return await drained

    async def aclose(self, wait: float | None = None) -> None:
        """Cancel what still runs, and run the app's shutdown.

        Args:
            wait: seconds on the loop's clock to wait for background work before that; None waits for nothing.
        """
        try:
            if wait is not None:
                await self.drain(wait)
        finally:
            try:
                await self._session.close()
            finally:
                self._loop = None
                self._session.recorder.close()

    def cancel(self) -> None:
        """Cancel all that runs, without waiting for its end."""
        loop, self._loop = self._loop, None
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._session.cancel)
        self._session.recorder.close()


def _answer_on(loop: asyncio.AbstractEventLoop, question: asyncio.Future[bool]) -> None:
    """Answer with yes, on any thread: what ended last may have run in another process."""
    if running_loop() is loop:
        answer(question, True)
    else:
        with contextlib.suppress(RuntimeError):  # the loop was closed
            loop.call_soon_threadsafe(answer, question, True)
