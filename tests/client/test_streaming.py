"""client.stream: chunks as they are sent, back-pressure, and leaving early, as on a server."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from fastapi import BackgroundTasks, FastAPI, Request
from fastapi.responses import StreamingResponse
from starlette.background import BackgroundTask
from starlette.types import Receive, Scope, Send

from bgdemo import TestClient
from bgdemo.client.live import LiveBehaviour
from gates import DEADLINE, Gate, in_thread, until

HIGH_WATER = LiveBehaviour.high_water

START = {"type": "http.response.start", "status": 200, "headers": []}


def streaming(chunks: Any, background: BackgroundTask | None = None) -> FastAPI:
    app = FastAPI()

    @app.get("/")
    async def index() -> StreamingResponse:
        return StreamingResponse(chunks(), background=background)

    return app


def test_the_headers_come_before_the_first_chunk(gate: Gate) -> None:
    def chunks() -> Iterator[str]:
        gate.hold()
        yield "one"

    with TestClient(streaming(chunks)) as client, client.stream("GET", "/") as response:
        assert response.status_code == 200
        gate.open()
        assert response.read() == b"one"


def test_each_chunk_comes_before_the_next_is_made() -> None:
    gates = [Gate(), Gate()]

    def chunks() -> Iterator[str]:
        yield "one"
        gates[0].hold()
        yield "two"
        gates[1].hold()
        yield "three"

    with TestClient(streaming(chunks)) as client, client.stream("GET", "/") as response:
        texts = response.iter_text()
        assert next(texts) == "one"
        gates[0].open()
        assert next(texts) == "two"
        gates[1].open()
        assert list(texts) == ["three"]


@pytest.mark.parametrize("after", ["the headers", "a chunk"])
def test_what_was_sent_leaves_although_the_app_then_blocks_the_event_loop(gate: Gate, after: str) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(START)
        if after == "a chunk":
            await send({"type": "http.response.body", "body": b"one", "more_body": True})
        gate.hold()
        await send({"type": "http.response.body", "body": b"two"})

    def use() -> tuple[int, bytes]:
        with client.stream("GET", "/") as response:
            first = next(response.iter_raw()) if after == "a chunk" else b""
            gate.open()
            return response.status_code, first

    client = TestClient(app)
    call = in_thread(use)
    gate.wait_until_reached()
    try:
        assert call.result(DEADLINE / 5) == (200, b"one" if after == "a chunk" else b"")
    finally:
        gate.open()
        client.close()


def test_lines_come_one_by_one() -> None:
    gate = Gate()

    def chunks() -> Iterator[str]:
        yield "data: 1\n\ndata: "
        gate.hold()
        yield "2\n\n"

    with TestClient(streaming(chunks)) as client, client.stream("GET", "/") as response:
        lines = response.iter_lines()
        assert [next(lines), next(lines)] == ["data: 1", ""]
        gate.open()
        assert list(lines) == ["data: 2", ""]


def test_chunks_that_have_come_stay_apart() -> None:
    with TestClient(streaming(lambda: iter(["one", "two"]))) as client, client.stream("GET", "/") as response:
        until(lambda: client.timeline.requests[0].responded is not None, "the last chunk")
        assert list(response.iter_raw()) == [b"one", b"two"]


def test_the_task_runs_after_the_last_chunk_and_the_reader_does_not_wait_for_it(gate: Gate) -> None:
    with TestClient(streaming(lambda: iter(["one", "two"]), BackgroundTask(gate.hold))) as client:
        with client.stream("GET", "/") as response:
            assert response.read() == b"onetwo"
        gate.wait_until_reached()
        gate.open()
        timeline = client.drain()
        ended, started = (
            timeline.event("response_ended", timeline.requests[0]),
            timeline.event("task_started", timeline.tasks[0]),
        )
        assert ended is not None
        assert started is not None
        assert (ended.time, ended.sequence) < (started.time, started.sequence)


def test_a_generator_may_add_tasks_while_it_streams() -> None:
    ran: list[str] = []
    app = FastAPI()

    @app.get("/")
    async def index(background_tasks: BackgroundTasks) -> StreamingResponse:
        def chunks() -> Iterator[str]:
            background_tasks.add_task(ran.append, "added while streaming")
            yield "one"

        return StreamingResponse(chunks())

    with TestClient(app) as client:
        assert client.get("/").text == "one"
        client.drain()
    assert ran == ["added while streaming"]


def test_leaving_early_ends_an_async_generator() -> None:
    closed = threading.Event()

    async def chunks() -> AsyncIterator[bytes]:
        try:
            yield b"one"
            await asyncio.Event().wait()
        finally:
            closed.set()

    with TestClient(streaming(chunks)) as client:
        with client.stream("GET", "/") as response:
            next(response.iter_raw())
        assert closed.wait(DEADLINE)
        until(lambda: client.timeline.requests[0].ended is not None, "the request to end")
        kinds = [event.kind for event in client.timeline.events]
        assert kinds == ["request_sent", "response_started", "client_left", "request_ended"]


def test_leaving_without_reading_anything_is_a_disconnect_too() -> None:
    closed = threading.Event()

    async def chunks() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"x" * 1000
                await asyncio.sleep(0)
        finally:
            closed.set()

    with TestClient(streaming(chunks)) as client:
        with client.stream("GET", "/"):
            pass
        assert closed.wait(DEADLINE)


def test_is_disconnected_becomes_true_when_the_reader_leaves() -> None:
    seen: list[bool] = []
    done = threading.Event()
    left = Gate()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        await send(START)
        await send({"type": "http.response.body", "body": b"one", "more_body": True})
        seen.append(await request.is_disconnected())
        await asyncio.to_thread(left.hold)
        while not await request.is_disconnected():
            await asyncio.sleep(0)
        seen.append(True)
        await send({"type": "http.response.body", "body": b"two"})
        done.set()

    client = TestClient(app)
    with client.stream("GET", "/") as response:
        next(response.iter_raw())
        left.wait_until_reached()
    left.open()
    assert done.wait(DEADLINE)
    assert seen == [False, True]
    client.close()


def test_a_route_that_waits_is_told_when_its_caller_gave_up() -> None:
    told = threading.Event()
    app = FastAPI()

    @app.get("/")
    async def index(request: Request) -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        told.set()

    with TestClient(app, timeout=0.02) as client:
        with pytest.raises(httpx.ReadTimeout):
            client.get("/")
        assert told.wait(DEADLINE)


def test_a_chunk_that_does_not_come_times_out(gate: Gate) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"one"
        gate.hold()

    with TestClient(streaming(chunks)) as client:
        with (
            client.stream("GET", "/", timeout=0.05) as response,
            pytest.raises(httpx.ReadTimeout, match=r"GET / has not ended its response within 0\.05 s"),
        ):
            list(response.iter_raw())
        gate.open()


def test_an_endless_generator_waits_for_its_reader_instead_of_filling_the_memory() -> None:
    size = 10_000
    made = 0
    made_enough, stop = threading.Event(), threading.Event()

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal made
        while not stop.is_set():
            made += size
            if made > HIGH_WATER:
                made_enough.set()
            yield b"x" * size

    def use() -> None:
        with TestClient(streaming(chunks)) as client, client.stream("GET", "/") as response:
            assert made_enough.wait(DEADLINE)
            client.get("/openapi.json")  # the loop turns, and the generator does not
            assert made <= HIGH_WATER + 2 * size
            read = 0
            for chunk in response.iter_raw():
                read += len(chunk)
                assert made - read <= HIGH_WATER + 2 * size
                if read > 20 * HIGH_WATER:
                    break

    use_it = in_thread(use)
    try:
        use_it.result(DEADLINE / 2)
    finally:
        stop.set()


def test_leaving_an_endless_generator_that_never_waits_does_not_hang_close() -> None:
    """On uvicorn such a generator takes the whole server with it; a test or a notebook has to survive it."""
    stop = threading.Event()

    async def chunks() -> AsyncIterator[bytes]:
        while not stop.is_set():
            yield b"x" * 10_000

    def use() -> None:
        with TestClient(streaming(chunks), close_timeout=0) as client, client.stream("GET", "/") as response:
            next(response.iter_raw())

    try:
        in_thread(use).result(DEADLINE)
    finally:
        stop.set()


def test_a_big_response_that_is_read_slowly_arrives_whole() -> None:
    def chunks() -> Iterator[bytes]:
        for number in range(200):
            yield bytes([number]) * 5000

    with TestClient(streaming(chunks)) as client, client.stream("GET", "/") as response:
        data = b"".join(response.iter_raw())
    assert data == b"".join(bytes([number]) * 5000 for number in range(200))


def test_what_a_generator_raises_half_way_is_raised_after_the_chunks_before_it(gate: Gate) -> None:
    def chunks() -> Iterator[str]:
        yield "one"
        gate.hold()
        raise ValueError("half-way")

    with TestClient(streaming(chunks)) as client:
        with client.stream("GET", "/") as response:
            texts = response.iter_text()
            assert next(texts) == "one"
            gate.open()
            with pytest.raises(ValueError, match="half-way"):
                next(texts)
        client.drain()


def test_an_error_of_the_app_after_the_reader_left_is_raised_by_drain() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        try:
            yield b"one"
            await asyncio.Event().wait()
        finally:
            raise ValueError("while closing")

    with TestClient(streaming(chunks)) as client:
        with client.stream("GET", "/") as response:
            next(response.iter_raw())
        with pytest.raises((ValueError, ExceptionGroup)):
            client.drain()


def test_two_streams_of_one_client_are_read_in_turns() -> None:
    def chunks() -> Iterator[str]:
        yield from ("1", "2", "3")

    with (
        TestClient(streaming(chunks)) as client,
        client.stream("GET", "/") as one,
        client.stream("GET", "/") as other,
    ):
        assert (one.read(), other.read()) == (b"123", b"123")


def test_an_upload_in_pieces_arrives_as_one_body() -> None:
    app = FastAPI()

    @app.post("/")
    async def index(request: Request) -> str:
        return (await request.body()).decode()

    with TestClient(app) as client:
        assert client.post("/", content=(part for part in (b"a", b"b"))).json() == "ab"
