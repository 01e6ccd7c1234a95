"""TestClient: who waits for whom, which errors are seen when, and what is the stock client's, exactly."""

import asyncio
import contextlib
import gc
import inspect
import threading
import types
import warnings
import weakref
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future
from contextvars import ContextVar
from typing import Any, get_type_hints

import httpx
import pytest
from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, PlainTextResponse, RedirectResponse, StreamingResponse
from starlette.background import BackgroundTask
from starlette.types import ASGIApp, Receive, Scope, Send

from bgdemo import AsyncTestClient, Recorder, TestClient
from bgdemo.client.options import Options
from bgdemo.errors import AppError, BgdemoError, ClientError, DrainTimeout, ResponseTimeout
from gates import DEADLINE, Gate, Threads, forget_clients, in_thread, run_script, until

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient as StockClient

TASK_INIT, TASK_CALL = BackgroundTask.__init__, BackgroundTask.__call__


@pytest.fixture(autouse=True)
def _no_client_is_left() -> None:
    forget_clients()


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.open()


@pytest.fixture
def threads() -> Threads:
    return Threads()


def nothing() -> None:
    pass


def fail(message: str) -> None:
    raise ValueError(message)


def app_with(*tasks: Callable[[], Any] | tuple[Any, ...]) -> FastAPI:
    """An app whose `POST /` adds these tasks, each a function or (function, argument...)."""
    app = FastAPI()

    @app.post("/")
    def add(background_tasks: BackgroundTasks) -> str:
        for task in tasks:
            background_tasks.add_task(*(task if isinstance(task, tuple) else (task,)))
        return "added"

    @app.get("/ping")
    async def ping() -> str:
        return "pong"

    return app


