"""Trailers: headers that come after the body, and end a response in its place."""

import asyncio
from contextlib import closing
from typing import Any

import pytest
from starlette.background import BackgroundTask
from starlette.types import ASGIApp, Receive, Scope, Send

from bgdemo import AsyncTestClient, TestClient
from bgdemo.errors import AppError
from gates import DEADLINE, Gate, in_thread

START = {"type": "http.response.start", "status": 200, "trailers": True}
BODY = {"type": "http.response.body", "body": b"hello"}
FIRST = {"type": "http.response.trailers", "headers": [(b"x-sum", b"1")], "more_trailers": True}
LAST = {"type": "http.response.trailers", "headers": [(b"x-sum", b"2")]}


def asgi(*messages: dict[str, Any]) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert "http.response.trailers" in scope["extensions"]
        for message in messages:
            await send(message)

    return app


@pytest.mark.parametrize("wait_for_tasks", [False, True])
def test_they_are_no_headers_but_in_the_extensions_of_the_response(wait_for_tasks: bool) -> None:
    with closing(TestClient(asgi(START, BODY, FIRST, LAST), wait_for_tasks=wait_for_tasks)) as client:
        response = client.get("/")
    assert response.content == b"hello"
    assert response.extensions["http.response.trailers"] == [(b"x-sum", b"1"), (b"x-sum", b"2")]
    assert "x-sum" not in response.headers


def test_they_are_there_for_an_awaited_client_too() -> None:
    async def main() -> None:
        client = AsyncTestClient(asgi(START, BODY, LAST))
        response = await client.get("/")
        await client.aclose()
        assert response.extensions["http.response.trailers"] == [(b"x-sum", b"2")]

    asyncio.run(main())


def test_a_response_without_them_says_nothing_of_them() -> None:
    with closing(TestClient(asgi(START | {"trailers": False}, BODY))) as client:
        assert "http.response.trailers" not in client.get("/").extensions


def test_a_call_returns_with_the_last_of_them_and_not_with_the_task_after_it() -> None:
    gates = Gate(), Gate()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(START)
        await send(BODY)
        await BackgroundTask(gates[0].hold)()
        await send(LAST)
        await BackgroundTask(gates[1].hold)()

    with closing(TestClient(app)) as client:
        call = in_thread(lambda: client.get("/"))
        gates[0].wait_until_reached()
        assert not call.done()
        gates[0].open()
        assert call.result(DEADLINE).extensions["http.response.trailers"] == [(b"x-sum", b"2")]
        gates[1].open()
        assert [task.status for task in client.drain().tasks] == ["finished", "finished"]


@pytest.mark.parametrize("messages", [[START, BODY], [START, BODY, FIRST]], ids=["none", "some"])
def test_an_app_that_ends_without_the_last_of_them_has_answered(messages: list[dict[str, Any]]) -> None:
    with closing(TestClient(asgi(*messages))) as client:
        response = client.get("/")
        client.drain()
    assert response.content == b"hello"
    assert response.extensions["http.response.trailers"] == ([(b"x-sum", b"1")] if FIRST in messages else [])


def test_what_the_app_raises_amid_them_is_raised_in_the_call() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await asgi(START, BODY, FIRST)(scope, receive, send)
        raise ValueError("no sum")

    with closing(TestClient(app)) as client, pytest.raises(ValueError, match="no sum"):
        client.get("/")
    with closing(TestClient(app, raise_server_exceptions=False)) as client:
        assert client.get("/").extensions["http.response.trailers"] == [(b"x-sum", b"1")]


@pytest.mark.parametrize(
    ("messages", "error"),
    [
        ([LAST], r"sent 'http\.response\.trailers' without declaring trailers: .* needs trailers=True"),
        ([START | {"trailers": False}, BODY, LAST], r"as well, after response completed: a request has one response"),
        ([START, LAST], r"sent 'http\.response\.trailers' before body completed"),
        ([START, BODY, BODY], r"sent 'http\.response\.body' after body completed: it said that trailers follow"),
        ([START, BODY, LAST, LAST], r"as well, after response completed"),
    ],
    ids=["first", "not announced", "before the body", "body again", "last again"],
)
def test_an_app_that_sends_them_out_of_order_is_told(messages: list[dict[str, Any]], error: str) -> None:
    with closing(TestClient(asgi(*messages), wait_for_tasks=True)) as client:
        with pytest.raises(AppError, match=error):
            client.get("/")
        with pytest.raises(AssertionError):  # as the stock client has it
            client.get("/")


def test_a_push_promise_is_no_part_of_the_response() -> None:
    push = {"type": "http.response.push", "path": "/style.css", "headers": []}
    with closing(TestClient(asgi(push, START | {"trailers": False}, push, BODY))) as client:
        assert client.get("/").text == "hello"
