"""TestClient: a call returns with the response; what a task sees of its request; who may be made a client."""

import inspect
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any, get_type_hints

import pytest
from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, PlainTextResponse
from starlette.background import BackgroundTask
from starlette.types import Receive, Scope, Send

from bgdemo import AsyncTestClient, Recorder, TestClient
from bgdemo.client.options import Options
from bgdemo.errors import DrainTimeout
from gates import DEADLINE, Gate, in_thread

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient as StockClient
from client.apps import TASK_INIT, app_with, nothing


class TestEarlyReturn:
    def test_a_call_returns_while_its_sync_task_runs(self, gate: Gate) -> None:
        with TestClient(app_with(gate.hold)) as client:
            response = client.post("/")
            gate.wait_until_reached()
            (running,) = client.timeline.tasks
            gate.open()
            (ended,) = client.drain().tasks
        assert (response.status_code, response.json()) == (200, "added")
        assert (running.status, running.ended) == ("running", None)
        assert ended.status == "finished"

    def test_a_call_returns_while_its_async_task_waits(self, gate: Gate) -> None:
        async def task() -> None:
            import asyncio

            await asyncio.to_thread(gate.hold)

        with TestClient(app_with(task)) as client:
            client.post("/")
            gate.wait_until_reached()
            assert client.timeline.tasks[0].status == "running"
            gate.open()

    def test_a_call_returns_while_its_async_task_blocks_the_event_loop(self, gate: Gate) -> None:
        async def task() -> None:
            gate.hold()

        with TestClient(app_with(task)) as client:
            assert client.post("/").json() == "added"
            gate.open()

    def test_the_answer_of_an_exception_handler_returns_before_a_task_that_blocks_the_event_loop(
        self, gate: Gate
    ) -> None:
        async def task() -> None:
            gate.hold()

        app = FastAPI()

        @app.get("/")
        async def index() -> None:
            raise HTTPException(418)

        @app.exception_handler(HTTPException)
        async def answer(request: Request, error: HTTPException) -> JSONResponse:
            return JSONResponse("teapot", error.status_code, background=BackgroundTask(task))

        with TestClient(app) as client:
            call = in_thread(lambda: client.get("/"))
            gate.wait_until_reached()
            try:
                assert call.result(DEADLINE / 5).status_code == 418
            finally:
                gate.open()

    def test_a_response_of_100_megabytes_arrives_whole_before_its_task_ends(self, gate: Gate) -> None:
        app = FastAPI()

        @app.get("/")
        def index(background_tasks: BackgroundTasks) -> PlainTextResponse:
            background_tasks.add_task(gate.hold)
            return PlainTextResponse(b"x" * 100_000_000)

        with TestClient(app) as client:
            assert len(client.get("/").content) == 100_000_000
            gate.open()

    def test_code_after_yield_of_a_dependency_is_background_work_too(self, gate: Gate) -> None:
        def session() -> Iterator[None]:
            yield
            gate.hold()

        app = FastAPI()

        @app.get("/", dependencies=[Depends(session)])
        def index() -> str:
            return "hello"

        with TestClient(app) as client:
            assert client.get("/").json() == "hello"
            gate.wait_until_reached()
            with pytest.raises(DrainTimeout, match=r"work that is not a task \(a middleware, or a dependency's code"):
                client.drain(timeout=0)
            gate.open()
            assert client.drain().requests[0].ended is not None

    def test_a_next_request_is_answered_while_the_task_runs(self, gate: Gate) -> None:
        with TestClient(app_with(gate.hold)) as client:
            client.post("/")
            assert client.get("/ping").json() == "pong"
            assert client.post("/").json() == "added"
            gate.open()
            assert [task.status for task in client.drain().tasks] == ["finished"] * 2


