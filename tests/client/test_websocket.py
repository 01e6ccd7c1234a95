"""WebSockets: Starlette's own session on TestClient, an awaited one on AsyncTestClient."""

import asyncio
import contextlib
import gc
import threading
from collections.abc import Coroutine
from typing import Any

import pytest
from fastapi import BackgroundTasks, FastAPI, WebSocket, WebSocketDisconnect
from fastapi.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from bgdemo import AsyncTestClient, TestClient
from bgdemo.errors import ClientError, DrainTimeout
from gates import DEADLINE, in_thread


def run(main: Coroutine[Any, Any, Any]) -> Any:
    async def limited() -> Any:
        return await asyncio.wait_for(main, DEADLINE)

    return asyncio.run(limited())


app = FastAPI()


@app.websocket("/echo")
async def echo(websocket: WebSocket, background_tasks: BackgroundTasks) -> None:
    await websocket.accept(websocket.scope["subprotocols"][0] if websocket.scope["subprotocols"] else None)
    background_tasks.add_task(print, "never runs")
    with contextlib.suppress(WebSocketDisconnect):
        while True:
            message = await websocket.receive()
            if message["type"] == "websocket.disconnect":
                break
            await websocket.send({**message, "type": "websocket.send"})


@app.websocket("/scope")
async def scope(websocket: WebSocket) -> None:
    await websocket.accept()
    keys = ("type", "path", "raw_path", "root_path", "scheme", "query_string", "client", "server", "subprotocols")
    seen = {key: websocket.scope[key] for key in keys}
    seen["headers"] = sorted(websocket.scope["headers"])
    seen["cookies"] = websocket.cookies
    await websocket.send_text(repr(seen))
    await websocket.close()


