"""What a learner holds: clients that have the response when a real client would have it, while the app goes on."""

import weakref
from collections.abc import Coroutine, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

import httpx
from httpx._types import CookieTypes
from starlette.types import ASGIApp

from bgdemo.client.exchange import Manners
from bgdemo.client.options import (
    Observed,
    may_wait,
    recorder_for,
    refuse_backend,
    refuse_closed,
    warn_of_timeout,
    with_user_agent,
)
from bgdemo.client.session import Session
from bgdemo.client.transport import LoopTransport, ThreadTransport
from bgdemo.client.websocket import UpgradeRequest, WebSocketSession, upgrade_arguments
from bgdemo.clock import Clock, ClockName
from bgdemo.errors import ClientError
from bgdemo.record.fake_mode import KeptRun, Mode
from bgdemo.record.naming import Function
from bgdemo.record.timeline import Timeline

if TYPE_CHECKING:
    from starlette.testclient import WebSocketTestSession


class TestClient(Observed, httpx.Client):
    """A client for an app in this process, whose calls return when the response is complete; tasks go on after it.

    It opens at its first request, or at `with`, which also runs the app's lifespan. Its event loop is in a
    daemon thread of its own. It ends at `close()`, at the end of `with`, or when nobody holds it any more.

    Args:
        app: an ASGI app, such as FastAPI(). A Recorder is used as it is.
        base_url: what relative URLs are joined to.
        raise_server_exceptions: raise what the app raises: in the call, or from `drain()` if after the response.
        root_path: the path that the app is mounted at.
        backend: "asyncio"; "trio" is refused.
        backend_options: as for anyio's asyncio backend: "debug", "use_uvloop", "loop_factory".
        cookies: sent with each request.
        headers: sent with each request.
        follow_redirects: follow redirects by itself.
        client: host and port that requests seem to come from.
        clock: "real", "simulated", or a clock of your own; a Recorder keeps its own clock where this says "real".
        mode: "live", or "fake": tasks are noted as added and do not run, unless `run_tasks` runs them.
        wait_for_tasks: the stock client's manners: a call returns when all its work is done, and raises its errors;
            whoever leaves a response or a WebSocket has it cancelled; outside `with` each call has its own event loop;
            the app finds the caller's context variables.
        timeout: seconds on the wall that a route may take to answer; None waits for ever. A call may have one of its
            own, too, for which the stock client's manners warn.
        close_timeout: seconds on the client's clock that `with` and `close()` wait for tasks before they cancel them.
    """

    __test__ = False

    def __init__(
        self,
        app: ASGIApp,
        base_url: str = "http://testserver",
        raise_server_exceptions: bool = True,
        root_path: str = "",
        backend: Literal["asyncio", "trio"] = "asyncio",
        backend_options: dict[str, Any] | None = None,
        cookies: CookieTypes | None = None,
        headers: dict[str, str] | None = None,
        follow_redirects: bool = True,
        client: tuple[str, int] = ("testclient", 50000),
        *,
        clock: ClockName | Clock = "real",
        mode: Mode = "live",
        wait_for_tasks: bool = False,
        timeout: float | None = 60.0,
        close_timeout: float = 30.0,
    ) -> None:
        refuse_backend(backend)
        manners = Manners(root_path, client, raise_server_exceptions, wait_for_tasks)
        self.app = app
        self._session = Session(recorder_for(app, clock, mode), manners)
        manners.hold = getattr(self.clock, "hold", None)
        self.app_state = self._session.state
        self._close_timeout = close_timeout
        self._thread_transport = ThreadTransport(self._session, backend_options or {})
        weakref.finalize(self, self._thread_transport.let_go).atexit = False  # its threads are daemons
        super().__init__(
            base_url=base_url,
            headers=with_user_agent(headers),
            cookies=cookies,
            follow_redirects=follow_redirects,
            timeout=timeout,
            transport=self._thread_transport,
        )

    def drain(self, timeout: float | None = None) -> Timeline:
        """Wait until all background work has ended.

        Args:
            timeout: seconds on the client's clock, or None to wait as long as it takes.

        Returns:
            The timeline, in which every task has ended.

        Raises:
            Exception: what a task raised and nobody has seen yet; several as one ExceptionGroup. Each is raised once.
            DrainTimeout: the time was up; nothing is lost.
        """
        self._session.refuse_inside_app("drain()")
        if not self._thread_transport.wait_until_idle(timeout):
            raise self._session.drain_timeout(timeout)
        return self._session.drained()

    def run_tasks(self, only: Function | None = None) -> Timeline:
        """Run the tasks that mode "fake" has kept, in the order in which they were added, and wait for them.

        Args:
            only: run just the tasks of this function, or of the one of this name; None runs all.

        Returns:
            The timeline, in which they have ended.

        Raises:
            Exception: what a task raised and nobody has seen yet, as from `drain()`; its request's rest is skipped.
            ClientError: the mode is "live".
        """
        self._session.refuse_inside_app("run_tasks()")
        refuse_closed(self)
        self._thread_transport.wait_until_idle(None)  # a task is kept after its response
        self._thread_transport.start(KeptRun(self._session.recorder, only))
        return self.drain()

    def send(self, request: httpx.Request, **kwargs: Any) -> httpx.Response:
        """Send a request that `build_request` made, as httpx does."""
        refuse_closed(self)
        if self._session.manners.wait_for_tasks and request.extensions.get("timeout") != self.timeout.as_dict():
            warn_of_timeout()
        return super().send(request, **kwargs)

    def websocket_connect(
        self, url: str, subprotocols: Sequence[str] | None = None, **kwargs: Any
    ) -> "WebSocketTestSession":
        """Open a WebSocket; Starlette's own session, to be used in a `with` block.

        Args:
            url: absolute, or relative to the base URL's host.
            subprotocols: offered to the app.
            kwargs: as for a GET request: headers, params, cookies.
        """
        from bgdemo.client.thread_websocket import ThreadWebSocketSession

        try:
            self.request(**upgrade_arguments(url, subprotocols, kwargs))
        except UpgradeRequest as upgrade:
            return ThreadWebSocketSession(self, self._session, upgrade.request, self._thread_transport)
        raise ClientError(f"{url} is no WebSocket address.")

    def close(self) -> None:
        """End the client for good: wait for background work, cancel what is left, raise what nobody has seen."""
        if self.is_closed:
            return
        self._session.refuse_inside_app("close()")
        self._thread_transport.close_for_good()
        try:
            self._end(None)
        finally:
            super().close()

    def __enter__(self) -> Self:
        refuse_closed(self)
        thread = self._thread_transport.open()
        self._thread_transport.kept = True
        try:
            thread.run(self._session.start_up(self._session.context()))
        except BaseException:
            self._thread_transport.abort()
            raise
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self._end(exc_value)

    def _end(self, error: BaseException | None) -> None:
        self._thread_transport.begin_closing()
        try:
            if may_wait(error):
                self._thread_transport.wait_until_idle(self._close_timeout)
        finally:
            self._thread_transport.shut_down()
        self._session.leave_errors(error)