class TestConstructor:
    @pytest.mark.parametrize("client", [TestClient, AsyncTestClient])
    def test_it_is_the_stock_one_and_options_by_keyword_besides(self, client: type) -> None:
        def described(of: type) -> list[tuple[str, Any, Any]]:
            return [(p.name, p.kind, p.default) for p in inspect.signature(of).parameters.values()]

        stock, ours = described(StockClient), described(client)
        assert ours[: len(stock)] == stock
        assert ours[len(stock) :] == [
            ("clock", inspect.Parameter.KEYWORD_ONLY, "real"),
            ("mode", inspect.Parameter.KEYWORD_ONLY, "live"),
            ("wait_for_tasks", inspect.Parameter.KEYWORD_ONLY, False),
            ("timeout", inspect.Parameter.KEYWORD_ONLY, 60.0),
            ("close_timeout", inspect.Parameter.KEYWORD_ONLY, 30.0),
            ("keep", inspect.Parameter.KEYWORD_ONLY, None),
        ]

    def test_the_options_that_can_be_passed_on_are_those_of_the_constructor(self) -> None:
        parameters = dict(inspect.signature(TestClient).parameters)
        del parameters["app"]
        assert list(Options.__annotations__) == list(parameters)
        hints = get_type_hints(TestClient.__init__)
        assert get_type_hints(Options) == {name: hints[name] for name in parameters}

    @pytest.mark.parametrize("client", [TestClient, AsyncTestClient])
    def test_pytest_does_not_collect_it(self, client: type) -> None:
        assert client.__test__ is False  # type: ignore[attr-defined]

    def test_it_starts_no_thread_and_patches_nothing(self) -> None:
        before = threading.active_count()
        client = TestClient(app_with())
        assert threading.active_count() == before
        assert BackgroundTask.__init__ is TASK_INIT
        client.close()

    def test_an_asgi_2_app_is_an_app(self) -> None:
        def asgi_2(scope: Scope) -> Callable[[Receive, Send], Any]:
            async def instance(receive: Receive, send: Send) -> None:
                await PlainTextResponse(scope["path"])(scope, receive, send)

            return instance

        client = TestClient(asgi_2)  # type: ignore[arg-type]
        assert client.get("/old").text == "/old"
        client.close()

    def test_a_recorder_is_used_as_it_is(self) -> None:
        class StoppedClock:
            simulated = True

            def start(self) -> None: ...

            def time(self) -> float:
                return 42.0

        recorder = Recorder(app_with(nothing), clock=StoppedClock())
        with TestClient(recorder) as client:
            client.post("/")
            client.drain()
        assert {event.time for event in recorder.timeline.events} == {42.0}

    def test_a_recorder_keeps_its_notes_when_a_second_client_uses_it(self) -> None:
        recorder = Recorder(app_with(nothing))
        for _ in range(2):
            with TestClient(recorder) as client:
                client.post("/")
        assert [request.id for request in recorder.timeline.requests] == [1, 2]

    def test_backend_options_are_those_of_anyios_asyncio_backend(self) -> None:
        import asyncio

        class Loop(asyncio.SelectorEventLoop):
            pass

        app = FastAPI()

        @app.get("/")
        async def index() -> tuple[str, bool]:
            loop = asyncio.get_running_loop()
            return type(loop).__name__, loop.get_debug()

        options = {"debug": True, "loop_factory": Loop}
        with TestClient(app, backend_options=options) as client:
            assert client.get("/").json() == ["Loop", True]

    def test_a_loop_that_cannot_be_made_raises_its_own_error(self) -> None:
        def no_loop() -> Any:
            raise OSError("no loop today")

        client = TestClient(app_with(), backend_options={"loop_factory": no_loop})
        with pytest.raises(OSError, match="no loop today"):
            client.get("/ping")


class TestAfterTheResponse:
    """What a task sees of its request is what it sees on a server."""

    def test_the_request_is_disconnected_and_has_no_body_left(self) -> None:
        seen: list[Any] = []

        async def look(request: Request) -> None:
            seen.append(await request.is_disconnected())
            seen.append((await request.receive())["type"])

        app = FastAPI()

        @app.post("/")
        async def index(request: Request, background_tasks: BackgroundTasks) -> bool:
            background_tasks.add_task(look, request)
            return await request.is_disconnected()

        with TestClient(app) as client:
            assert client.post("/", content=b"body").json() is False
            client.drain()
        assert seen == [True, "http.disconnect"]

    def test_a_body_that_the_route_read_is_still_there(self) -> None:
        seen: list[bytes] = []

        async def look(request: Request) -> None:
            seen.append(await request.body())

        app = FastAPI()

        @app.post("/")
        async def index(request: Request, background_tasks: BackgroundTasks) -> None:
            await request.body()
            background_tasks.add_task(look, request)

        with TestClient(app) as client:
            client.post("/", content=b"body")
            client.drain()
        assert seen == [b"body"]

    def test_a_body_that_the_route_did_not_read_is_gone(self) -> None:
        app = FastAPI()

        @app.post("/")
        async def index(request: Request, background_tasks: BackgroundTasks) -> None:
            background_tasks.add_task(request.body)

        from starlette.requests import ClientDisconnect

        with TestClient(app) as client:
            client.post("/", content=b"body")
            with pytest.raises(ClientDisconnect):
                client.drain()