def asgi(messages: list[dict[str, Any]]) -> ASGIApp:
    """An app that sends these messages, whatever it is asked."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for message in messages:
            await send(message)

    return app


START = {"type": "http.response.start", "status": 200, "headers": []}
BODY = {"type": "http.response.body", "body": b"one"}
PART = BODY | {"more_body": True}


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


class TestWaitForTasks:
    def test_a_call_returns_when_its_tasks_have_ended(self, gate: Gate) -> None:
        with TestClient(app_with(gate.hold, nothing), wait_for_tasks=True) as client:
            call = in_thread(lambda: client.post("/"))
            gate.wait_until_reached()
            assert not call.done()
            gate.open()
            assert call.result(DEADLINE).json() == "added"
            assert [task.status for task in client.timeline.tasks] == ["finished"] * 2
            assert client.timeline.requests[0].ended is not None

    def test_a_call_raises_the_error_of_its_task_and_drain_does_not_raise_it_again(self) -> None:
        with TestClient(app_with((fail, "no mail server")), wait_for_tasks=True) as client:
            with pytest.raises(ValueError, match=r"^no mail server$"):
                client.post("/")
            assert client.drain().tasks[0].status == "failed"

    def test_a_stream_gives_its_chunks_first_and_waits_at_its_end(self, gate: Gate) -> None:
        app = FastAPI()

        @app.get("/")
        def index() -> StreamingResponse:
            return StreamingResponse(iter(["one"]), background=BackgroundTask(gate.hold))

        with TestClient(app, wait_for_tasks=True) as client, client.stream("GET", "/") as response:
            chunks = response.iter_text()
            assert next(chunks) == "one"
            rest = in_thread(lambda: list(chunks))
            gate.wait_until_reached()
            assert not rest.done()
            gate.open()
            assert rest.result(DEADLINE) == []
            assert client.timeline.tasks[0].status == "finished"

    def test_a_call_that_gives_up_waiting_leaves_the_task_to_drain(self, gate: Gate) -> None:
        with TestClient(app_with(gate.hold, (fail, "later")), wait_for_tasks=True, timeout=0.05) as client:
            with pytest.raises(ResponseTimeout):
                client.post("/")
            with pytest.raises(DrainTimeout, match="hold"):
                client.drain(timeout=0)
            gate.open()
            with pytest.raises(ValueError, match=r"^later$"):
                client.drain()


class TestDrain:
    def test_it_waits_for_all_tasks_of_all_requests_and_returns_the_timeline(self, gate: Gate) -> None:
        with TestClient(app_with(gate.hold, nothing)) as client:
            client.post("/")
            client.post("/")
            drain = in_thread(client.drain)
            gate.wait_until_reached()
            assert not drain.done()
            gate.open()
            timeline = drain.result(DEADLINE)
            assert timeline.events == client.timeline.events
        assert [task.status for task in timeline.tasks] == ["finished"] * 4
        assert all(request.ended is not None for request in timeline.requests)

    def test_a_client_that_sent_nothing_has_an_empty_timeline(self, threads: Threads) -> None:
        client = TestClient(app_with())
        timeline = client.drain()
        assert (timeline.requests, timeline.tasks, timeline.events, timeline.now) == ((), (), (), 0.0)
        assert threads.loops() == []

    def test_one_task_error_is_raised_itself_and_once(self) -> None:
        error = ValueError("no mail server")

        def raise_it() -> None:
            raise error

        with TestClient(app_with(raise_it)) as client:
            assert client.post("/").status_code == 200
            with pytest.raises(ValueError, match="no mail server") as raised:
                client.drain()
            assert raised.value is error
            assert client.drain().tasks[0].error == "ValueError: no mail server"

    def test_several_task_errors_are_raised_as_one_group_and_once(self) -> None:
        with TestClient(app_with((fail, "one"))) as client:
            client.post("/")
            client.post("/")
            client.post("/")
            with pytest.raises(ExceptionGroup) as raised:
                client.drain()
            assert [str(error) for error in raised.value.exceptions] == ["one"] * 3
            client.drain()

    def test_an_http_exception_in_a_task_is_one_error(self) -> None:
        def refuse() -> None:
            raise HTTPException(400)

        with TestClient(app_with(refuse)) as client:
            assert client.post("/").status_code == 200
            with pytest.raises(RuntimeError, match="Caught handled exception, but response already started"):
                client.drain()
            client.drain()

    def test_a_task_error_that_the_app_swallows_is_raised_too(self) -> None:
        async def swallow(scope: Scope, receive: Receive, send: Send) -> None:
            with contextlib.suppress(ValueError):
                await app(scope, receive, send)

        app = app_with((fail, "swallowed"))
        with TestClient(swallow) as client:
            client.post("/")
            with pytest.raises(ValueError, match="swallowed"):
                client.drain()

    def test_an_error_after_the_response_that_no_task_raised_is_raised_too(self) -> None:
        def session() -> Iterator[None]:
            yield
            raise ValueError("commit failed")

        app = FastAPI()

        @app.get("/", dependencies=[Depends(session)])
        def index() -> str:
            return "hello"

        with TestClient(app) as client:
            assert client.get("/").status_code == 200
            with pytest.raises(ValueError, match="commit failed"):
                client.drain()
            assert client.timeline.requests[0].error == "ValueError: commit failed"

    def test_its_timeout_names_the_running_tasks_and_loses_nothing(self, gate: Gate) -> None:
        def write_notification() -> None:
            gate.hold()
            raise ValueError("after the timeout")

        with TestClient(app_with(write_notification, nothing)) as client:
            client.post("/")
            gate.wait_until_reached()
            for _ in range(2):
                with pytest.raises(DrainTimeout) as raised:
                    client.drain(timeout=0)
                assert "write_notification of POST / (running)" in str(raised.value)
                assert "nothing of POST / (added)" in str(raised.value)
                assert "After 0 s" in str(raised.value)
            assert isinstance(raised.value, TimeoutError)
            assert isinstance(raised.value, BgdemoError)
            gate.open()
            with pytest.raises(ValueError, match="after the timeout"):
                client.drain(timeout=DEADLINE)
            assert [task.status for task in client.drain().tasks] == ["failed", "skipped"]

    def test_its_timeout_is_up_in_time_although_a_task_blocks_the_event_loop(self, gate: Gate) -> None:
        async def block() -> None:
            gate.hold()

        with TestClient(app_with(block)) as client:
            client.post("/")
            with pytest.raises(DrainTimeout, match=r"block of POST /"):
                in_thread(lambda: client.drain(timeout=0.01)).result(DEADLINE)
            gate.open()

    def test_an_error_is_not_raised_again_when_a_request_from_before_it_ends(self, gate: Gate) -> None:
        app = app_with((fail, "seen"))

        @app.get("/slow")
        def slow() -> str:
            gate.hold()
            return "slow"

        with TestClient(app) as client:
            slow_call = in_thread(lambda: client.get("/slow"))
            gate.wait_until_reached()
            client.post("/")
            with pytest.raises(ValueError, match="seen"):
                client.drain()
            gate.open()
            slow_call.result(DEADLINE)
            client.drain()

    def test_an_error_is_not_lost_when_a_request_from_before_a_drain_ends(self, gate: Gate) -> None:
        app = app_with((fail, "unseen"))

        @app.get("/slow")
        def slow() -> str:
            gate.hold()
            return "slow"

        with TestClient(app) as client:
            slow_call = in_thread(lambda: client.get("/slow"))
            gate.wait_until_reached()
            client.drain()
            client.post("/")
            until(lambda: client.timeline.requests[1].ended is not None, "the second request")
            gate.open()
            slow_call.result(DEADLINE)
            with pytest.raises(ValueError, match="unseen"):
                client.drain()

    def test_a_drain_that_begins_while_a_reader_leaves_a_request_that_has_just_ended_is_woken(self) -> None:
        class JustEnded:
            abandoned = False

            @property
            def ended(self) -> bool:
                drains.append(in_thread(lambda: client.drain(timeout=1)))
                until(lambda: bool(session._when_drained) or drains[0].done(), "the drain to begin")
                return True

        drains: list[Future[Any]] = []
        with TestClient(app_with()) as client:
            session: Any = client._session
            session.abandon(JustEnded())
            drains[0].result(DEADLINE)

    def test_several_threads_that_drain_share_the_errors(self, gate: Gate) -> None:
        def task() -> None:
            gate.hold()
            raise ValueError("shared")

        with TestClient(app_with(task)) as client:
            client.post("/")
            drains = [in_thread(client.drain) for _ in range(8)]
            gate.open()
            errors = [error for drain in drains if (error := drain.exception(DEADLINE))]
            assert [str(error) for error in errors] == ["shared"]

    def test_nobody_is_told_of_errors_with_raise_server_exceptions_false(self) -> None:
        app = app_with((fail, "quiet"))

        @app.get("/fails")
        def fails() -> None:
            fail("in the route")

        with TestClient(app, raise_server_exceptions=False) as client:
            assert client.get("/fails").status_code == 500
            assert client.post("/").status_code == 200
            assert client.drain().tasks[0].error == "ValueError: quiet"

    def test_what_the_app_raises_instead_of_answering_is_raised_in_the_call_and_nowhere_else(self) -> None:
        app = app_with()

        @app.get("/fails")
        def fails() -> None:
            fail("in the route")

        with TestClient(app) as client:
            with pytest.raises(ValueError, match="in the route"):
                client.get("/fails")
            client.drain()

    def test_tasks_of_a_stream_that_was_left_are_waited_for_and_their_errors_raised(self, gate: Gate) -> None:
        async def chunks() -> AsyncIterator[bytes]:
            yield b"first"
            import asyncio

            await asyncio.Event().wait()

        def task() -> None:
            gate.hold()
            raise ValueError("after the client left")

        app = FastAPI()

        @app.get("/")
        def index() -> StreamingResponse:
            return StreamingResponse(chunks(), background=BackgroundTask(task))

        with TestClient(app) as client:
            with client.stream("GET", "/") as response:
                next(response.iter_bytes())
            gate.wait_until_reached()
            with pytest.raises(DrainTimeout):
                client.drain(timeout=0)
            gate.open()
            with pytest.raises(ValueError, match="after the client left"):
                client.drain()


class TestUnseenErrors:
    def test_the_end_of_with_raises_them(self) -> None:
        client = TestClient(app_with((fail, "unseen")))
        with pytest.raises(ValueError, match="unseen"), client:
            client.post("/")
        client.drain()
        client.close()

    def test_close_raises_them_and_closes_all_the_same(self, threads: Threads) -> None:
        client = TestClient(app_with((fail, "unseen")))
        client.post("/")
        with pytest.raises(ValueError, match="unseen"):
            client.close()
        assert client.is_closed
        assert threads.loops() == []
        client.close()

    def test_the_error_of_the_body_of_with_gets_them_as_notes(self) -> None:
        client = TestClient(app_with((fail, "first")))

        def use() -> None:
            with client:
                client.post("/")
                client.post("/")
                raise KeyError("body")

        with pytest.raises(KeyError) as raised:
            use()
        assert raised.value.__notes__ == ["Besides, background work raised ValueError: first"] * 2
        client.close()

    def test_the_end_of_with_waits_for_the_tasks(self, gate: Gate) -> None:
        client = TestClient(app_with(gate.hold))

        def use() -> None:
            with client:
                client.post("/")

        use_it = in_thread(use)
        gate.wait_until_reached()
        assert not use_it.done()
        gate.open()
        use_it.result(DEADLINE)
        assert client.timeline.tasks[0].status == "finished"


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


async def dump(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the scope and the body, as Python."""
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    seen = {key: value for key, value in scope.items() if key not in ("app", "router", "endpoint")}
    await PlainTextResponse(repr((seen, body)))(scope, receive, send)


