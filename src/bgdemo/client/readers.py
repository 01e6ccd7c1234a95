"""A response as its caller reads it, on another thread than the app or on the same event loop."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator

import httpx

from bgdemo.client.exchange import Exchange
from bgdemo.client.one_turn import OneTurn
from bgdemo.client.response import check
from bgdemo.client.session import Session
from bgdemo.errors import ClientError, ResponseTimeout
from bgdemo.threads.loop_thread import LoopThread
from bgdemo.threads.signal import Signal


class ThreadReader(httpx.SyncByteStream):
    """Reads a response on the caller's thread, chunk by chunk, as the app sends it."""

    def __init__(
        self,
        session: Session,
        exchange: Exchange,
        thread: LoopThread,
        signal: Signal,
        when_over: Callable[[LoopThread], object],
    ) -> None:
        self._session = session
        self._exchange = exchange
        self._thread = thread
        self._signal = signal
        self._when_over: Callable[[LoopThread], object] | None = when_over

    def wait(self) -> None:
        timeout = _read_timeout(self._exchange)
        try:
            if not self._thread.wait(self._signal, timeout):
                raise _response_timeout(self._exchange, timeout)
        except BaseException:
            self._abandon()
            raise

    def __iter__(self) -> Iterator[bytes]:
        exchange = self._exchange
        while True:
            chunk = exchange.body.take()
            if chunk:
                yield chunk
            elif chunk is None:
                if exchange.read_to_the_end:
                    break
                self.wait()
        try:
            check(exchange, is_read=True)
        finally:
            self.is_over()

    def close(self) -> None:
        behaviour, exchange = self._session.behaviour, self._exchange
        try:
            if not exchange.abandoned and not exchange.handed_over:
                if not exchange.ended:
                    behaviour.leave_from_thread(exchange, self._session.abandon, self._thread)
                if behaviour.cancels_when_left:
                    exchange.raise_error()
        finally:
            self.is_over()

    def is_over(self) -> None:
        when_over, self._when_over = self._when_over, None
        if when_over is not None:
            when_over(self._thread)

    def _abandon(self) -> None:
        if not self._exchange.handed_over and not self._exchange.ended:
            self._session.abandon(self._exchange)
            with contextlib.suppress(ClientError):  # the loop has stopped
                self._thread.call_soon(self._exchange.disconnect)


class LoopReader(httpx.AsyncByteStream):
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
            answer(self._news, True)

    async def wait(self) -> None:
        """Wait until there is something to read."""
        try:
            if not self._woken:
                await OneTurn()  # most apps have answered by then, and a timer costs as much as all the rest
            if not self._woken:
                await self._until_woken(_read_timeout(self.exchange))
        except BaseException:
            self._abandon()
            raise
        self._woken = False

    async def _until_woken(self, timeout: float | None) -> None:
        loop = asyncio.get_running_loop()
        self._news = loop.create_future()
        time_is_up = None if timeout is None else loop.call_later(timeout, answer, self._news, False)
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
            chunk = exchange.body.take()
            if chunk:
                yield chunk
            elif chunk is None:
                if exchange.read_to_the_end:
                    break
                await self.wait()
        check(exchange, is_read=True)

    async def aclose(self) -> None:
        behaviour, exchange = self._session.behaviour, self.exchange
        if not exchange.abandoned and not exchange.handed_over:
            if not exchange.ended:
                await behaviour.leave(exchange, self._session.abandon)
            if behaviour.cancels_when_left:
                exchange.raise_error()

    def _abandon(self) -> None:
        if not self.exchange.handed_over and not self.exchange.ended:
            self._session.abandon(self.exchange)
            self.exchange.disconnect()


def answer(question: asyncio.Future[bool], result: bool) -> None:
    """Answer a question that may have been answered."""
    if not question.done():
        question.set_result(result)


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
