"""One request on its way through the app: when its response leaves, what the app hears, and who gets its errors."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

import httpx
import pytest
from starlette.background import BackgroundTask
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from bgdemo import Recorder
from bgdemo.client.asgi import build_scope
from bgdemo.client.behaviour import Behaviour
from bgdemo.client.exchange import Exchange
from bgdemo.client.live import LiveBehaviour
from bgdemo.client.response import check, response_to
from bgdemo.client.stock import StockBehaviour
from bgdemo.errors import AppError, ClientError
from client.apps import BODY, PART, START, asgi
from gates import DEADLINE

TRAILERS = {"type": "http.response.trailers", "headers": [(b"x-sum", b"1")]}


class Watched:
    """An exchange, and all that it tells the outside.

    Attributes:
        kept: what was raised behind the reader's back.
        woken: what the reader finds each time it is woken: started, chunks that wait, handed over, ended.
        background: how often it was said that the rest is background work.
    """

    def __init__(self, behaviour: Behaviour | None = None, *, method: str = "GET", body: bytes = b"") -> None:
        request = httpx.Request(method, "http://testserver/path")
        scope = build_scope(request, root_path="", client=("testclient", 50000), state={})
        self.exchange = Exchange(request, scope, body, LiveBehaviour() if behaviour is None else behaviour)
        self.exchange.wake = self._wake
        self.exchange.on_background = lambda exchange: self.background.append(exchange)
        self.kept: list[BaseException] = []
        self.woken: list[tuple[bool, int, bool, bool]] = []
        self.background: list[Exchange] = []
        self.read = b""

    def _wake(self) -> None:
        one = self.exchange
        self.woken.append((one.started, len(one.body), one.handed_over, one.ended))

    def reads_at_once(self) -> "Watched":
        """The same, with a reader that takes each chunk when it is told of it."""

        def wake() -> None:
            self._wake()
            while (chunk := self.exchange.body.take()) is not None:
                self.read += chunk

        self.exchange.wake = wake
        return self

    def run(self, app: ASGIApp) -> "Watched":
        """The same, after the app has run to its end."""

        async def main() -> None:
            async with self.running(app):
                pass

        asyncio.run(main())
        return self

    @contextlib.asynccontextmanager
    async def running(self, app: ASGIApp) -> "AsyncIterator[asyncio.Task[None]]":
        """The app runs as a task of this loop; leaving the block waits for its end."""
        with contextlib.closing(Recorder(app)) as recorder:
            task = asyncio.create_task(self.exchange.run(recorder, self.kept.append))
            yield task
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait_for(task, DEADLINE)

    def response(self) -> httpx.Response:
        return response_to(self.exchange, httpx.ByteStream(b""))


def looking(watched: Watched, *messages: dict[str, Any]) -> tuple[ASGIApp, list[Any]]:
    """An app that sends messages, and what it can tell of the exchange after each."""
    seen: list[Any] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for message in messages:
            await send(message)
            seen.append((watched.exchange.handed_over, len(watched.background)))

    return app, seen


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


# -- when the response leaves


def test_the_response_leaves_with_its_last_chunk_while_the_app_still_runs() -> None:
    watched = Watched()
    app, seen = looking(watched, START, PART, BODY)
    watched.run(app)
    assert seen == [(False, 0), (False, 0), (True, 1)]
    assert watched.background == [watched.exchange]


def test_a_stock_response_never_leaves_before_the_app_has_ended() -> None:
    watched = Watched(StockBehaviour()).reads_at_once()
    app, seen = looking(watched, START, PART, BODY)
    watched.run(app)
    assert seen == [(False, 0)] * 3
    assert watched.exchange.complete
    assert watched.exchange.ended
    assert watched.background == []


def test_a_response_with_trailers_leaves_with_the_last_of_them() -> None:
    watched = Watched()
    app, seen = looking(watched, START | {"trailers": True}, BODY, TRAILERS | {"more_trailers": True}, TRAILERS)
    watched.run(app)
    assert [handed_over for handed_over, _ in seen] == [False, False, False, True]
    assert watched.response().extensions["http.response.trailers"] == [(b"x-sum", b"1")] * 2


def test_the_reader_is_woken_for_the_start_for_each_chunk_for_the_handover_and_for_the_end() -> None:
    watched = Watched().run(asgi([START, PART, BODY]))
    assert watched.woken == [
        (True, 0, False, False),
        (True, 1, False, False),
        (True, 2, True, False),
        (True, 2, True, True),
    ]


def test_after_the_end_the_reader_is_let_go() -> None:
    watched = Watched().run(asgi([START, BODY]))
    woken = len(watched.woken)
    watched.exchange.wake()
    assert len(watched.woken) == woken


def test_the_answer_of_an_exception_handler_leaves_at_the_apps_next_await() -> None:
    watched, seen = Watched(), list[bool]()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            raise ValueError("answered")
        except ValueError:
            await send(START)
            await send(BODY)
            seen.append(watched.exchange.handed_over)
            await asyncio.sleep(0)
            seen.append(watched.exchange.handed_over)

    watched.run(app)
    assert seen == [False, True]


def test_an_answered_exception_that_is_raised_again_at_once_is_the_calls_own() -> None:
    watched, error = Watched(), ValueError("answered, and raised")

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            raise error
        except ValueError:
            await send(START)
            await send(BODY)
            raise

    watched.run(app)
    assert watched.exchange.error is error
    assert not watched.exchange.handed_over
    assert watched.kept == []


@pytest.mark.parametrize("sync", [False, True])
def test_before_a_task_that_awaits_the_response_has_left(sync: bool) -> None:
    watched, seen = Watched(LiveBehaviour(same_loop=not sync)), list[bool]()

    async def task() -> None:
        seen.append(watched.exchange.handed_over)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            raise ValueError("answered")
        except ValueError:
            await PlainTextResponse("hello", background=BackgroundTask(task))(scope, receive, send)

    watched.run(app)
    assert seen == [True]


def test_where_the_reader_is_on_the_same_loop_it_goes_before_a_task_that_awaits() -> None:
    watched, order = Watched(LiveBehaviour(same_loop=True)), list[str]()

    async def task() -> None:
        order.append("task")

    async def main() -> None:
        loop = asyncio.get_running_loop()
        watched.exchange.on_background = lambda _: loop.call_soon(order.append, "reader")
        async with watched.running(PlainTextResponse("hello", background=BackgroundTask(task))):
            pass

    asyncio.run(main())
    assert order == ["reader", "task"]


def test_the_app_stands_still_once_after_the_handover_where_the_clock_says_so() -> None:
    held: list[bool] = []

    async def hold() -> None:
        held.append(watched.exchange.handed_over)

    async def task() -> None: ...

    watched = Watched(LiveBehaviour(hold=hold))
    watched.run(PlainTextResponse("hello", background=BackgroundTask(task)))
    assert held == [True]


def test_the_answer_to_a_head_request_has_no_body() -> None:
    watched = Watched(method="HEAD").run(asgi([START, BODY]))
    assert watched.exchange.body.take() is None
    assert watched.exchange.handed_over


# -- what the app hears


def test_the_app_gets_the_body_once_and_a_disconnect_when_the_response_is_complete() -> None:
    heard: list[Any] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        heard.append(await receive())
        await send(START)
        await send(BODY)
        heard.append(await receive())
        heard.append(await receive())

    Watched(body=b"hello").run(app)
    assert heard == [
        {"type": "http.request", "body": b"hello", "more_body": False},
        {"type": "http.disconnect"},
        {"type": "http.disconnect"},
    ]


def test_a_body_that_nobody_read_before_the_response_was_complete_is_gone() -> None:
    heard: list[Any] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(START)
        await send(BODY)
        heard.append((await receive())["type"])

    Watched(body=b"hello").run(app)
    assert heard == ["http.disconnect"]


def test_an_app_that_listens_for_a_disconnect_waits_until_the_response_is_complete() -> None:
    seen: list[bool] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        listening = asyncio.ensure_future(receive())
        await send(START)
        await turns()
        seen.append(listening.done())
        await send(BODY)
        assert (await listening)["type"] == "http.disconnect"

    Watched().run(app)
    assert seen == [False]


def test_a_reader_that_leaves_is_a_disconnect_and_what_comes_after_it_is_for_nobody() -> None:
    watched, heard = Watched(), list[str]()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send(START)
        heard.append((await receive())["type"])
        for message in (PART, BODY, BODY):  # as on a server, nobody minds
            await send(message)

    async def main() -> None:
        async with watched.running(app):
            await turns()
            watched.exchange.abandoned = True
            watched.exchange.disconnect()

    asyncio.run(main())
    assert heard == ["http.disconnect"]
    assert len(watched.exchange.body) == 0
    assert watched.kept == []


def test_an_app_that_waits_for_its_reader_goes_on_when_that_has_left() -> None:
    watched, sent = Watched(), list[str]()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(START)
        await send(PART | {"body": b"x" * (LiveBehaviour.high_water + 1)})
        sent.append("the chunk that there was no room for")

    async def main() -> None:
        async with watched.running(app):
            await turns()
            assert sent == []
            watched.exchange.abandoned = True
            watched.exchange.disconnect()

    asyncio.run(main())
    assert sent == ["the chunk that there was no room for"]


def test_the_app_finds_nothing_of_its_scope_kept() -> None:
    watched = Watched().run(asgi([START, BODY]))
    assert watched.exchange._scope == {}


# -- who gets the errors


def raising(error: BaseException, *messages: dict[str, Any]) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for message in messages:
            await send(message)
        raise error

    return app


@pytest.mark.parametrize("messages", [[], [START], [START, PART]], ids=["before", "started", "half a body"])
def test_what_is_raised_before_the_response_has_left_is_raised_in_the_call_once(messages: list[Any]) -> None:
    error = ValueError("in the route")
    watched = Watched().run(raising(error, *messages))
    with pytest.raises(ValueError, match="in the route") as raised:
        check(watched.exchange, is_read=True)
    assert raised.value is error
    watched.exchange.raise_error()
    assert watched.kept == []


def test_what_is_raised_after_it_is_kept() -> None:
    error = ValueError("after the response")
    watched = Watched().run(raising(error, START, BODY))
    assert watched.kept == [error]
    assert watched.exchange.error is None
    check(watched.exchange, is_read=True)


@pytest.mark.parametrize("cancelled", [False, True])
def test_what_is_raised_when_the_reader_has_left_is_kept_unless_leaving_cancelled_the_app(cancelled: bool) -> None:
    watched, error = Watched(), ValueError("nobody reads")
    watched.exchange.abandoned, watched.exchange.cancelled = True, cancelled
    watched.run(raising(error, START))
    assert (watched.kept, watched.exchange.error) == (([], error) if cancelled else ([error], None))


def fail() -> None:
    raise ValueError("the task failed")


def test_what_a_task_raises_through_the_app_is_kept_once() -> None:
    watched = Watched().run(PlainTextResponse("hello", background=BackgroundTask(fail)))
    assert [str(error) for error in watched.kept] == ["the task failed"]


def test_what_a_task_raises_and_the_app_swallows_is_kept() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        with contextlib.suppress(ValueError):
            await PlainTextResponse("hello", background=BackgroundTask(fail))(scope, receive, send)

    watched = Watched().run(app)
    assert [str(error) for error in watched.kept] == ["the task failed"]


def test_what_a_task_raises_and_the_app_raises_something_else_from_is_kept_once() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await PlainTextResponse("hello", background=BackgroundTask(fail))(scope, receive, send)
        except ValueError as error:
            raise RuntimeError("handled") from error

    watched = Watched().run(app)
    assert [str(error) for error in watched.kept] == ["handled"]


@pytest.mark.parametrize("messages", [[], [START]], ids=["before", "started"])
def test_an_app_that_was_cancelled_before_it_answered_is_told_as_a_close(messages: list[Any]) -> None:
    watched = Watched()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for message in messages:
            await send(message)
        await asyncio.Event().wait()

    async def main() -> None:
        async with watched.running(app) as task:
            await turns()
            task.cancel()

    asyncio.run(main())
    assert watched.exchange.ended
    with pytest.raises(ClientError, match=r"GET /path was not answered: the client was closed"):
        check(watched.exchange, is_read=True)


def test_an_app_that_was_cancelled_after_it_answered_is_no_error() -> None:
    watched = Watched()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(START)
        await send(BODY)
        await asyncio.Event().wait()

    async def main() -> None:
        async with watched.running(app) as task:
            await turns()
            task.cancel()

    asyncio.run(main())
    check(watched.exchange, is_read=True)
    assert watched.kept == []


# -- what the caller gets


def test_a_response_has_the_apps_status_and_headers() -> None:
    watched = Watched().run(asgi([START | {"status": 418, "headers": [(b"x-own", b"1")]}, BODY]))
    response = watched.response()
    assert (response.status_code, response.headers["x-own"]) == (418, "1")
    assert response.request is watched.exchange.request


def test_debug_information_is_on_the_response_and_a_template_beside_it() -> None:
    info = {"template": "index.html", "context": {"a": 1}, "other": 2}
    watched = Watched().run(asgi([{"type": "http.response.debug", "info": info}, START, BODY]))
    response: Any = watched.response()
    assert response.extensions["http.response.debug"] == info
    assert (response.template, response.context) == ("index.html", {"a": 1})
    assert not hasattr(response, "other")


def test_an_app_that_gave_no_answer_is_told() -> None:
    watched = Watched().run(asgi([]))
    with pytest.raises(AppError, match="ended without an answer: GET /path"):
        watched.response()


def test_an_app_that_gave_half_an_answer_is_told_when_it_was_read() -> None:
    watched = Watched().run(asgi([START, PART]))
    with pytest.raises(AppError, match="ended before its response was complete: GET /path"):
        check(watched.exchange, is_read=True)


@pytest.mark.parametrize("app", [asgi([]), raising(ValueError())])
@pytest.mark.parametrize("behaviour", [LiveBehaviour, StockBehaviour])
def test_a_client_that_wants_no_errors_gets_a_500_where_there_is_no_answer(app: ASGIApp, behaviour: Any) -> None:
    watched = Watched(behaviour(raise_server_exceptions=False)).run(app)
    assert watched.response().status_code == 500
    check(watched.exchange, is_read=True)


def test_a_client_that_wants_no_errors_sees_a_response_break_off_as_on_a_server_and_starlettes_does_not() -> None:
    watched = Watched(LiveBehaviour(raise_server_exceptions=False)).run(asgi([START, PART]))
    assert watched.response().status_code == 200
    with pytest.raises(httpx.RemoteProtocolError):
        check(watched.exchange, is_read=True)
    stock = Watched(StockBehaviour(raise_server_exceptions=False)).run(asgi([START]))
    assert stock.response().status_code == 200
    check(stock.exchange, is_read=True)


def test_it_is_read_to_the_end_when_it_was_handed_over_and_nothing_of_its_body_is_left() -> None:
    watched = Watched()
    app, _ = looking(watched, START, PART, BODY)
    assert not watched.exchange.read_to_the_end
    watched.run(app)
    found: list[bool] = []
    while watched.exchange.body.take() is not None:
        found.append(watched.exchange.read_to_the_end)
    assert found == [False, True]


@pytest.mark.parametrize("look", [partial(check, is_read=True), Exchange.raise_error])
def test_nothing_is_raised_where_nothing_went_wrong(look: Callable[[Exchange], None]) -> None:
    look(Watched().run(asgi([START, BODY])).exchange)