@app.websocket("/close")
async def close(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.close(4321, "enough")


@app.websocket("/refuse")
async def refuse(websocket: WebSocket) -> None:
    await websocket.close(4000, "not you")


@app.websocket("/deny")
async def deny(websocket: WebSocket) -> None:
    await websocket.send_denial_response(PlainTextResponse("no seats", 403, {"x-why": "full"}))


@app.websocket("/fail")
async def fail(websocket: WebSocket) -> None:
    await websocket.accept()
    raise ValueError("in the app")


@app.websocket("/fail-at-once")
async def fail_at_once(websocket: WebSocket) -> None:
    raise ValueError("at once")


codes: list[int] = []
told = threading.Event()


@app.websocket("/code")
async def code(websocket: WebSocket) -> None:
    await websocket.accept()
    try:
        await websocket.receive_text()
    except WebSocketDisconnect as gone:
        codes.append(gone.code)
        told.set()


async def stubborn(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    await asyncio.Event().wait()


async def quits(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "websocket.accept"})


class TestSync:
    def test_text_bytes_and_json_go_both_ways(self) -> None:
        with TestClient(app) as client, client.websocket_connect("/echo") as websocket:
            websocket.send_text("提醒")
            assert websocket.receive_text() == "提醒"
            websocket.send_bytes(b"\x00\xff")
            assert websocket.receive_bytes() == b"\x00\xff"
            websocket.send_json({"a": [1, None]})
            assert websocket.receive_json() == {"a": [1, None]}
            websocket.send_json([1], mode="binary")
            assert websocket.receive_json(mode="binary") == [1]

    def test_a_subprotocol_is_offered_and_accepted(self) -> None:
        with TestClient(app) as client, client.websocket_connect("/echo", ["chat", "other"]) as websocket:
            assert websocket.accepted_subprotocol == "chat"

    def test_the_app_closes_with_its_code_and_reason(self) -> None:
        with TestClient(app) as client, client.websocket_connect("/close") as websocket:
            with pytest.raises(WebSocketDisconnect) as raised:
                websocket.receive_text()
            assert (raised.value.code, raised.value.reason) == (4321, "enough")

    def test_the_app_gets_the_callers_close_code(self) -> None:
        told.clear()
        with TestClient(app) as client, client.websocket_connect("/code") as websocket:
            websocket.close(4001)
            assert told.wait(DEADLINE)
        assert codes.pop() == 4001

    def test_a_refused_connection_raises_with_its_code(self) -> None:
        with (
            TestClient(app) as client,
            pytest.raises(WebSocketDisconnect) as raised,
            client.websocket_connect("/refuse"),
        ):
            pass
        assert (raised.value.code, raised.value.reason) == (4000, "not you")

    def test_a_denial_response_is_raised_as_the_stock_clients(self) -> None:
        from starlette.testclient import WebSocketDenialResponse

        with (
            TestClient(app) as client,
            pytest.raises(WebSocketDenialResponse) as raised,
            client.websocket_connect("/deny"),
        ):
            pass
        assert (raised.value.status_code, raised.value.text, raised.value.headers["x-why"]) == (403, "no seats", "full")

    @pytest.mark.parametrize(("path", "message"), [("/fail", "in the app"), ("/fail-at-once", "at once")])
    def test_an_exception_in_the_app_is_raised(self, path: str, message: str) -> None:
        def use() -> None:
            with client.websocket_connect(path) as websocket:
                websocket.receive_text()

        client = TestClient(app)
        with pytest.raises(ValueError, match=message):
            in_thread(use).result(DEADLINE)
        client.close()

    def test_an_app_that_goes_on_after_the_session_was_left_is_background_work(self) -> None:
        def use() -> None:
            with client.websocket_connect("/"):
                pass
            with pytest.raises(DrainTimeout, match=r"WEBSOCKET /|work that is not a task"):
                client.drain(timeout=0)
            client.close()

        client = TestClient(stubborn, close_timeout=0)
        in_thread(use).result(DEADLINE)
        assert client.timeline.requests[0].ended is not None

    def test_an_error_of_the_app_after_the_session_was_left_is_raised_by_drain(self) -> None:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await receive()
            await send({"type": "websocket.accept"})
            await receive()
            raise ValueError("after the caller left")

        client = TestClient(app)
        with client.websocket_connect("/"):
            pass
        with pytest.raises(ValueError, match="after the caller left"):
            in_thread(client.drain).result(DEADLINE)
        client.close()

    def test_a_session_that_is_open_at_close_does_not_hold_it_up(self) -> None:
        client = TestClient(stubborn, close_timeout=0)
        session = client.websocket_connect("/")
        session.__enter__()
        in_thread(client.close).result(DEADLINE)
        with pytest.raises((ClientError, asyncio.CancelledError)):
            in_thread(lambda: session.send_text("late")).result(DEADLINE)

    @pytest.mark.parametrize(
        ("options", "call"),
        [
            ({}, {"url": "/scope"}),
            ({}, {"url": "/scope?a=1", "subprotocols": ["a", "b"]}),
            ({}, {"url": "/scope", "headers": {"x-own": "1"}}),
            ({"headers": {"x-own": "client"}, "root_path": "/m"}, {"url": "/m/scope"}),
            ({"cookies": {"a": "1"}}, {"url": "/scope"}),
            ({"base_url": "http://example.com"}, {"url": "/scope"}),
            ({}, {"url": "wss://example.com/scope"}),
            ({}, {"url": "/scope", "params": {"q": "1"}}),
            ({}, {"url": "/scope", "auth": ("user", "pass")}),
            ({}, {"url": "/scope", "cookies": {"b": "2"}}),
        ],
    )
    @pytest.mark.filterwarnings("ignore:Setting per-request cookies")
    def test_the_app_sees_the_scope_that_the_stock_client_gives(self, options: Any, call: Any) -> None:
        from starlette.testclient import TestClient as StockClient

        seen = []
        for client_class in (StockClient, TestClient):
            client: Any = client_class(app, **options)
            with client.websocket_connect(**{k: dict(v) if isinstance(v, dict) else v for k, v in call.items()}) as ws:
                seen.append(ws.receive_text())
            client.close()
        assert seen[1] == seen[0]

    def test_it_is_a_request_of_the_timeline_and_its_tasks_are_dropped(self) -> None:
        with TestClient(app) as client:
            with client.websocket_connect("/echo"):
                pass
            timeline = client.drain()
        (request,) = timeline.requests
        assert (request.method, request.path, request.status) == ("WEBSOCKET", "/echo", 101)
        assert [task.status for task in timeline.tasks] == ["dropped"]

    def test_it_keeps_a_client_that_nobody_else_holds(self) -> None:
        with TestClient(app).websocket_connect("/echo") as websocket:
            gc.collect()
            websocket.send_text("still open")
            assert websocket.receive_text() == "still open"

    def test_it_works_while_requests_are_made(self) -> None:
        with TestClient(app) as client, client.websocket_connect("/echo") as websocket:
            assert client.get("/openapi.json").status_code == 200
            websocket.send_text("still open")
            assert websocket.receive_text() == "still open"


class TestAwaited:
    def test_text_bytes_and_json_go_both_ways(self) -> None:
        async def main() -> None:
            async with AsyncTestClient(app) as client, client.websocket_connect("/echo") as websocket:
                await websocket.send_text("提醒")
                assert await websocket.receive_text() == "提醒"
                await websocket.send_bytes(b"\x00\xff")
                assert await websocket.receive_bytes() == b"\x00\xff"
                await websocket.send_json({"a": [1, None]})
                assert await websocket.receive_json() == {"a": [1, None]}

        run(main())

    def test_json_may_go_in_binary_frames(self) -> None:
        async def main() -> None:
            async with AsyncTestClient(app) as client, client.websocket_connect("/echo") as websocket:
                await websocket.send_json([1], mode="binary")  # type: ignore[call-arg]
                assert await websocket.receive_json(mode="binary") == [1]  # type: ignore[call-arg]

        run(main())

    def test_a_subprotocol_is_offered_and_accepted(self) -> None:
        async def main() -> None:
            async with AsyncTestClient(app) as client, client.websocket_connect("/echo", ["chat"]) as websocket:
                assert websocket.accepted_subprotocol == "chat"

        run(main())

    @pytest.mark.parametrize(("path", "code", "reason"), [("/close", 4321, "enough"), ("/refuse", 4000, "not you")])
    def test_the_app_closes_with_its_code_and_reason(self, path: str, code: int, reason: str) -> None:
        async def main() -> None:
            async with AsyncTestClient(app) as client:
                with pytest.raises(WebSocketDisconnect) as raised:
                    async with client.websocket_connect(path) as websocket:
                        await websocket.receive_text()
                assert (raised.value.code, raised.value.reason) == (code, reason)

        run(main())

    def test_the_app_gets_the_callers_close_code(self) -> None:
        async def main() -> None:
            told.clear()
            async with AsyncTestClient(app) as client, client.websocket_connect("/code") as websocket:
                await websocket.close(4002)
            assert codes.pop() == 4002

        run(main())

    def test_a_denial_response_tells_its_status(self) -> None:
        async def main() -> None:
            async with AsyncTestClient(app) as client:
                with pytest.raises(WebSocketDisconnect, match="403"):
                    async with client.websocket_connect("/deny"):
                        pass

        run(main())

    @pytest.mark.parametrize(("path", "message"), [("/fail", "in the app"), ("/fail-at-once", "at once")])
    def test_an_exception_in_the_app_is_raised(self, path: str, message: str) -> None:
        async def main() -> None:
            async with AsyncTestClient(app) as client:
                with pytest.raises(ValueError, match=message):
                    async with client.websocket_connect(path) as websocket:
                        await websocket.receive_text()

        run(main())

    def test_an_app_that_goes_on_after_the_session_was_left_is_background_work(self) -> None:
        async def main() -> None:
            client = AsyncTestClient(stubborn, close_timeout=0)
            async with client.websocket_connect("/"):
                pass
            with pytest.raises(DrainTimeout):
                await client.drain(timeout=0)
            await client.aclose()
            assert client.timeline.requests[0].ended is not None

        run(main())

    def test_an_app_that_ends_without_a_close_is_cut_off_as_on_a_server(self) -> None:
        async def main() -> None:
            client = AsyncTestClient(quits)
            async with client.websocket_connect("/") as websocket:
                with pytest.raises(WebSocketDisconnect) as raised:
                    await websocket.receive()
                assert raised.value.code == 1006
            await client.aclose()

        run(main())

    def test_a_session_that_is_open_at_close_is_cancelled_by_it(self) -> None:
        async def main() -> None:
            ended = asyncio.Event()

            async def app(scope: Scope, receive: Receive, send: Send) -> None:
                try:
                    await stubborn(scope, receive, send)
                finally:
                    ended.set()

            client = AsyncTestClient(app, close_timeout=0)
            session = client.websocket_connect("/")
            await session.__aenter__()
            await client.aclose()
            await asyncio.wait_for(ended.wait(), 0.5)

        run(main())