KNOWN_DIFFERENCES = {
    "asgi",  # a server says which version of ASGI it speaks; the stock client does not
}

STOCK_CALLS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("nothing special", {}, {"url": "/"}),
    ("query", {}, {"url": "/a/b?x=1&x=2", "params": None}),
    ("params", {}, {"url": "/a", "params": {"q": ["ä ö", "&"], "none": None}}),
    ("escaped path", {}, {"url": "/%E6%8F%90/a%20b;c=d"}),
    ("unescaped path", {}, {"url": "/提醒 a"}),
    ("headers", {"headers": {"x-own": "1", "x-both": "client"}}, {"url": "/", "headers": {"x-both": "call"}}),
    ("user agent", {"headers": {"user-agent": "curl"}}, {"url": "/"}),
    ("cookies", {"cookies": {"a": "1"}}, {"url": "/"}),
    ("base url", {"base_url": "https://example.com:8443/api"}, {"url": "/users"}),
    ("port 0", {"base_url": "http://[::1]:0"}, {"url": "/users"}),
    ("base url with a slash", {"base_url": "http://example.com/api/"}, {"url": "users"}),
    ("absolute url", {}, {"url": "https://elsewhere.example/x"}),
    ("root path", {"root_path": "/mounted"}, {"url": "/x"}),
    ("client address", {"client": ("192.0.2.1", 7)}, {"url": "/"}),
    ("basic auth", {}, {"url": "/", "auth": ("user", "pass")}),
    ("user info in the url", {}, {"url": "http://user:pass@testserver/"}),
    ("json", {}, {"url": "/", "method": "POST", "json": {"a": [1, None, "ü"]}}),
    ("form", {}, {"url": "/", "method": "POST", "data": {"a": "1", "b": ["2", "3"]}}),
    ("content", {}, {"url": "/", "method": "PUT", "content": b"\x00\xff"}),
    ("content in pieces", {}, {"url": "/", "method": "PUT", "content": [b"a", b"b"]}),
    ("empty post", {}, {"url": "/", "method": "POST"}),
    ("other method", {}, {"url": "/", "method": "PROPFIND"}),
    (
        "files",
        {},
        {
            "url": "/",
            "method": "POST",
            "files": {"f": ("a.txt", b"hello", "text/plain")},
            "data": {"x": "1"},
            "headers": {"content-type": "multipart/form-data; boundary=b"},
        },
    ),
]