class AsyncTestClient(Observed, httpx.AsyncClient):
    """The same client for code that awaits: it runs the app on the caller's own event loop, and starts no thread.

    Args: as for TestClient; `backend_options` has nothing to set here.
    """

    __test__ = False

    def __init__(
        self,
        app: ASGIApp,
        base_url: str = "http://testserver",
        raise_server_exceptions: bool = True,
        root_path: str = "",
        backend: Literal["asyncio", "trio"] = "asyncio",
        backend_options: dict[str, Any] | None = None,
        cookies: CookieTypes | None = None,
        headers: dict[str, str] | None = None,
        follow_redirects: bool = True,
        client: tuple[str, int] = ("testclient", 50000),
        *,
        clock: ClockName | Clock = "real",
        mode: Mode = "live",
        wait_for_tasks: bool = False,
        timeout: float | None = 60.0,
        close_timeout: float = 30.0,
    ) -> None:
        refuse_backend(backend)
        if backend_options:
            raise ClientError("AsyncTestClient runs on the loop of its caller: set backend_options where that is made.")
        manners = Manners(root_path, client, raise_server_exceptions, wait_for_tasks, same_loop=True)
        self.app = app
        self._session = Session(recorder_for(app, clock, mode), manners)
        self.app_state = self._session.state
        self._close_timeout = close_timeout
        self._loop_transport = LoopTransport(self._session)
        weakref.finalize(self, self._loop_transport.abort).atexit = False
        super().__init__(
            base_url=base_url,
            headers=with_user_agent(headers),
            cookies=cookies,
            follow_redirects=follow_redirects,
            timeout=timeout,
            transport=self._loop_transport,
        )

    async def drain(self, timeout: float | None = None) -> Timeline:
        """Wait until all background work has ended; arguments, result and errors are TestClient.drain's."""
        self._session.refuse_inside_app("drain()")
        if not await self._loop_transport.wait_until_idle(timeout):
            raise self._session.drain_timeout(timeout)
        return self._session.drained()

    async def run_tasks(self, only: Function | None = None) -> Timeline:
        """Run the tasks that mode "fake" has kept; arguments, result and errors are TestClient.run_tasks'."""
        self._session.refuse_inside_app("run_tasks()")
        refuse_closed(self)
        await self._loop_transport.wait_until_idle(None)
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
            raise ClientError(f"{url} is no WebSocket address.")

        return WebSocketSession(self._session, ask)

    async def aclose(self) -> None:
        """End the client for good: wait for background work, cancel what is left, raise what nobody has seen."""
        if self.is_closed:
            return
        self._session.refuse_inside_app("aclose()")
        try:
            await self._end(None)
        finally:
            await super().aclose()

    async def __aenter__(self) -> Self:
        refuse_closed(self)
        self._loop_transport.open()
        try:
            await self._session.start_up(self._session.context())
        except BaseException:
            self._loop_transport.abort()
            raise
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self._end(exc_value)

    async def _end(self, error: BaseException | None) -> None:
        try:
            if may_wait(error):
                await self._loop_transport.wait_until_idle(self._close_timeout)
        finally:
            await self._loop_transport.shut_down()
        self._session.leave_errors(error)
