"""The two transports: which loop a request goes to, when a call returns, and how a loop ends."""

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from bgdemo import Recorder
from bgdemo.client.behaviour import Behaviour
from bgdemo.client.live import LiveBehaviour
from bgdemo.client.session import Session
from bgdemo.client.stock import StockBehaviour
from bgdemo.client.transport import LoopTransport, ThreadTransport
from bgdemo.client.websocket import UpgradeRequest
from bgdemo.errors import AppError, ClientError
from client.apps import BODY, START, asgi
from gates import DEADLINE, Gate, Threads, in_thread

URL = "http://testserver/path"


def get(url: str = URL) -> httpx.Request:
    return httpx.Request("GET", url)


def held(gate: Gate) -> ASGIApp:
    """An app that is held at a gate after its response."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(START)
        await send(BODY)
        await asyncio.to_thread(gate.hold)

    return app


def session_of(app: ASGIApp, behaviour: Behaviour | None = None) -> Session:
    return Session(Recorder(app), LiveBehaviour() if behaviour is None else behaviour)


@pytest.fixture
def transport_of() -> Iterator[Callable[..., ThreadTransport]]:
    """Makes transports to a loop in a thread, which are closed at the end."""
    made: list[ThreadTransport] = []

    def make(app: ASGIApp, behaviour: Behaviour | None = None, **options: Any) -> ThreadTransport:
        made.append(ThreadTransport(session_of(app, behaviour), options))
        return made[-1]

    yield make
    for transport in made:
        transport.cancel(DEADLINE)


Make = Callable[..., ThreadTransport]


# -- to a loop in a thread


def test_a_loop_is_started_when_it_is_first_asked_for_and_is_the_same_from_then_on(
    transport_of: Make, threads: Threads
) -> None:
    transport = transport_of(asgi([]))
    assert threads.loops() == []
    assert transport.open() is transport.open()
    assert len(threads.loops()) == 1


def test_many_threads_that_ask_at_once_start_one_loop(transport_of: Make, threads: Threads) -> None:
    transport, together = transport_of(asgi([])), threading.Barrier(8, timeout=DEADLINE)

    def open_it() -> Any:
        together.wait()
        return transport.open()

    opened = [in_thread(open_it) for _ in range(8)]
    assert len({id(one.result(DEADLINE)) for one in opened}) == 1
    assert len(threads.loops()) == 1


def test_the_loop_is_made_with_the_options_of_the_client(transport_of: Make) -> None:
    assert transport_of(asgi([]), debug=True).open().loop.get_debug()


def test_a_call_returns_with_the_response_and_the_app_goes_on(transport_of: Make, gate: Gate) -> None:
    transport = transport_of(held(gate))
    response = in_thread(lambda: transport.handle_request(get())).result(DEADLINE)
    assert (response.status_code, response.read()) == (200, b"one")
    gate.wait_until_reached()
    gate.open()


def test_a_stock_call_returns_at_the_end_of_the_apps_work(transport_of: Make, gate: Gate) -> None:
    transport = transport_of(held(gate), StockBehaviour())
    read = in_thread(lambda: transport.handle_request(get()).read())
    gate.wait_until_reached()
    assert not read.done()
    gate.open()
    assert read.result(DEADLINE) == b"one"


def test_what_the_app_raises_is_raised_in_the_call(transport_of: Make) -> None:
    with pytest.raises(AppError, match="ended without an answer: GET /path"):
        transport_of(asgi([])).handle_request(get())


@pytest.mark.parametrize("scheme", ["ws", "wss"])
def test_a_websocket_is_not_a_request_and_starts_no_loop(transport_of: Make, threads: Threads, scheme: str) -> None:
    with pytest.raises(UpgradeRequest):
        transport_of(asgi([])).handle_request(get(f"{scheme}://testserver/path"))
    assert threads.loops() == []


def test_a_call_on_the_loop_itself_is_refused(transport_of: Make) -> None:
    transport = transport_of(asgi([START, BODY]))
    thread = transport.open()

    async def call() -> None:
        transport.handle_request(get())

    with pytest.raises(ClientError, match="called on its own app's event loop"):
        thread.run(call())


@pytest.mark.parametrize(
    ("state", "words"), [("is_closed", "was closed: make a new one"), ("_closing", "being closed")]
)
def test_a_client_that_is_closed_or_being_closed_starts_nothing(
    transport_of: Make, threads: Threads, state: str, words: str
) -> None:
    transport = transport_of(asgi([START, BODY]))
    setattr(transport, state, True)
    with pytest.raises(ClientError, match=words):
        transport.handle_request(get())
    assert threads.loops() == []


# -- how long the loop stays


def test_a_live_clients_loop_outlasts_its_calls(transport_of: Make, threads: Threads) -> None:
    transport = transport_of(asgi([START, BODY]))
    transport.handle_request(get()).read()
    assert len(threads.loops()) == 1


def test_a_stock_clients_loop_ends_with_the_last_call(transport_of: Make, threads: Threads) -> None:
    transport = transport_of(asgi([START, BODY]), StockBehaviour())
    one, other = transport.borrow(), transport.borrow()
    assert one is other
    transport.give_back(one)
    assert threads.loops() == [*threads.loops()[:1]] != []
    transport.give_back(other)
    assert threads.loops() == []


def test_a_stock_clients_loop_ends_with_a_response_that_was_read(transport_of: Make, threads: Threads) -> None:
    transport = transport_of(asgi([START, BODY]), StockBehaviour())
    assert transport.handle_request(get()).read() == b"one"
    assert threads.loops() == []


def test_inside_with_it_outlasts_them_too(transport_of: Make, threads: Threads) -> None:
    transport = transport_of(asgi([START, BODY]), StockBehaviour())
    transport.kept = True
    transport.handle_request(get()).read()
    assert len(threads.loops()) == 1


def test_a_loop_that_is_given_back_after_it_was_replaced_ends_nothing(transport_of: Make, threads: Threads) -> None:
    transport = transport_of(asgi([START, BODY]), StockBehaviour())
    old = transport.borrow()
    transport.cancel(DEADLINE)
    new = transport.borrow()
    transport.give_back(old)
    assert new.is_alive
    assert len(threads.loops()) == 1


# -- waiting for all work


def test_a_transport_that_was_never_used_is_drained(transport_of: Make, threads: Threads) -> None:
    assert transport_of(asgi([])).drain(0)
    assert threads.loops() == []


def test_drain_waits_for_the_end_of_the_work(transport_of: Make, gate: Gate) -> None:
    transport = transport_of(held(gate))
    transport.handle_request(get()).read()
    drain = in_thread(lambda: transport.drain(None))
    gate.wait_until_reached()
    assert not drain.done()
    gate.open()
    assert drain.result(DEADLINE)


def test_drain_says_so_when_its_time_is_up(transport_of: Make, gate: Gate) -> None:
    transport = transport_of(held(gate))
    transport.handle_request(get()).read()
    gate.wait_until_reached()
    assert not transport.drain(0)
    gate.open()
    assert transport.drain(DEADLINE)


# -- the end


def test_close_may_wait_for_the_work(transport_of: Make, threads: Threads, gate: Gate) -> None:
    transport = transport_of(held(gate))
    transport.handle_request(get()).read()
    gate.wait_until_reached()
    close = in_thread(lambda: transport.close(wait=DEADLINE))
    gate.open()
    close.result(DEADLINE)
    assert threads.loops() == []


def test_close_cancels_what_still_runs(transport_of: Make, threads: Threads) -> None:
    ended: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(START)
        await send(BODY)
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cancelled")

    transport = transport_of(app)
    transport.handle_request(get()).read()
    transport.close()
    assert ended == ["cancelled"]
    assert threads.loops() == []


def test_closing_a_transport_that_was_never_used_starts_nothing(transport_of: Make, threads: Threads) -> None:
    transport_of(asgi([])).close()
    assert threads.loops() == []


def test_after_a_close_the_next_call_starts_a_new_loop(transport_of: Make, threads: Threads) -> None:
    transport = transport_of(asgi([START, BODY]))
    transport.handle_request(get()).read()
    transport.close()
    assert transport.handle_request(get()).read() == b"one"
    assert len(threads.loops()) == 1


def test_a_loop_that_nobody_holds_ends_when_its_work_has_ended(
    transport_of: Make, threads: Threads, gate: Gate
) -> None:
    transport = transport_of(held(gate))
    transport.handle_request(get()).read()
    gate.wait_until_reached()
    (loop,) = threads.loops()
    transport.abandon()  # returns, although the gate is shut
    gate.open()
    loop.join(DEADLINE)
    assert not loop.is_alive()


# -- on the loop of the caller


def run(main: Callable[[], Awaitable[object]]) -> None:
    async def limited() -> None:
        await asyncio.wait_for(main(), DEADLINE)

    asyncio.run(limited())


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def until_told(told: asyncio.Event) -> ASGIApp:
    """An app that waits for an event after its response."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(START)
        await send(BODY)
        await told.wait()

    return app