class TestAsStock:
    @pytest.mark.parametrize(("options", "call"), [c[1:] for c in STOCK_CALLS], ids=[c[0] for c in STOCK_CALLS])
    def test_the_app_sees_the_same_request(self, options: dict[str, Any], call: dict[str, Any]) -> None:
        seen = []
        for client_class in (StockClient, TestClient):
            client: Any = client_class(dump, **options)
            scope, body = eval(client.request(**{"method": "GET"} | call).text)
            for key in KNOWN_DIFFERENCES:
                scope.pop(key, None)
            scope["headers"] = sorted(scope["headers"])
            seen.append((scope, body))
            client.close()
        assert seen[1] == seen[0]

    def test_the_known_differences_are_these(self) -> None:
        client = TestClient(dump)
        scope, _ = eval(client.get("/").text)
        client.close()
        assert scope["asgi"] == {"version": "3.0", "spec_version": "2.3"}

    def test_an_escape_that_was_escaped_is_unescaped_once_as_on_a_server(self) -> None:
        client = TestClient(dump)
        scope, _ = eval(client.get("/100%2525").text)
        client.close()
        assert (scope["path"], scope["raw_path"]) == ("/100%25", b"/100%2525")

    def test_cookies_persist_and_can_be_deleted_by_the_app(self) -> None:
        app = FastAPI()

        @app.get("/set")
        def set_cookie() -> JSONResponse:
            response = JSONResponse(None)
            response.set_cookie("session", "abc")
            return response

        @app.get("/delete")
        def delete() -> JSONResponse:
            response = JSONResponse(None)
            response.delete_cookie("session")
            return response

        @app.get("/")
        def index(request: Request) -> dict[str, str]:
            return request.cookies

        client = TestClient(app, cookies={"own": "1"})
        assert client.get("/").json() == {"own": "1"}
        client.get("/set")
        assert client.get("/").json() == {"own": "1", "session": "abc"}
        assert client.cookies["session"] == "abc"
        client.get("/delete")
        assert client.get("/").json() == {"own": "1"}
        client.close()

    def test_redirects_are_followed_unless_told_otherwise(self) -> None:
        app = FastAPI()

        @app.post("/old", response_class=RedirectResponse, status_code=307)
        def old(background_tasks: BackgroundTasks) -> str:
            background_tasks.add_task(nothing)
            return "/new"

        @app.post("/new")
        def new(body: dict[str, int]) -> dict[str, int]:
            return body

        client = TestClient(app)
        response = client.post("/old", json={"a": 1})
        assert (response.json(), response.history[0].status_code, response.url) == (
            {"a": 1},
            307,
            "http://testserver/new",
        )
        assert client.post("/old", json={}, follow_redirects=False).status_code == 307
        assert [task.status for task in client.drain().tasks] == ["finished"] * 2
        client.close()
        client = TestClient(app, follow_redirects=False)
        assert client.post("/old", json={}).status_code == 307
        client.close()

    def test_a_head_request_has_no_body(self) -> None:
        client = TestClient(asgi([START, BODY]))
        assert client.head("/").content == b""
        client.close()

    def test_a_template_of_the_debug_extension_is_on_the_response(self) -> None:
        info = {"template": "index.html", "context": {"a": 1}}
        client = TestClient(asgi([{"type": "http.response.debug", "info": info}, START, BODY]))
        response: Any = client.get("/")
        assert (response.template, response.context) == ("index.html", {"a": 1})
        assert response.extensions["http.response.debug"] == info
        client.close()

    def test_responses_are_those_of_httpx(self) -> None:
        client = TestClient(app_with())
        response = client.get("/ping")
        assert type(response) is httpx.Response
        assert response.elapsed.total_seconds() > 0
        assert response.request.url == "http://testserver/ping"
        client.close()

    def test_a_prepared_request_can_be_sent(self) -> None:
        client = TestClient(app_with())
        assert client.send(client.build_request("GET", "/ping")).json() == "pong"
        client.close()


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


