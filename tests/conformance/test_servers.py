"""The server that the other tests hold the clients against."""

import logging

import httpx
import pytest
from fastapi import BackgroundTasks, FastAPI

from bgdemo import Recorder
from servers import serve


def failing_app(message: str) -> FastAPI:
    app = FastAPI()

    def fail() -> None:
        raise ValueError(message)

    @app.get("/")
    def index(background_tasks: BackgroundTasks) -> str:
        background_tasks.add_task(fail)
        return message

    return app


def test_it_serves_on_a_free_port_and_stops_with_the_block() -> None:
    with serve(failing_app("one")) as one, serve(failing_app("two")) as two:
        assert httpx.get(one.url, trust_env=False).json() == "one"
        assert httpx.get(two.url, trust_env=False).json() == "two"
    with pytest.raises(httpx.ConnectError):
        httpx.get(one.url, trust_env=False)


def test_it_has_what_uvicorn_logged_for_its_own_app_only() -> None:
    with serve(failing_app("one")) as one, serve(failing_app("two")) as two:
        httpx.get(one.url, trust_env=False)
        one.wait()
    assert [str(error) for error in one.exceptions] == ["one"]
    assert two.exceptions == []


def test_waiting_ends_when_the_background_tasks_have_ended() -> None:
    recorder = Recorder(failing_app("one"))
    with serve(recorder) as server:
        httpx.get(server.url, trust_env=False)
        server.wait()
        assert server.recorder is recorder
        assert [task.status for task in recorder.timeline.tasks] == ["failed"]


def test_it_leaves_uvicorns_logger_as_it_was() -> None:
    logger = logging.getLogger("uvicorn.error")
    before = logger.handlers.copy(), logger.propagate
    with serve(FastAPI()), serve(FastAPI()):
        pass
    assert (logger.handlers, logger.propagate) == before


def test_an_app_that_does_not_start_fails_the_test_with_uvicorns_words() -> None:
    async def no_start(scope: object, receive: object, send: object) -> None:
        raise ValueError("no database")

    with pytest.raises(AssertionError, match="uvicorn did not start"), serve(no_start, lifespan="on"):
        pass
