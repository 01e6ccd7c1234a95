"""What cannot work with a TestClient is refused, with words that say what to do instead."""

import types
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from fastapi import BackgroundTasks, Depends, FastAPI
from starlette.types import Receive, Scope, Send

from bgdemo import AsyncTestClient, TestClient
from bgdemo.errors import AppError, BgdemoError, ClientError, ResponseTimeout
from client.apps import BODY, PART, START, app_with, asgi, nothing
from gates import DEADLINE, Gate, Threads, in_thread


class TestBadUse:
    @pytest.mark.parametrize("client", [TestClient, AsyncTestClient])
    @pytest.mark.parametrize(
        ("app", "message"),
        [
            ("main:app", r"needs an ASGI app, such as FastAPI\(\), and got 'main:app'.*from main import app"),
            (types.ModuleType("main"), r"That is a module; its app is probably main\.app"),
            (None, "got None: not callable"),
            (42, "got 42: not callable"),
            (FastAPI, r"got the class FastAPI: call it first, FastAPI\(\)"),
        ],
    )
    def test_what_is_no_app_is_refused(self, client: Any, app: Any, message: str) -> None:
        with pytest.raises(ClientError, match=message):
            client(app)

    @pytest.mark.parametrize("client", [TestClient, AsyncTestClient])
    def test_trio_is_refused_by_name(self, client: Any) -> None:
        with pytest.raises(ClientError, match=r"backend='trio' is not supported.*asyncio"):
            client(app_with(), backend="trio")

    def test_what_is_no_clock_is_refused(self) -> None:
        with pytest.raises(TypeError, match="clock='sundial'"):
            TestClient(app_with(), clock="sundial")  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        "use",
        [
            lambda client: client.get("/ping"),
            lambda client: client.stream("GET", "/ping").__enter__(),
            lambda client: client.websocket_connect("/"),
            lambda client: client.__enter__(),
        ],
        ids=["get", "stream", "websocket", "with"],
    )
    def test_a_closed_client_says_so_and_starts_nothing(
        self, use: Callable[[TestClient], Any], threads: Threads
    ) -> None:
        client = TestClient(app_with(nothing))
        client.post("/")
        client.close()
        with pytest.raises(ClientError, match=r"was closed: make a new one, TestClient\(app\)"):
            use(client)
        assert threads.loops() == []
        assert client.timeline.tasks[0].status == "finished"
        client.close()

    @pytest.mark.parametrize("what", ["drain", "close"])
    @pytest.mark.parametrize("where", ["sync route", "async route", "sync task", "async task", "dependency"])
    def test_drain_and_close_are_refused_within_the_app(self, where: str, what: str) -> None:
        def call() -> None:
            with pytest.raises(ClientError, match=rf"{what}\(\) was called from within the app, by POST /"):
                getattr(client, what)()
            called.append(where)

        async def call_async() -> None:
            call()

        called: list[str] = []
        app = FastAPI()

        def depend() -> None:
            if where == "dependency":
                call()

        @app.post("/sync", dependencies=[Depends(depend)])
        def sync(background_tasks: BackgroundTasks) -> None:
            if where == "sync route":
                call()
            if "task" in where:
                background_tasks.add_task(call if where == "sync task" else call_async)

        @app.post("/async")
        async def async_route() -> None:
            call()

        client = TestClient(app, close_timeout=1)

        def use() -> None:
            client.post("/async" if where == "async route" else "/sync")
            client.drain()

        in_thread(use).result(DEADLINE)
        client.close()
        assert called == [where]

    def test_a_call_on_the_apps_own_event_loop_is_refused(self) -> None:
        app = FastAPI()

        @app.get("/")
        async def index() -> None:
            client.get("/")

        client = TestClient(app)
        with pytest.raises(ClientError, match="called on its own app's event loop"):
            in_thread(lambda: client.get("/")).result(DEADLINE)
        client.close()

    def test_a_route_that_never_answers_times_out(self, gate: Gate) -> None:
        app = app_with()

        @app.get("/never")
        def never() -> None:
            gate.hold()

        with TestClient(app, timeout=0.05) as client:
            with pytest.raises(ResponseTimeout, match=r"GET /never has not answered within 0\.05 s.*timeout=None") as e:
                client.get("/never")
            assert isinstance(e.value, httpx.ReadTimeout)
            assert isinstance(e.value, BgdemoError)
            assert client.get("/ping").json() == "pong"
            gate.open()

    def test_a_route_that_blocks_the_event_loop_times_out_too(self, gate: Gate) -> None:
        app = app_with()

        @app.get("/blocks")
        async def blocks() -> None:
            gate.hold()

        with TestClient(app, timeout=0.05) as client:
            with pytest.raises(ResponseTimeout):
                client.get("/blocks")
            gate.open()
            assert client.get("/ping", timeout=DEADLINE).json() == "pong"

    def test_the_timeout_of_a_call_goes_before_the_clients(self, gate: Gate) -> None:
        app = app_with()

        @app.get("/never")
        def never() -> None:
            gate.hold()

        with TestClient(app) as client:
            with pytest.raises(ResponseTimeout, match=r"0\.05 s"):
                client.get("/never", timeout=0.05)
            gate.open()

    @pytest.mark.parametrize(
        ("messages", "error"),
        [
            ([START, BODY, START], r"answered GET / and then sent 'http\.response\.start' as well"),
            ([START, BODY, BODY], r"answered GET / and then sent 'http\.response\.body' as well"),
            ([START, START], r"answered GET / and then sent 'http\.response\.start' as well"),
            ([BODY], r"sent 'http\.response\.body' first: a response begins with 'http\.response\.start'"),
            ([], r"ended without an answer: GET /"),
            ([], r"TestClient did not receive any response"),
            ([START], r"ended before its response was complete: GET /"),
            ([START, PART], r"ended before its response was complete: GET /"),
        ],
        ids=[
            "two responses",
            "two bodies",
            "two starts",
            "body first",
            "nothing",
            "nothing, in other words",
            "start only",
            "half a body",
        ],
    )
    def test_an_app_that_breaks_the_protocol_is_told(self, messages: list[dict[str, Any]], error: str) -> None:
        client = TestClient(asgi(messages))

        def use() -> None:
            client.get("/")
            client.drain()

        with pytest.raises(AppError, match=error):
            in_thread(use).result(DEADLINE)
        client.close()

    def test_a_client_that_wants_no_errors_gets_what_a_server_answers_for_an_app_that_does_not(self) -> None:
        client = TestClient(asgi([]), raise_server_exceptions=False)
        response = client.get("/")
        assert (response.status_code, response.text) == (500, "Internal Server Error")
        assert response.headers["content-type"] == "text/plain; charset=utf-8"
        assert client.head("/").content == b""
        client.close()

    def test_a_response_that_breaks_off_is_seen_to_break_off(self) -> None:
        client = TestClient(asgi([START, PART]), raise_server_exceptions=False)
        with pytest.raises(httpx.RemoteProtocolError, match="ended before its response was complete: GET /"):
            client.get("/")
        with client.stream("GET", "/") as response:
            assert response.status_code == 200
            with pytest.raises(httpx.RemoteProtocolError):
                response.read()
        client.close()

    @pytest.mark.parametrize(("messages", "status"), [([], 500), ([START, PART], 200)])
    def test_starlettes_client_gets_what_there_is(self, messages: list[dict[str, Any]], status: int) -> None:
        client = TestClient(asgi(messages), raise_server_exceptions=False, wait_for_tasks=True)
        assert client.get("/").status_code == status
        client.close()

    def test_an_error_of_this_package_in_the_app_is_the_apps_own(self) -> None:
        app = FastAPI()

        @app.get("/")
        def index() -> None:
            raise ClientError("of a client that the route uses")

        with TestClient(app, raise_server_exceptions=False) as client:
            assert client.get("/").status_code == 500
        with TestClient(app) as client, pytest.raises(ClientError, match="that the route uses"):
            client.get("/")

    def test_what_the_app_raises_half_way_is_raised(self) -> None:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await send(START)
            await send(PART)
            raise ValueError("half-way")

        client = TestClient(app)
        with pytest.raises(ValueError, match="half-way"):
            client.get("/")
        client.drain()
        client.close()


def test_the_real_clock_cannot_be_advanced_and_says_what_to_do() -> None:
    client = TestClient(FastAPI())
    with pytest.raises(RuntimeError, match=r"advance\(5\): nobody can advance the real clock.*clock=\"simulated\""):
        client.clock.advance(5)
