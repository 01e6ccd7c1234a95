"""The options of a client, by name, and the recorder and the clock that they ask for."""

from http.cookiejar import CookieJar
from typing import Any, Literal, TypedDict, get_args

import httpx
from starlette.types import ASGIApp

from bgdemo.client.asgi import as_asgi
from bgdemo.clock import ClientClock, Clock, ClockName, RealClock, as_clock
from bgdemo.errors import ClientError
from bgdemo.record.fake_mode import KeepingRecorder
from bgdemo.record.recorder import Recorder
from bgdemo.simulation import SimulatedClock

Mode = Literal["live", "fake"]
"""Tasks run after their response; or they are kept, for `run_tasks()`."""

Cookies = httpx.Cookies | CookieJar | dict[str, str] | list[tuple[str, str]]


class Options(TypedDict, total=False):
    """What a client can be made with, beside its app, for those who pass it on: see BaseClient."""

    base_url: str
    raise_server_exceptions: bool
    root_path: str
    backend: Literal["asyncio", "trio"]
    backend_options: dict[str, Any] | None
    cookies: Cookies | None
    headers: dict[str, str] | None
    follow_redirects: bool
    client: tuple[str, int]
    clock: ClockName | Clock
    mode: Mode
    wait_for_tasks: bool
    timeout: float | None
    close_timeout: float
    keep: int | None


def recorder_for(app: ASGIApp, clock: ClockName | Clock, mode: Mode, keep: int | None) -> Recorder:
    """What a client calls instead of the app: a Recorder that the user has made stays the one.

    Raises:
        ClientError: there is no such mode, or the user's Recorder cannot do what is asked.
        TypeError: it is not a clock.
    """
    if mode not in get_args(Mode):
        raise ClientError(
            f"mode={mode!r} is not a mode: tasks run by themselves in mode='live', and are kept in 'fake'."
        )
    chosen = _clock(clock)
    running = SimulatedClock.of_running_loop() if isinstance(clock, str) else None
    if not isinstance(app, Recorder):
        kind = KeepingRecorder if mode == "fake" else Recorder
        return kind(as_asgi(app), clock=running or chosen, keep=keep)
    if mode != "live":
        raise ClientError(
            f"mode={mode!r} needs the app itself, not a Recorder, which runs all tasks: pass recorder.app."
        )
    if running is not None or clock != "real":
        app.use(running or chosen)
    return app


def refuse_backend(backend: str) -> None:
    """Raise ClientError for any backend but asyncio."""
    if backend != "asyncio":
        raise ClientError(f"backend={backend!r} is not supported: these clients run apps on asyncio, as uvicorn does.")


def with_user_agent(headers: dict[str, str] | None) -> httpx.Headers:
    """The headers that a client sends with each request."""
    result = httpx.Headers({"user-agent": "testclient"})
    result.update(headers)
    return result


def _clock(clock: ClockName | Clock) -> ClientClock:
    if clock == "real":
        return RealClock()
    return SimulatedClock() if clock == "simulated" else as_clock(clock)
