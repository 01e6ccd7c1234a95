"""The client that a learner holds: its calls return when the response is complete, and the app goes on."""

import weakref
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import httpx

from bgdemo.client.base import BaseClient, HttpxOptions, may_wait, refuse_closed
from bgdemo.client.behaviour import Behaviour
from bgdemo.client.transport import ThreadTransport
from bgdemo.client.websocket import UpgradeRequest, upgrade_arguments
from bgdemo.errors import ClientError
from bgdemo.record.fake_mode import KeptRun
from bgdemo.record.naming import Function
from bgdemo.record.timeline import Timeline

if TYPE_CHECKING:
    from starlette.testclient import WebSocketTestSession


class TestClient(BaseClient, httpx.Client):
    """A client for an app in this process, whose calls return when the response is complete; tasks go on after it.

    It opens at its first request, or at `with`, which also runs the app's lifespan. Its event loop is in a
    daemon thread of its own. It ends at `close()`, at the end of `with`, or when nobody holds it any more.

    >>> from bgdemo import TestClient
    >>> from bgdemo.lessons.add_task import app
    >>> client = TestClient(app, clock="simulated")
    >>> response = client.post("/send_info", params={"email": "a@example.com"})
    >>> client.timeline.tasks[0].status
    'added'
    >>> client.drain().tasks[0].ended
    write end
    7.0
    >>> client.close()
    """

    def _connect(self, behaviour: Behaviour, backend_options: dict[str, Any], options: HttpxOptions) -> None:
        behaviour.hold = self.clock.hold if self.clock.holds else None
        self._thread_transport = ThreadTransport(self._session, backend_options)
        weakref.finalize(self, self._thread_transport.abandon).atexit = False  # its threads are daemons
        httpx.Client.__init__(self, transport=self._thread_transport, **options)

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
        if not self._thread_transport.drain(timeout):
            raise self._session.drain_timeout(timeout)
        self._session.raise_unseen(None)
        return self.timeline

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
        self._thread_transport.drain(None)  # a task is kept after its response
        self._thread_transport.start(KeptRun(self._session.recorder, only))
        return self.drain()

    def send(self, request: httpx.Request, **kwargs: Any) -> httpx.Response:
        """Send a request that `build_request` made, as httpx does."""
        refuse_closed(self)
        self._session.behaviour.check_timeout(request, self.timeout)
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
        raise ClientError(f"{url} is not a WebSocket address.")

    def close(self) -> None:
        """End the client for good: wait for background work, cancel what is left, raise what nobody has seen."""
        if self.is_closed:
            return
        self._session.refuse_inside_app("close()")
        self._thread_transport.is_closed = True
        try:
            self._close(None)
        finally:
            super().close()

    def __enter__(self) -> Self:
        refuse_closed(self)
        thread = self._thread_transport.open()
        self._thread_transport.kept = True
        try:
            thread.run(self._session.start_up(self._session.behaviour.context()))
        except BaseException:
            self._thread_transport.cancel()
            raise
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self._close(exc_value)

    def _close(self, error: BaseException | None) -> None:
        self._thread_transport.close(self._close_timeout if may_wait(error) else None)
        if error is not None and not may_wait(error):
            self._session.say_what_was_abandoned(error)
        self._session.raise_unseen(error)
