"""A real uvicorn server beside the caller: started, asked over TCP, stopped by its own handle."""

import logging
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi import BackgroundTasks, FastAPI

from bgdemo.errors import ClientError
from bgdemo.server import Server, serve


def an_app(gate: threading.Event) -> FastAPI:
    app = FastAPI()

    def wait_for_gate() -> None:
        assert gate.wait(10), "nobody opened the gate"

    @app.post("/")
    async def route(background_tasks: BackgroundTasks) -> str:
        background_tasks.add_task(wait_for_gate)
        return "added"

    return app


def post(server: Server) -> httpx.Response:
    return httpx.post(server.url, trust_env=False)


def test_the_response_is_there_while_the_task_goes_on_and_stopping_waits_for_it() -> None:
    gate = threading.Event()
    server = serve(an_app(gate))
    assert post(server).json() == "added"
    assert server.timeline.tasks[0].status in ("added", "running")
    threading.Timer(0.05, gate.set).start()
    (task,) = server.stop().tasks
    assert (task.status, task.ran_in) == ("finished", "threadpool")


def test_it_is_gone_when_it_was_stopped_and_may_be_stopped_again() -> None:
    before = threading.active_count()
    server = serve(FastAPI())
    assert post(server).status_code == 404
    assert server.stop().events == server.stop().events
    with pytest.raises(httpx.ConnectError):
        post(server)
    assert threading.active_count() == before


def test_two_servers_stand_side_by_side() -> None:
    first, second = serve(FastAPI()), serve(FastAPI())
    assert first.url != second.url
    assert [post(first).status_code, post(second).status_code] == [404, 404]
    assert [len(server.stop().requests) for server in (first, second)] == [1, 1]


def test_an_app_whose_start_up_fails_is_named_and_leaves_nothing_behind(caplog: pytest.LogCaptureFixture) -> None:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        raise ConnectionError("no database")
        yield

    before = threading.active_count()
    with caplog.at_level(logging.ERROR), pytest.raises(ClientError, match="the app's own start-up failed"):
        serve(FastAPI(lifespan=lifespan))
    assert "no database" in caplog.text
    assert threading.active_count() == before


def test_what_is_no_app_is_refused() -> None:
    with pytest.raises(ClientError, match="not callable"):
        serve("app")  # type: ignore[arg-type]


def test_a_server_that_nobody_stopped_keeps_no_interpreter_from_ending() -> None:
    code = "from fastapi import FastAPI; from bgdemo.server import serve; server = serve(FastAPI()); print('served')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert (done.stdout, done.stderr) == ("served\n", "")
