"""A real uvicorn server for tests: on a free loopback port, in a thread, stopped by its own handle."""

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

import uvicorn
from starlette.types import ASGIApp

from bgdemo import Recorder

DEADLINE = 10.0
"""Seconds that starting, finishing the requests, or stopping may take on a busy machine."""


@dataclass
class Server:
    """A running server.

    Attributes:
        url: "http://127.0.0.1:port", without a slash at the end.
        recorder: the Recorder that the server runs the app in.
        logged: what uvicorn logged, warnings and errors.
    """

    url: str
    recorder: Recorder
    logged: list[logging.LogRecord] = field(default_factory=list)

    @property
    def exceptions(self) -> list[BaseException]:
        """What left the app and was logged as "Exception in ASGI application"."""
        records = [record for record in self.logged if record.getMessage() == "Exception in ASGI application\n"]
        return [record.exc_info[1] for record in records if record.exc_info and record.exc_info[1]]

    def wait(self) -> None:
        """Wait until all requests that the app got have ended, background tasks included."""
        until(lambda: all(request.ended is not None for request in self.recorder.timeline.requests), "requests to end")


@contextlib.contextmanager
def serve(app: ASGIApp, *, lifespan: Literal["auto", "on", "off"] = "auto", root_path: str = "") -> Iterator[Server]:
    """Serve `app`; leaving the block waits for background tasks, as uvicorn does at shutdown.

    Args:
        app: any ASGI app; a Recorder is used as it is, another app is wrapped in one.
        lifespan: whether the app's start-up and shutdown run; "auto" runs them if the app knows them.
        root_path: uvicorn's --root-path.

    Yields:
        The server, which accepts requests by now.
    """
    recorder = app if isinstance(app, Recorder) else Recorder(app)
    config = uvicorn.Config(
        recorder,
        port=0,
        lifespan=lifespan,
        root_path=root_path,
        log_config=None,
        ws="websockets-sansio",
        log_level="warning",
        access_log=False,
    )
    uvicorn_server = _Server(config)
    thread = threading.Thread(target=uvicorn_server.run_in_thread, name="uvicorn", daemon=True)
    server = Server("", recorder)
    log = _ThreadLog(thread, server.logged)
    logger = logging.getLogger("uvicorn.error")
    logger.addHandler(log)
    logger.propagate = False  # the caller has `logged`; pytest would format each traceback on the server's thread
    thread.start()
    try:
        until(lambda: uvicorn_server.started or not thread.is_alive(), "uvicorn to start")
        assert uvicorn_server.started, f"uvicorn did not start: {[record.getMessage() for record in server.logged]}"
        host, port = uvicorn_server.servers[0].sockets[0].getsockname()
        server.url = f"http://{host}:{port}"
        yield server
    finally:
        uvicorn_server.should_exit = True
        thread.join(DEADLINE)
        if thread.is_alive():  # a task hangs: end without it, and say so
            uvicorn_server.force_exit = True
            thread.join(DEADLINE)
        logger.removeHandler(log)
        logger.propagate = True
        recorder.close()
    assert not uvicorn_server.force_exit, "uvicorn had to be forced to stop: a request or a task did not end"


def until(happened: Callable[[], bool], what: str) -> None:
    """Wait until something has happened on another thread; fails after DEADLINE."""
    deadline = time.monotonic() + DEADLINE
    while not happened():
        assert time.monotonic() < deadline, f"waited {DEADLINE:g} s for {what}"
        time.sleep(0.002)


class _Server(uvicorn.Server):
    """Uvicorn as it is, but that it looks every 5 ms, not every 100, whether it has to stop."""

    async def main_loop(self) -> None:
        while not await self.on_tick(0):
            await asyncio.sleep(0.005)

    def run_in_thread(self) -> None:
        with contextlib.suppress(SystemExit):  # where the app did not start; `serve` says so
            self.run()


class _ThreadLog(logging.Handler):
    """Collects what is logged on one thread, so that two servers can be told apart."""

    def __init__(self, thread: threading.Thread, records: list[logging.LogRecord]) -> None:
        super().__init__()
        self._thread = thread
        self._records = records

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread.ident:
            self._records.append(record)