var: ContextVar[str] = ContextVar("var", default="unset")


class TestConcurrency:
    def test_requests_from_several_threads_are_handled_at_the_same_time(self) -> None:
        together = threading.Barrier(8, timeout=DEADLINE)
        app = FastAPI()

        @app.get("/{number}")
        def index(number: int) -> int:
            together.wait()
            return number

        with TestClient(app) as client:
            calls = [in_thread(lambda n=n: client.get(f"/{n}").json()) for n in range(8)]  # type: ignore[misc]
            assert [call.result(DEADLINE) for call in calls] == list(range(8))

    def test_a_first_request_from_several_threads_starts_one_loop(self, threads: Threads) -> None:
        together = threading.Barrier(8, timeout=DEADLINE)
        client = TestClient(app_with())

        def call() -> Any:
            together.wait()
            return client.get("/ping").json()

        calls = [in_thread(call) for _ in range(8)]
        assert [call.result(DEADLINE) for call in calls] == ["pong"] * 8
        assert len(threads.loops()) == 1
        client.close()

    def test_several_clients_of_one_app_know_nothing_of_each_other(self, gate: Gate) -> None:
        app = app_with(gate.hold)
        with TestClient(app) as one, TestClient(app) as other:
            one.post("/")
            gate.wait_until_reached()
            other.get("/ping")
            assert other.drain().tasks == ()
            assert len(one.timeline.tasks) == 1
            assert len(one.timeline.requests) == 1
            gate.open()

    def test_a_sync_route_may_use_a_client_of_another_app(self) -> None:
        inner = TestClient(app_with(nothing))
        app = FastAPI()

        @app.get("/")
        def index(background_tasks: BackgroundTasks) -> Any:
            background_tasks.add_task(nothing)
            inner.post("/")
            return [task.status for task in inner.drain().tasks]

        with TestClient(app) as outer:
            assert outer.get("/").json() == ["finished"]
            assert len(outer.drain().tasks) == 1
        inner.close()

    def test_an_async_route_may_use_a_client_of_another_app(self) -> None:
        inner = TestClient(app_with(nothing))
        app = FastAPI()

        @app.get("/")
        async def index() -> Any:
            return inner.post("/").json()

        with TestClient(app) as outer:
            assert outer.get("/").json() == "added"
            assert outer.drain().tasks == ()
        inner.close()
        assert len(inner.timeline.tasks) == 1

    def test_a_sync_route_may_use_a_client_of_its_own_app(self) -> None:
        app = app_with()

        @app.get("/")
        def index() -> Any:
            return client.get("/ping").json()

        client = TestClient(app)
        assert client.get("/").json() == "pong"
        client.close()

    def test_a_task_may_use_a_client_of_another_app_and_drain_it(self) -> None:
        inner = TestClient(app_with(nothing))

        def task() -> None:
            inner.post("/")
            assert inner.drain().tasks[0].status == "finished"

        with TestClient(app_with(task)) as outer:
            outer.post("/")
            assert [task.status for task in outer.drain().tasks] == ["finished"]
        inner.close()

    def test_a_task_may_make_a_client_and_drop_it(self) -> None:
        def task() -> None:
            with TestClient(app_with(nothing)) as client:
                client.post("/")

        with TestClient(app_with(task)) as outer:
            outer.post("/")
            assert [task.status for task in outer.drain().tasks] == ["finished"]
            assert BackgroundTask.__init__ is not TASK_INIT
        assert BackgroundTask.__init__ is TASK_INIT

    def test_context_variables_cross_neither_way(self) -> None:
        @contextlib.asynccontextmanager
        async def lifespan(app: FastAPI) -> AsyncIterator[None]:
            seen.append(var.get())
            var.set("lifespan")
            yield

        seen: list[str] = []
        app = FastAPI(lifespan=lifespan)

        @app.get("/")
        async def index() -> str:
            before = var.get()
            var.set("route")
            return before

        var.set("caller")
        with TestClient(app) as client:
            assert client.get("/").json() == "unset"
            assert client.get("/").json() == "unset"
        assert seen == ["unset"]
        assert var.get() == "caller"
        var.set("unset")

    def test_an_exception_that_the_caller_is_handling_makes_no_difference(self, gate: Gate) -> None:
        with TestClient(app_with(gate.hold)) as client:
            try:
                raise ValueError
            except ValueError:
                assert client.post("/").status_code == 200
            gate.open()


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


