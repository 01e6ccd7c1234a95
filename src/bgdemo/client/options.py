"""What both clients share: how they show their session, and what they make of their arguments."""

import warnings
from typing import cast

import httpx
from starlette import exceptions
from starlette.types import ASGIApp

from bgdemo.client.asgi import as_asgi
from bgdemo.client.session import Session
from bgdemo.clock import ClientClock, Clock, ClockName, as_clock
from bgdemo.errors import ClientError
from bgdemo.record.fake_mode import Mode, new_recorder
from bgdemo.record.recorder import Recorder
from bgdemo.record.timeline import Timeline
from bgdemo.simulation import SimulatedClock


class Observed:
    """What both clients show of their session."""

    _session: Session

    @property
    def clock(self) -> ClientClock:
        """The clock that the timeline's seconds are read from; it starts at the first request."""
        return cast(ClientClock, self._session.recorder.log.clock)  # one of the user's own may have no advance()

    @property
    def timeline(self) -> Timeline:
        """What has happened so far, as a snapshot; reading it runs nothing."""
        return self._session.recorder.timeline


def may_wait(error: BaseException | None) -> bool:
    """False where somebody wants out: Ctrl-C, a cancelled caller."""
    return error is None or isinstance(error, Exception)


def with_user_agent(headers: dict[str, str] | None) -> httpx.Headers:
    result = httpx.Headers({"user-agent": "testclient"})
    result.update(headers)
    return result


def refuse_backend(backend: str) -> None:
    if backend != "asyncio":
        raise ClientError(f"backend={backend!r} is not supported: these clients run apps on asyncio, as uvicorn does.")


def refuse_closed(client: httpx.Client | httpx.AsyncClient) -> None:
    if client.is_closed:
        name = type(client).__name__
        raise ClientError(f"This {name} was closed: make a new one, {name}(app). Its timeline can still be read.")


def warn_of_timeout() -> None:
    """Warn, as the stock client does, whoever gives a timeout to one call."""
    warnings.warn(
        "You should not use the 'timeout' argument with the TestClient's calls: Starlette's own client would wait for "
        "ever. Give it to the client itself, TestClient(app, timeout=...).",
        getattr(exceptions, "StarletteDeprecationWarning", DeprecationWarning),  # early ones have no class of their own
        stacklevel=5,
    )


def recorder_for(app: ASGIApp, clock: ClockName | Clock, mode: Mode) -> Recorder:
    """What a client calls instead of the app: a Recorder that the user has made stays the one.

    Raises:
        ClientError: such a Recorder cannot do what is asked.
    """
    chosen = SimulatedClock() if clock == "simulated" else as_clock(clock)
    running = SimulatedClock.of_running_loop() if isinstance(clock, str) else None
    if not isinstance(app, Recorder):
        return new_recorder(as_asgi(app), clock=running or chosen, mode=mode)
    if mode != "live":
        raise ClientError(
            f"mode={mode!r} needs the app itself, not a Recorder, which runs all tasks: pass recorder.app."
        )
    if running is not None or clock != "real":
        app.use(running or chosen)
    return app
