"""The two httpx transports: to an event loop in a thread of its own, and to the loop that the caller is on.

Both hand an Exchange to the session and wait until it is answered, not until the app is done with it.
"""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx

from bgdemo.errors import ClientError, ResponseTimeout
from bgdemo.exchange import Exchange, OneTurn
from bgdemo.session import Call, Session
from bgdemo.threads import STOPPED, LoopThread, Signal
from bgdemo.websocket import UpgradeRequest

GRACE = 1.0
"""Seconds on the wall that a loop may take to answer, and a thread to end, when a client is closed."""


class ThreadTransport(httpx.BaseTransport):
    """Carries requests to an event loop in a thread of its own."""

    def __init__(self, session: Session, loop_options: dict[str, Any]) -> None:
        self._session = session
        self._loop_options = loop_options
        self._thread: LoopThread | None = None
        self._opening = threading.Lock()
        self._closing = False
        self._closed = False

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
        if self._thread.is_current:
            raise ClientError("A TestClient was called on its own app's event loop, which would wait for itself.")
        if not self._thread.is_alive:
            raise ClientError(STOPPED)
        return self._thread

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.scheme in ("ws", "wss"):
            raise UpgradeRequest(request)
        thread = self.open()
        signal = Signal()
        exchange = self._session.exchange(request, request.read(), signal.set)
        reader = _ThreadReader(self._session, exchange, thread, signal)
        with thread.turn:
            exchange.sent_at = self._session.now()
            thread.call_next(self._session.send, exchange)
            while not exchange.started and not exchange.ended:
                reader.wait()
        return exchange.response(reader)

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

    def abort(self, grace: float = 0.0) -> None:
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.stop(grace)
        self._session.recorder.close()


class _ThreadReader(httpx.SyncByteStream):
    """Reads a response on the caller's thread, chunk by chunk, as the app sends it."""

    def __init__(self, session: Session, exchange: Exchange, thread: LoopThread, signal: Signal) -> None:
        self._session = session
        self._exchange = exchange
        self._thread = thread
        self._signal = signal

    def wait(self) -> None:
        timeout = _read_timeout(self._exchange)
        try:
            if not self._thread.wait(self._signal, timeout):
                raise _response_timeout(self._exchange, timeout)
        except BaseException:
            self.close()
            raise

    def __iter__(self) -> Iterator[bytes]:
        exchange = self._exchange
        while True:
            if data := exchange.take():
                yield data
            elif exchange.read_to_the_end:
                break
            else:
                self.wait()
        exchange.check()

    def close(self) -> None:
        if not self._exchange.handed_over and not self._exchange.ended:
            self._session.leave(self._exchange)
            with contextlib.suppress(ClientError):  # the loop has stopped
                self._thread.call_soon(self._exchange.disconnect)


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
        reader = _LoopReader(self._session)
        exchange = reader.exchange = self._session.exchange(request, body, reader.wake)
        exchange.sent_at = self._session.now()
        self._session.send(exchange)
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
            loop.call_later(timeout, _answer, idle, False)
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


class _LoopReader(httpx.AsyncByteStream):
    """Reads a response on the app's own event loop, chunk by chunk, as the app sends it."""

    exchange: Exchange

    def __init__(self, session: Session) -> None:
        self._session = session
        self._news: asyncio.Future[bool] | None = None
        self._woken = False

    def wake(self) -> None:
        """There is something to read. It may come before anybody waits for it, and more than once."""
        self._woken = True
        if self._news is not None:
            _answer(self._news, True)

    async def wait(self) -> None:
        """Wait until there is something to read."""
        try:
            if not self._woken:
                await OneTurn()  # most apps have answered by then, and a timer costs as much as all the rest
            if not self._woken:
                await self._until_woken(_read_timeout(self.exchange))
        except BaseException:
            await self.aclose()
            raise
        self._woken = False

    async def _until_woken(self, timeout: float | None) -> None:
        loop = asyncio.get_running_loop()
        self._news = loop.create_future()
        time_is_up = None if timeout is None else loop.call_later(timeout, _answer, self._news, False)
        try:
            if not await self._news:
                raise _response_timeout(self.exchange, timeout)
        finally:
            self._news = None
            if time_is_up is not None:
                time_is_up.cancel()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        exchange = self.exchange
        while True:
            if data := exchange.take():
                yield data
            elif exchange.read_to_the_end:
                break
            else:
                await self.wait()
        exchange.check()

    async def aclose(self) -> None:
        if not self.exchange.handed_over and not self.exchange.ended:
            self._session.leave(self.exchange)
            self.exchange.disconnect()


def _nothing(*args: object) -> None:
    pass


def _answer(question: asyncio.Future[bool], answer: bool) -> None:
    if not question.done():
        question.set_result(answer)


def _answer_on(loop: asyncio.AbstractEventLoop, question: asyncio.Future[bool]) -> None:
    """Answer with yes, on any thread: what ended last may have run in another process."""
    if asyncio._get_running_loop() is loop:
        _answer(question, True)
    else:
        with contextlib.suppress(RuntimeError):  # the loop was closed
            loop.call_soon_threadsafe(_answer, question, True)


def _read_timeout(exchange: Exchange) -> float | None:
    timeouts: dict[str, float | None] = exchange.request.extensions.get("timeout", {})
    return timeouts.get("read")


def _response_timeout(exchange: Exchange, timeout: float | None) -> ResponseTimeout:
    what = "ended its response" if exchange.started else "answered"
    return ResponseTimeout(
        f"{exchange.name} has not {what} within {timeout:g} s. "
        "Does the route wait for something that never comes? Pass timeout=None to wait for ever.",
        request=exchange.request,
    )