class TestEnd:
    def test_close_waits_for_tasks_and_leaves_no_thread_of_the_client(self, gate: Gate, threads: Threads) -> None:
        client = TestClient(app_with(gate.hold))
        client.post("/")
        gate.wait_until_reached()
        close = in_thread(client.close)
        gate.open()
        close.result(DEADLINE)
        assert threads.loops() == []
        until(lambda: not threads.new(), "the worker threads to end")
        assert client.timeline.tasks[0].status == "finished"
        assert (BackgroundTask.__init__, BackgroundTask.__call__) == (TASK_INIT, TASK_CALL)

    def test_the_threads_of_asyncio_to_thread_end_with_the_client(self, threads: Threads) -> None:
        import asyncio

        app = FastAPI()

        @app.get("/")
        async def index() -> None:
            await asyncio.to_thread(nothing)

        client = TestClient(app)
        client.get("/")
        client.close()
        until(lambda: not threads.new(), "the threads to end")

    def test_a_sync_task_still_in_its_thread_at_close_is_abandoned(self, gate: Gate, threads: Threads) -> None:
        client = TestClient(app_with(gate.hold, nothing), close_timeout=0)
        client.post("/")
        gate.wait_until_reached()
        in_thread(client.close).result(DEADLINE)
        first, second = client.timeline.tasks
        assert (first.status, first.ended, first.ran_in) == ("abandoned", None, "threadpool")
        assert (second.status, second.started) == ("cancelled", None)
        assert threads.loops() == []
        before = client.timeline
        gate.open()
        until(lambda: not threads.new(), "the abandoned thread")
        assert client.timeline.tasks == before.tasks
        assert client.timeline.events == before.events

    def test_an_async_task_is_cancelled_at_close_and_may_clean_up(self) -> None:
        import asyncio

        cleaned_up = threading.Event()
        started = threading.Event()

        async def task() -> None:
            started.set()
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0)
                cleaned_up.set()

        client = TestClient(app_with(task), close_timeout=0)
        client.post("/")
        assert started.wait(DEADLINE)
        in_thread(client.close).result(DEADLINE)
        (cancelled,) = client.timeline.tasks
        assert cancelled.status == "cancelled"
        assert cancelled.ended is not None
        assert cleaned_up.is_set()

    def test_close_returns_although_a_task_blocks_the_event_loop(self, gate: Gate) -> None:
        async def block() -> None:
            gate.hold()

        client = TestClient(app_with(block), close_timeout=0)
        client.post("/")
        gate.wait_until_reached()
        closed = in_thread(client.close)
        try:
            closed.result(DEADLINE / 2)
            assert client.timeline.tasks[0].status == "abandoned"
        finally:
            gate.open()
        assert client.is_closed

    def test_a_task_that_the_route_started_is_not_waited_for_and_is_cancelled_at_close(self) -> None:
        import asyncio

        cancelled = threading.Event()

        async def detached() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                cancelled.set()

        app = FastAPI()

        @app.get("/")
        async def index() -> None:
            tasks.append(asyncio.create_task(detached()))

        tasks: list[asyncio.Task[None]] = []
        client = TestClient(app)
        client.get("/")
        in_thread(client.drain).result(DEADLINE)
        assert not cancelled.is_set()
        client.close()
        assert cancelled.is_set()

    def test_a_request_under_way_at_close_is_told_that_the_client_was_closed(self, gate: Gate) -> None:
        app = FastAPI()

        @app.get("/")
        def index() -> None:
            gate.hold()

        client = TestClient(app, close_timeout=0)
        call = in_thread(lambda: client.get("/"))
        gate.wait_until_reached()
        client.close()
        with pytest.raises(ClientError, match="closed"):
            call.result(DEADLINE)

    def test_a_request_that_comes_while_the_client_closes_leaves_no_thread(self, gate: Gate, threads: Threads) -> None:
        import asyncio

        closing = threading.Event()

        async def stubborn() -> None:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                closing.set()
                await asyncio.to_thread(gate.hold)

        app = app_with()

        @app.get("/")
        async def index() -> None:
            tasks.append(asyncio.create_task(stubborn()))
            await asyncio.sleep(0)

        tasks: list[asyncio.Task[None]] = []
        client = TestClient(app)
        client.get("/")
        close = in_thread(client.close)
        assert closing.wait(DEADLINE)
        late = in_thread(lambda: client.get("/ping"))
        late.exception(DEADLINE)
        gate.open()
        close.result(DEADLINE)
        until(lambda: not threads.loops(), "the loop's thread to end")
        assert isinstance(late.exception(), ClientError)

    @pytest.mark.parametrize("was_open", [False, True])
    def test_a_request_that_was_on_its_way_when_the_client_was_closed_opens_nothing(
        self, gate: Gate, threads: Threads, was_open: bool
    ) -> None:
        client = TestClient(app_with())
        if was_open:
            client.get("/ping")
        client.event_hooks = {"request": [lambda request: gate.hold()]}
        late = in_thread(lambda: client.get("/ping"))
        gate.wait_until_reached()
        client.close()
        gate.open()
        assert isinstance(late.exception(DEADLINE), ClientError)
        assert threads.loops() == []

    def test_a_chunk_that_came_before_close_can_be_read_after_it(self) -> None:
        chunk = b"x" * 100_000

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await send(START)
            while True:
                await send(PART | {"body": chunk})

        client = TestClient(app)
        with client.stream("GET", "/") as response:
            chunks = response.iter_raw()
            client.close()
            with pytest.raises(BgdemoError):
                list(chunks)

    def test_a_response_that_outlives_its_client_can_be_closed(self) -> None:
        client = TestClient(asgi([START, PART, BODY]))
        response = client.send(client.build_request("GET", "/"), stream=True)
        client.close()
        response.close()

    def test_a_client_that_nobody_holds_ends_its_thread_and_leaves_starlette_as_it_was(self, threads: Threads) -> None:
        client = TestClient(app_with(nothing))
        client.post("/")
        assert BackgroundTask.__init__ is not TASK_INIT
        (thread,) = threads.loops()
        gone = weakref.ref(client)
        del client
        gc.collect()
        assert gone() is None
        thread.join(DEADLINE)
        assert not thread.is_alive()
        assert (BackgroundTask.__init__, BackgroundTask.__call__) == (TASK_INIT, TASK_CALL)

    def test_a_client_that_nobody_holds_is_collected_while_its_task_runs(self, gate: Gate, threads: Threads) -> None:
        client = TestClient(app_with(gate.hold))
        client.post("/")
        gate.wait_until_reached()
        (thread,) = threads.loops()
        del client
        gc.collect()
        thread.join(DEADLINE)
        assert not thread.is_alive()
        assert BackgroundTask.__init__ is TASK_INIT

    def test_a_client_that_nobody_holds_lets_its_app_end_what_it_is_about(self, gate: Gate, threads: Threads) -> None:
        closed = threading.Event()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await send(START)
            await send(BODY)
            await asyncio.to_thread(gate.hold)
            closed.set()

        client = TestClient(app)
        client.get("/")
        gate.wait_until_reached()
        del client
        gc.collect()
        gate.open()
        assert closed.wait(DEADLINE)
        until(lambda: threads.loops() == [], "the loop to end")

    def test_a_client_that_nobody_holds_cancels_what_does_not_end(self, threads: Threads) -> None:
        cancelled = threading.Event()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                await send(START)
                await send(BODY)
                await asyncio.Event().wait()
            finally:
                cancelled.set()

        client = TestClient(app)
        client.get("/")
        del client
        gc.collect()
        assert cancelled.wait(DEADLINE)
        until(lambda: threads.loops() == [], "the loop to end")

    @pytest.mark.parametrize("module", ["hooks", "stdout"])
    def test_a_client_that_is_collected_at_any_moment_does_not_lock_up(self, module: str) -> None:
        """The collector may run a client's finalizer between any two lines that patch something or put it back."""
        script = run_script(
            f"""
            import gc, sys
            from starlette.background import BackgroundTask
            from bgdemo import Recorder
            from bgdemo.record import {module}

            original, write = BackgroundTask.__init__, sys.stdout.write

            def opened():
                recorder = Recorder(lambda scope: None)
                recorder.begin({{"type": "http", "method": "GET", "path": "/"}})
                recorder.output.listen()
                recorder.ring = recorder
                return recorder

            def trace(frame, event, arg):
                if frame.f_code.co_filename == {module}.__file__:
                    if held:
                        held.pop()
                        gc.collect()
                    return trace

            gc.disable()
            gc.freeze()
            for number in range(12):  # the last one that is held goes at another line each time
                held = []
                one = opened()
                held = [opened() for _ in range(number)]
                other = Recorder(lambda scope: None)
                sys.settrace(trace)
                other.begin({{"type": "http", "method": "GET", "path": "/"}})
                other.output.listen()
                sys.settrace(None)
                assert BackgroundTask.__init__ is not original
                assert sys.stdout.write != write
                sys.settrace(trace)
                other.close()
                sys.settrace(None)
                held.clear()
                del one
                gc.collect()
                assert BackgroundTask.__init__ is original
                assert sys.stdout.write == write
            print("done")
            """
        )
        assert (script.code, script.out, script.err) == (0, "done\n", "")


