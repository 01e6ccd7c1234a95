"""What both clients have in common: how they are made, and what they show."""

from abc import abstractmethod
from typing import Any, Literal, TypedDict

import httpx
from starlette.types import ASGIApp

from bgdemo.client.behaviour import Behaviour
from bgdemo.client.live import LiveBehaviour
from bgdemo.client.options import Cookies, Mode, recorder_for, refuse_backend, with_user_agent
from bgdemo.client.session import Session
from bgdemo.client.stock import StockBehaviour
from bgdemo.clock import ClientClock, Clock, ClockName
from bgdemo.errors import ClientError
from bgdemo.record.timeline import Timeline


class HttpxOptions(TypedDict):
    """What httpx's own constructor is given."""

    base_url: str
    headers: httpx.Headers
    cookies: Cookies | None
    follow_redirects: bool
    timeout: float | None


class BaseClient:
    """What both clients have in common: how they are made, and what they show."""

    __test__ = False  # pytest does not collect it

    def __init__(
        self,
        app: ASGIApp,
        base_url: str = "http://testserver",
        raise_server_exceptions: bool = True,
        root_path: str = "",
        backend: Literal["asyncio", "trio"] = "asyncio",
        backend_options: dict[str, Any] | None = None,
        cookies: Cookies | None = None,
        headers: dict[str, str] | None = None,
        follow_redirects: bool = True,
        client: tuple[str, int] = ("testclient", 50000),
        *,
        clock: ClockName | Clock = "real",
        mode: Mode = "live",
        wait_for_tasks: bool = False,
        timeout: float | None = 60.0,
        close_timeout: float = 30.0,
        keep: int | None = None,
    ) -> None:
        """Make a client; nothing runs before its first request, or before it is entered.

        Args:
            app: an ASGI app, such as FastAPI(). A Recorder is used as it is.
            base_url: what relative URLs are joined to.
            raise_server_exceptions: raise what the app raises: in the call, or from `drain()` if after the response.
            root_path: the path that the app is mounted at.
            backend: "asyncio"; "trio" is refused.
            backend_options: as for anyio's asyncio backend: "debug", "use_uvloop", "loop_factory". TestClient only.
            cookies: sent with each request.
            headers: sent with each request.
            follow_redirects: follow redirects by itself.
            client: host and port that requests seem to come from.
            clock: "real", "simulated", or a clock of your own; a Recorder keeps its own clock where this says "real".
            mode: "live", or "fake": tasks are recorded as added and do not run, unless `run_tasks` runs them.
            wait_for_tasks: behave like Starlette's TestClient: a call returns when all its work is done, and raises
                its errors; leaving a response or a WebSocket cancels it; outside `with` each call has its own event
                loop; the app finds the caller's context variables.
            timeout: seconds on the wall that a route may take to answer; None waits for ever. A call may have one of
                its own, too, of which Starlette's TestClient, and with it `wait_for_tasks=True`, warns.
            close_timeout: seconds on the client's clock that `with` and `close()` wait for tasks before they cancel
                them.
            keep: how many requests the timeline keeps, the newest ones, with their tasks and events; None keeps all.
                A Recorder of your own keeps what it was made to keep.

        Raises:
            ClientError: it is not an app, or an option cannot be followed.
            TypeError: the clock is not one.
        """
        refuse_backend(backend)
        self.app = app
        recorder = recorder_for(app, clock, mode, keep)
        kind = StockBehaviour if wait_for_tasks else LiveBehaviour
        behaviour = kind(root_path, client, raise_server_exceptions)
        self._session = Session(recorder, behaviour)
        self.app_state = self._session.state
        self._close_timeout = close_timeout
        options: HttpxOptions = {
            "base_url": base_url,
            "headers": with_user_agent(headers),
            "cookies": cookies,
            "follow_redirects": follow_redirects,
            "timeout": timeout,
        }
        self._connect(behaviour, backend_options or {}, options)

    @abstractmethod
    def _connect(self, behaviour: Behaviour, backend_options: dict[str, Any], options: HttpxOptions) -> None:
        """Make the transport, and become an httpx client that uses it."""

    @property
    def clock(self) -> ClientClock:
        """The clock that the timeline's seconds are read from; it starts at the first request."""
        return self._session.recorder.clock

    @property
    def timeline(self) -> Timeline:
        """What has happened so far, as a snapshot; reading it runs nothing."""
        return self._session.recorder.timeline


def may_wait(error: BaseException | None) -> bool:
    """False where somebody wants out: Ctrl-C, a cancelled caller."""
    return error is None or isinstance(error, Exception)


def refuse_closed(client: httpx.Client | httpx.AsyncClient) -> None:
    """Raise ClientError for a client that was closed."""
    if client.is_closed:
        name = type(client).__name__
        raise ClientError(f"This {name} was closed: make a new one, {name}(app). Its timeline can still be read.")
