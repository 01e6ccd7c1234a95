"""An app's start-up and shutdown: `with` runs them, a bare client does not, and what they raise is raised."""

import contextlib
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import BackgroundTasks, FastAPI, Request
from starlette.background import BackgroundTask
from starlette.types import Receive, Scope, Send

from bgdemo import TestClient
from bgdemo.errors import AppError, ClientError, DrainTimeout
from gates import DEADLINE, Threads, in_thread, until

TASK_INIT = BackgroundTask.__init__


@contextlib.asynccontextmanager
async def logged(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
    app.state.log.append("start-up")
    yield {"numbers": [1], "answer": 42}
    app.state.log.append("shutdown")


def logging_app() -> FastAPI:
    app = FastAPI(lifespan=logged)
    app.state.log = []

    @app.get("/")
    async def index(request: Request) -> dict[str, Any]:
        state = {key: getattr(request.state, key, None) for key in ("answer", "numbers", "own")}
        request.state.own = "set by a request"
        request.state.answer = 0
        return state

    @app.post("/")
    async def add(background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(app.state.log.append, "task")

    return app


def failing(when: str, error: BaseException) -> FastAPI:
    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if when == "start-up":
            raise error
        yield
        raise error

    app = FastAPI(lifespan=lifespan)

    @app.get("/")
    def index() -> str:
        return "hello"

    return app


def test_with_starts_the_app_up_and_shuts_it_down() -> None:
    app = logging_app()
    with TestClient(app) as client:
        assert app.state.log == ["start-up"]
        client.get("/")
    assert app.state.log == ["start-up", "shutdown"]


def test_a_bare_client_runs_neither() -> None:
    app = logging_app()
    client = TestClient(app)
    client.get("/")
    client.close()
    assert app.state.log == []


def test_shutdown_comes_after_the_last_task() -> None:
    app = logging_app()
    with TestClient(app) as client:
        client.post("/")
    assert app.state.log == ["start-up", "task", "shutdown"]


def test_each_request_gets_a_copy_of_the_state() -> None:
    with TestClient(logging_app()) as client:
        seen = {"answer": 42, "numbers": [1], "own": None}
        assert client.get("/").json() == seen
        assert client.get("/").json() == seen
        assert client.app_state == {"numbers": [1], "answer": 42}


def test_a_start_up_that_fails_raises_its_error_and_leaves_no_thread() -> None:
    threads = Threads()
    error = ValueError("no database")
    client = TestClient(failing("start-up", error))
    with pytest.raises(ValueError, match="no database") as raised:
        client.__enter__()
    assert raised.value is error
    until(lambda: not threads.new(), "the loop's thread to end")
    assert client.get("/").json() == "hello"
    client.close()


def test_a_start_up_that_calls_sys_exit_hangs_nothing() -> None:
    client = TestClient(failing("start-up", SystemExit(3)))
    with pytest.raises((SystemExit, ClientError)):
        in_thread(client.__enter__).result(DEADLINE)


def test_a_shutdown_that_fails_raises_its_error_and_ends_the_client_all_the_same() -> None:
    threads = Threads()
    with pytest.raises(ValueError, match="flush failed"), TestClient(failing("shutdown", ValueError("flush failed"))):
        pass
    assert threads.loops() == []
    assert BackgroundTask.__init__ is TASK_INIT


def test_a_shutdown_that_fails_does_not_swallow_the_errors_of_tasks() -> None:
    app = failing("shutdown", ValueError("flush failed"))

    def task() -> None:
        raise KeyError("mail")

    @app.post("/")
    def add(background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(task)

    client = TestClient(app)
    with pytest.raises((ValueError, ExceptionGroup)), client:
        client.post("/")
    with contextlib.suppress(KeyError, ExceptionGroup):
        client.drain()
    client.close()
    assert client.timeline.tasks[0].error == "KeyError: 'mail'"


def test_a_client_can_be_entered_again_and_used_bare_in_between() -> None:
    app = logging_app()
    client = TestClient(app)
    for _ in range(2):
        with client:
            assert client.get("/").json()["answer"] == 42
        client.post("/")
        client.drain()
    client.close()
    assert app.state.log == ["start-up", "shutdown", "task"] * 2
    assert [request.id for request in client.timeline.requests] == [1, 2, 3, 4]


def test_a_client_can_be_entered_after_bare_use() -> None:
    app = logging_app()
    client = TestClient(app)
    client.post("/")
    with client:
        client.get("/")
    assert app.state.log == ["task", "start-up", "shutdown"] or app.state.log == ["start-up", "task", "shutdown"]


def test_close_inside_with_shuts_the_app_down_once() -> None:
    app = logging_app()
    with TestClient(app) as client:
        client.close()
        assert app.state.log == ["start-up", "shutdown"]
    assert app.state.log == ["start-up", "shutdown"]


async def told_to_fail(scope: Scope, receive: Receive, send: Send) -> None:
    message = await receive()
    await send({"type": f"{message['type']}.failed", "message": "no disk"})


async def silent(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()


async def knows_no_lifespan(scope: Scope, receive: Receive, send: Send) -> None:
    assert scope["type"] == "http", "only http"


def test_an_app_that_reports_a_failed_start_up_is_quoted() -> None:
    with pytest.raises(AppError, match=r"start-?up failed: no disk"):
        TestClient(told_to_fail).__enter__()


def test_an_app_that_returns_without_an_answer_counts_as_started() -> None:
    with TestClient(silent):
        pass


def test_an_app_that_refuses_the_lifespan_raises_as_with_the_stock_client() -> None:
    with pytest.raises(AssertionError, match="only http"):
        TestClient(knows_no_lifespan).__enter__()


def test_a_lifespan_that_dies_in_between_raises_at_the_end() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        raise ValueError("died")

    client = TestClient(app)
    client.__enter__()
    with pytest.raises(ValueError, match="died"):
        client.__exit__(None, None, None)


def test_the_lifespan_is_in_one_task_so_that_it_may_hold_a_task_group() -> None:
    import anyio

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with anyio.create_task_group() as group:
            yield
            group.cancel_scope.cancel()

    with TestClient(FastAPI(lifespan=lifespan)):
        pass


def test_tasks_that_are_made_at_start_up_belong_to_no_request() -> None:
    ran = threading.Event()

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await BackgroundTask(ran.set)()
        yield

    with TestClient(FastAPI(lifespan=lifespan)) as client:
        assert ran.is_set()
        with contextlib.suppress(DrainTimeout):
            assert client.drain().tasks == ()