class TestHammer:
    def test_200_requests_from_8_threads_with_tasks_and_drains(self) -> None:
        ran: list[int] = []
        app = FastAPI()

        @app.post("/{number}")
        def index(number: int, background_tasks: BackgroundTasks) -> int:
            background_tasks.add_task(ran.append, number)
            background_tasks.add_task(odd, number)
            return number

        async def odd(number: int) -> None:
            if number % 2:
                raise ValueError(number)

        errors: list[BaseException] = []

        def drain() -> None:
            try:
                client.drain()
            except ExceptionGroup as group:
                errors.extend(group.exceptions)
            except ValueError as error:
                errors.append(error)

        def use(thread: int) -> None:
            for number in range(thread * 25, thread * 25 + 25):
                assert client.post(f"/{number}").json() == number
                if number % 5 == 0:
                    drain()

        with TestClient(app) as client:
            calls = [in_thread(lambda t=t: use(t)) for t in range(8)]  # type: ignore[misc]
            for call in calls:
                call.result(3 * DEADLINE)
            drain()
            timeline = client.timeline
        assert sorted(ran) == list(range(200))
        assert sorted(error.args[0] for error in errors) == list(range(1, 200, 2))
        assert len(timeline.tasks) == 400
        assert {task.status for task in timeline.tasks} == {"finished", "failed"}

    def test_a_client_closed_amid_requests_of_8_threads_raises_its_own_errors_only(self, threads: Threads) -> None:
        for _ in range(5):
            client = TestClient(app_with(nothing))
            started = threading.Barrier(9, timeout=DEADLINE)

            def use(client: TestClient = client, started: threading.Barrier = started) -> None:
                started.wait()
                for _ in range(50):
                    client.post("/")
                    client.drain()

            calls: list[Future[None]] = [in_thread(use) for _ in range(8)]
            started.wait()
            client.close()
            errors = [call.exception(DEADLINE) for call in calls]
            assert {type(error) for error in errors if error} <= {ClientError}, errors
            until(lambda: not threads.loops(), "the loop's thread to end")

    def test_50_clients_can_be_dropped(self, threads: Threads) -> None:
        app = app_with(nothing)
        for number in range(50):
            client = TestClient(app)
            assert client.post("/").json() == "added"
            if number % 2:
                client.close()
        del client
        gc.collect()
        until(lambda: not threads.new(), "the threads to end")
        assert BackgroundTask.__init__ is TASK_INIT


def test_the_real_clock_cannot_be_advanced_and_says_what_to_do() -> None:
    client = TestClient(FastAPI())
    with pytest.raises(RuntimeError, match=r"advance\(5\): nobody can advance the real clock.*clock=\"simulated\""):
        client.clock.advance(5)