def test_without_a_loop_there_is_nothing_to_carry_a_request_to() -> None:
    with pytest.raises(ClientError, match="needs a running asyncio event loop"):
        LoopTransport(session_of(asgi([]))).open()


def test_an_awaited_call_returns_with_the_response_and_starts_no_thread(threads: Threads) -> None:
    async def main() -> None:
        told = asyncio.Event()
        transport = LoopTransport(session_of(until_told(told)))
        response = await transport.handle_async_request(get())
        assert (response.status_code, await response.aread()) == (200, b"one")
        assert threads.new() == []
        assert not await transport.drain(0)
        told.set()
        assert await transport.drain(None)
        await transport.aclose()

    run(main)


def test_an_awaited_websocket_is_not_a_request() -> None:
    async def main() -> None:
        with pytest.raises(UpgradeRequest):
            await LoopTransport(session_of(asgi([]))).handle_async_request(get("ws://testserver/"))

    run(main)


def test_it_belongs_to_the_first_loop_that_uses_it_until_it_is_closed() -> None:
    transport = LoopTransport(session_of(asgi([START, BODY])))

    async def use() -> None:
        await (await transport.handle_async_request(get())).aread()

    async def use_and_close() -> None:
        await transport.aclose()
        await use()
        await transport.aclose()

    run(use)
    with pytest.raises(ClientError, match="belongs to another event loop"):
        run(use)
    run(use_and_close)
    run(use_and_close)


