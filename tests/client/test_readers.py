"""A response as its caller reads it: chunk by chunk, in time, and left before its end."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from bgdemo import Recorder
from bgdemo.client.behaviour import Behaviour
from bgdemo.client.live import LiveBehaviour
from bgdemo.client.readers import LoopReader, ThreadReader, answer
from bgdemo.client.response import check
from bgdemo.client.session import Session
from bgdemo.client.stock import StockBehaviour
from bgdemo.errors import AppError, ClientError, ResponseTimeout
from bgdemo.threads.loop_thread import LoopThread
from bgdemo.threads.signal import Signal
from client.apps import BODY, PART, START, asgi
from gates import DEADLINE, Gate, until

NO_TIME = {"timeout": {"read": 0}}
"""As httpx tells a transport that it may wait for nothing."""


def request(**extensions: Any) -> httpx.Request:
    return httpx.Request("GET", "http://testserver/path", extensions=extensions)


class Left:
    """An app that sends the beginning of a response, and waits for its reader to leave."""

    def __init__(self, *messages: dict[str, Any]) -> None:
        self._messages = messages
        self.heard: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        for message in self._messages:
            await send(message)
        try:
            self.heard.append((await receive())["type"])
        except asyncio.CancelledError:
            self.heard.append("cancelled")
            raise


# -- on another thread than the app


class Read:
    """A request on its way to an app on a loop in a thread, and its reader.

    Attributes:
        over: the loops that the reader has given back.
    """

    def __init__(self, app: ASGIApp, behaviour: Behaviour | None = None, **extensions: Any) -> None:
        self.session = Session(Recorder(app), LiveBehaviour() if behaviour is None else behaviour)
        self.thread = LoopThread()
        self.over: list[LoopThread] = []
        signal = Signal()
        self.exchange = self.session.exchange(request(**extensions), b"", signal.set)
        self.reader = ThreadReader(self.session, self.exchange, self.thread, signal, self.over.append)

    def send(self) -> "Read":
        self.thread.call_next(self.session.send, self.exchange)
        return self

    def until_it_began(self) -> "Read":
        """The same, when the response has a status."""
        self.send()
        while not self.exchange.started and not self.exchange.ended:
            self.reader.wait()
        return self

    def end(self) -> None:
        self.thread.run(self.session.close())

    def close(self) -> None:
        self.thread.close(DEADLINE)
        self.session.recorder.close()


@pytest.fixture
def read() -> Iterator[Callable[..., Read]]:
    made: list[Read] = []

    def make(*arguments: Any, **extensions: Any) -> Read:
        made.append(Read(*arguments, **extensions))
        return made[-1]

    yield make
    for one in made:
        one.close()


Make = Callable[..., Read]


@pytest.mark.parametrize("behaviour", [LiveBehaviour, StockBehaviour])
def test_chunks_are_read_as_they_were_sent(read: Make, behaviour: type[Behaviour]) -> None:
    one = read(asgi([START, PART, PART | {"body": b"two"}, BODY | {"body": b""}]), behaviour())
    assert list(one.until_it_began().reader) == [b"one", b"two"]


def test_a_chunk_is_read_before_the_next_one_is_made(read: Make, gate: Gate) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(START)
        await send(PART)
        await asyncio.to_thread(gate.hold)
        await send(BODY | {"body": b"two"})

    chunks = iter(read(app).until_it_began().reader)
    assert next(chunks) == b"one"
    gate.open()
    assert list(chunks) == [b"two"]


def test_the_loop_is_given_back_once_when_all_was_read(read: Make) -> None:
    one = read(asgi([START, BODY])).until_it_began()
    assert list(one.reader) == [b"one"]
    assert one.over == [one.thread]
    one.reader.close()
    assert one.over == [one.thread]


def test_half_a_response_is_told_at_its_end_and_the_loop_is_given_back(read: Make) -> None:
    one = read(asgi([START, PART])).until_it_began()
    chunks = iter(one.reader)
    assert next(chunks) == b"one"
    with pytest.raises(AppError, match="ended before its response was complete"):
        next(chunks)
    assert one.over == [one.thread]


def test_a_reader_whose_time_is_up_before_the_answer_says_so_and_leaves(read: Make) -> None:
    app = Left()
    one = read(app, **NO_TIME).send()
    with pytest.raises(ResponseTimeout, match=r"GET /path has not answered within 0 s\. .*timeout=None") as raised:
        one.reader.wait()
    assert raised.value.request is one.exchange.request
    assert one.exchange.abandoned
    until(lambda: app.heard == ["http.disconnect"], "the app to hear of it")


def test_a_reader_whose_time_is_up_amid_the_response_says_so_and_leaves(read: Make) -> None:
    app = Left(START, PART)
    one = read(app).until_it_began()
    one.exchange.request.extensions.update(NO_TIME)
    with pytest.raises(ResponseTimeout, match="GET /path has not ended its response within 0 s"):
        list(one.reader)
    assert one.exchange.abandoned
    until(lambda: app.heard == ["http.disconnect"], "the app to hear of it")


def test_a_reader_that_leaves_before_the_end_is_a_disconnect_and_the_app_goes_on_as_background_work(read: Make) -> None:
    app = Left(START, PART)
    one = read(app).until_it_began()
    one.reader.close()
    assert one.exchange.abandoned
    assert one.over == [one.thread]
    until(lambda: one.session.is_drained, "the app to end")
    assert app.heard == ["http.disconnect"]


def test_a_stock_reader_that_leaves_before_the_end_has_the_app_cancelled_and_waits_for_that(read: Make) -> None:
    app = Left(START)
    one = read(app, StockBehaviour()).until_it_began()
    one.reader.close()
    assert app.heard == ["cancelled"]
    assert one.over == [one.thread]


def test_a_stock_reader_that_leaves_has_what_the_app_raises_then(read: Make) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(START)
        try:
            await asyncio.Event().wait()
        finally:
            raise ValueError("at the end")

    one = read(app, StockBehaviour()).until_it_began()
    with pytest.raises(ValueError, match="at the end"):
        one.reader.close()
    assert one.over == [one.thread]


def test_a_reader_that_leaves_a_complete_response_leaves_nothing(read: Make) -> None:
    one = read(asgi([START, BODY])).until_it_began()
    until(lambda: one.exchange.handed_over, "the response")
    one.reader.close()
    assert not one.exchange.abandoned


def test_a_reader_can_leave_when_the_loop_has_stopped(read: Make) -> None:
    one = read(Left(START, PART)).until_it_began()
    one.thread.close(DEADLINE)
    one.reader.close()
    assert one.over == [one.thread]


def test_a_reader_that_waits_for_a_loop_that_ends_is_told(read: Make) -> None:
    one = read(Left())
    one.thread.call_soon(one.thread.close, 0)
    with pytest.raises(ClientError):
        check(one.until_it_began().exchange, is_read=False)


# -- on the same event loop


def run(main: Callable[[], Awaitable[object]]) -> None:
    async def limited() -> None:
        await asyncio.wait_for(main(), DEADLINE)

    asyncio.run(limited())


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


class Awaited:
    """A request on its way to an app on the running loop, and its reader."""

    def __init__(self, app: ASGIApp, behaviour: Behaviour | None = None, **extensions: Any) -> None:
        self.session = Session(Recorder(app), LiveBehaviour(same_loop=True) if behaviour is None else behaviour)
        self.reader = LoopReader(self.session)
        self.exchange = self.reader.exchange = self.session.exchange(request(**extensions), b"", self.reader.wake)
        self.session.send(self.exchange)

    async def __aenter__(self) -> "Awaited":
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.session.close()
        self.session.recorder.close()


@pytest.mark.parametrize("behaviour", [LiveBehaviour, StockBehaviour])
def test_awaited_chunks_are_read_as_they_were_sent(behaviour: type[Behaviour]) -> None:
    async def main() -> None:
        async with Awaited(asgi([START, PART, BODY | {"body": b"two"}]), behaviour(same_loop=True)) as one:
            assert [chunk async for chunk in one.reader] == [b"one", b"two"]

    run(main)


def test_what_came_before_anybody_waited_is_found() -> None:
    async def main() -> None:
        async with Awaited(asgi([START, BODY])) as one:
            await turns()
            await one.reader.wait()
            assert one.exchange.ended

    run(main)


def test_several_wakes_are_one() -> None:
    async def main() -> None:
        async with Awaited(Left()) as one:
            one.reader.wake()
            one.reader.wake()
            await one.reader.wait()
            waiting = asyncio.ensure_future(one.reader.wait())
            await turns()
            assert not waiting.done()
            one.reader.wake()
            one.reader.wake()
            await waiting

    run(main)


@pytest.mark.parametrize(
    ("messages", "words"), [([], "has not answered within 0 s"), ([START], "has not ended its response within 0 s")]
)
def test_an_awaiting_reader_whose_time_is_up_says_so_and_leaves(messages: list[Any], words: str) -> None:
    async def main() -> None:
        app = Left(*messages)
        async with Awaited(app, **NO_TIME) as one:
            await turns()
            if messages:
                await one.reader.wait()
            with pytest.raises(ResponseTimeout, match=f"GET /path {words}"):
                await one.reader.wait()
            assert one.exchange.abandoned
            await turns()
            assert app.heard == ["http.disconnect"]
            assert one.session.is_drained

    run(main)


def test_an_awaiting_reader_that_is_cancelled_leaves() -> None:
    async def main() -> None:
        app = Left()
        async with Awaited(app) as one:
            waiting = asyncio.ensure_future(one.reader.wait())
            await turns()
            waiting.cancel()
            await turns()
            assert one.exchange.abandoned
            assert app.heard == ["http.disconnect"]

    run(main)


def test_an_awaiting_reader_that_leaves_is_a_disconnect() -> None:
    async def main() -> None:
        app = Left(START, PART)
        async with Awaited(app) as one:
            await one.reader.wait()
            await one.reader.aclose()
            assert one.exchange.abandoned
            await turns()
            assert app.heard == ["http.disconnect"]

    run(main)


def test_an_awaiting_stock_reader_that_leaves_has_the_app_cancelled() -> None:
    async def main() -> None:
        app = Left(START)
        async with Awaited(app, StockBehaviour(same_loop=True)) as one:
            await one.reader.wait()
            await one.reader.aclose()
            assert app.heard == ["cancelled"]

    run(main)


def test_an_awaiting_reader_that_leaves_a_complete_response_leaves_nothing() -> None:
    async def main() -> None:
        async with Awaited(asgi([START, BODY])) as one:
            await turns()
            await one.reader.aclose()
            assert not one.exchange.abandoned

    run(main)


def test_a_question_is_answered_once() -> None:
    async def main() -> None:
        question: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        answer(question, True)
        answer(question, False)
        assert await question

    run(main)
