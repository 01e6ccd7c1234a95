"""Clients that end with their test, and that say at its end what nobody has looked at."""

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self

import httpx

from bgdemo.client import AsyncTestClient, TestClient
from bgdemo.client.base import may_wait
from bgdemo.errors import BgdemoError, DrainTimeout
from bgdemo.record import task as recorded_task
from bgdemo.record.fake_mode import KeepingRecorder
from bgdemo.record.log import describe

UNSEEN = (
    "The test had ended when this was found: the app raised it after its response, and nobody had looked. Expect it, "
    "`with pytest.raises(...): client.drain()`, or make the client with raise_server_exceptions=False."
)
UNENDED = (
    "The test had ended, and its client waited for what the app still did. Let that end, "
    "or give the client a longer close_timeout."
)


class ManagedClient(TestClient):
    """A TestClient that starts its app up once, though its maker enters it and a `with` block may do so again."""

    _entered = False

    def __enter__(self) -> Self:
        if not self._entered:
            super().__enter__()
            self._entered = True
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self._entered = False
        super().__exit__(exc_type, exc_value, traceback)

    def drain_at_end(self, error: BaseException | None) -> None:
        """Wait for the app as at the end of `with`; the client can be used after it.

        Args:
            error: what the test has raised, if it has: then what is found is added to it as a note.

        Raises:
            Exception: what nobody has seen yet, or what keeps the work from ending.
        """
        __tracebackhide__ = True
        try:
            if error is None:
                self.drain(self._close_timeout)
            elif may_wait(error):
                self._thread_transport.drain(self._close_timeout)
        except BaseException as found:
            raise_or_note(self, found, error)
        self._session.raise_unseen(error)

    def close_at_end(self) -> None:
        """Shut the app down, if it was started up, and close."""
        try:
            if self._entered:
                self.__exit__()
        finally:
            self.close()


class ManagedAsyncClient(AsyncTestClient):
    """An AsyncTestClient that starts its app up by itself, before its first request, unless `async with` does."""

    starts_app = False
    left_to_user = False
    """It was entered by an `async with`, which ends it."""

    _started = False
    _starting: asyncio.Lock | None = None

    def send(self, request: httpx.Request, **kwargs: Any) -> Coroutine[Any, Any, httpx.Response]:
        """Send a request that `build_request` made, as httpx does."""
        sending = super().send(request, **kwargs)
        return self._send_when_started(sending) if self.starts_app and not self._started else sending

    async def __aenter__(self) -> Self:
        self.left_to_user = True
        await self._start()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self.starts_app = self._started = False
        await super().__aexit__(exc_type, exc_value, traceback)

    async def drain_at_end(self, error: BaseException | None) -> None:
        """As ManagedClient.drain_at_end."""
        __tracebackhide__ = True
        try:
            if error is None:
                await self.drain(self._close_timeout)
            elif may_wait(error):
                await self._loop_transport.drain(self._close_timeout)
        except BaseException as found:
            raise_or_note(self, found, error)
        self._session.raise_unseen(error)

    async def aclose_at_end(self, error: BaseException | None) -> None:
        """Drain, shut the app down if it was started up, and close; unless an `async with` is going to do that."""
        __tracebackhide__ = True
        try:
            await self.drain_at_end(error)
        finally:
            if not self.left_to_user:
                await self._aclose()

    async def _aclose(self) -> None:
        try:
            if self._started:
                await self.__aexit__()
        finally:
            await self.aclose()

    def abandon(self) -> None:
        """Let go of an event loop that runs no more; raise what nobody has seen, or that work was left."""
        __tracebackhide__ = True
        self._loop_transport.cancel()
        try:
            if not self._session.is_drained:
                raise self._session.drain_timeout(0.0)
            self._session.raise_unseen(None)
        except BaseException as found:
            raise_or_note(self, found, None)

    async def _start(self) -> None:
        self._starting = self._starting or asyncio.Lock()
        async with self._starting:
            if not self._started:
                await super().__aenter__()
                self._started = True

    async def _send_when_started(self, sending: Coroutine[Any, Any, httpx.Response]) -> httpx.Response:
        try:
            await self._start()
        except BaseException:
            sending.close()
            raise
        return await sending


def in_words(client: ManagedClient | ManagedAsyncClient) -> str:
    """A client's clock and mode: "simulated clock", "real clock, mode 'fake'"."""
    clock = "simulated clock" if client.clock.simulated else "real clock"
    return f"{clock}, mode 'fake'" if isinstance(client._session.recorder, KeepingRecorder) else clock


def raise_or_note(
    client: ManagedClient | ManagedAsyncClient, found: BaseException, error: BaseException | None
) -> None:
    """Raise what was found at the end of a test, and say that it was; or note it on what the test has raised."""
    __tracebackhide__ = True
    if isinstance(found, DrainTimeout):
        client._close_timeout = 0.0  # it has been waited for
    if error is not None and isinstance(found, Exception):
        error.add_note(f"Besides, {describe(found)}")
        return
    found.add_note(UNENDED if isinstance(found, BgdemoError) else UNSEEN)
    raise found.with_traceback(_from_the_task_on(found.__traceback__))


def _from_the_task_on(traceback: TracebackType | None) -> TracebackType | None:
    """The part of a traceback that is the task's own; all of it where no task raised."""
    rest = start = traceback
    while rest is not None:
        if rest.tb_frame.f_code.co_filename == recorded_task.__file__:
            start = rest.tb_next
        rest = rest.tb_next
    return start