def test_an_awaited_drain_gives_work_that_is_about_to_end_a_turn() -> None:
    async def main() -> None:
        told = asyncio.Event()
        transport = LoopTransport(session_of(until_told(told)))
        await (await transport.handle_async_request(get())).aread()
        await turns()
        told.set()
        assert await transport.drain(None)
        await transport.aclose()

    run(main)


def test_an_awaited_drain_is_told_of_an_end_on_another_thread() -> None:
    async def main() -> None:
        session = session_of(asgi([]))
        transport = LoopTransport(session)
        transport.open()
        task = session.recorder.begin_remote_task(1, print, (), {})
        drain = asyncio.ensure_future(transport.drain(None))
        await turns()
        assert not drain.done()
        in_thread(lambda: task.has_ended(None)).result(DEADLINE)
        assert await drain
        await transport.aclose()

    run(main)


def test_the_end_of_work_elsewhere_that_comes_after_the_loop_is_nobodys_matter() -> None:
    session = session_of(asgi([]))
    transport = LoopTransport(session)
    task = session.recorder.begin_remote_task(1, print, (), {})

    async def give_up() -> None:
        transport.open()
        drain = asyncio.ensure_future(transport.drain(None))
        await turns()
        drain.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await drain

    run(give_up)
    task.has_ended(None)
    assert session.is_drained
    transport.cancel()


def test_aclose_cancels_what_still_runs() -> None:
    async def main() -> None:
        session = session_of(until_told(asyncio.Event()))
        transport = LoopTransport(session)
        await (await transport.handle_async_request(get())).aread()
        await transport.aclose()
        assert session.is_drained

    run(main)


def test_what_nobody_holds_is_cancelled_without_a_wait() -> None:
    async def main() -> None:
        session = session_of(until_told(asyncio.Event()))
        transport = LoopTransport(session)
        await (await transport.handle_async_request(get())).aread()
        transport.cancel()
        await turns()
        assert session.is_drained
        transport.cancel()

    run(main)
