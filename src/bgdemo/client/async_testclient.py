"""The same client for code that awaits: it runs the app on the caller's own event loop, and starts no thread."""

import weakref
from collections.abc import Coroutine, Sequence
from types import TracebackType
from typing import Any, Self

import httpx

from bgdemo.client.base import BaseClient, HttpxOptions, may_wait, refuse_closed
from bgdemo.client.behaviour import Behaviour
from bgdemo.client.transport import LoopTransport
from bgdemo.client.websocket import UpgradeRequest, WebSocketSession, upgrade_arguments
from bgdemo.errors import ClientError
from bgdemo.record.fake_mode import KeptRun
from bgdemo.record.naming import Function
from bgdemo.record.timeline import Timeline


class AsyncTestClient(BaseClient, httpx.AsyncClient):
    """The client for code that awaits: it runs the app on the caller's own event loop, and starts no thread.

    >>> import asyncio
    >>> from bgdemo import AsyncTestClient
    >>> from bgdemo.lessons.parameter import app
    >>> async def main():
    ...     async with AsyncTestClient(app) as client:
    ...         response = await client.post("/send_info", params={"email": "a@example.com"})
    ...         timeline = await client.drain()
    ...     return response.status_code
    >>> asyncio.run(main())
    200
    """

    def _connect(self, behaviour: Behaviour, backend_options: dict[str, Any], options: HttpxOptions) -> None:
        if backend_options:
            raise ClientError("AsyncTestClient runs on the loop of its caller: set backend_options where that is made.")
        behaviour.same_loop = True
        self._loop_transport = LoopTransport(self._session)
        weakref.finalize(self, self._loop_transport.cancel).atexit = False
        httpx.AsyncClient.__init__(self, transport=self._loop_transport, **options)

    async def drain(self, timeout: float | None = None) -> Timeline:
        """Wait until all background work has ended; arguments, result and errors are TestClient.drain's."""
        self._session.refuse_inside_app("drain()")
        if not await self._loop_transport.drain(timeout):
            raise self._session.drain_timeout(timeout)
        self._session.raise_unseen(None)
        return self.timeline

    async def run_tasks(self, only: Function | None = None) -> Timeline:
        """Run the tasks that mode "fake" has kept; arguments, result and errors are TestClient.run_tasks'."""
        self._session.refuse_inside_app("run_tasks()")
        refuse_closed(self)
        await self._loop_transport.drain(None)
        self._loop_transport.start(KeptRun(self._session.recorder, only))
        return await self.drain()

    def send(self, request: httpx.Request, **kwargs: Any) -> Coroutine[Any, Any, httpx.Response]:
        """Send a request that `build_request` made, as httpx does."""
        refuse_closed(self)
        return super().send(request, **kwargs)

    def websocket_connect(self, url: str, subprotocols: Sequence[str] | None = None, **kwargs: Any) -> WebSocketSession:
        """Open a WebSocket, to be used in an `async with` block; arguments as TestClient.websocket_connect."""

        async def ask() -> httpx.Request:
            try:
                await self.request(**upgrade_arguments(url, subprotocols, kwargs))
            except UpgradeRequest as upgrade:
                self._loop_transport.open()
                return upgrade.request
            raise ClientError(f"{url} is not a WebSocket address.")

        return WebSocketSession(self._session, ask)

    async def aclose(self) -> None:
        """End the client for good: wait for background work, cancel what is left, raise what nobody has seen."""
        if self.is_closed:
            return
        self._session.refuse_inside_app("aclose()")
        try:
            await self._close(None)
        finally:
            await super().aclose()

    async def __aenter__(self) -> Self:
        refuse_closed(self)
        self._loop_transport.open()
        try:
            await self._session.start_up(self._session.behaviour.context())
        except BaseException:
            self._loop_transport.cancel()
            raise
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self._close(exc_value)

    async def _close(self, error: BaseException | None) -> None:
        await self._loop_transport.aclose(self._close_timeout if may_wait(error) else None)
        self._session.raise_unseen(error)
