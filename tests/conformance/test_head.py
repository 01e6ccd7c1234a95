"""A HEAD, and a response that has no body, is the client's when its headers are."""

import asyncio
from collections.abc import Callable, Iterator

import httpx
import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from bgdemo import AsyncTestClient, Recorder, TestClient
from gates import Gate
from servers import DEADLINE, serve


def slow_stream(gate: Gate) -> FastAPI:
    """An app that has sent its headers, and holds its body back until the gate opens."""
    app = FastAPI()

    def chunks() -> Iterator[bytes]:
        gate.hold()
        yield b"late"

    @app.head("/")
    def index() -> StreamingResponse:
        return StreamingResponse(chunks())

    return app


def on_uvicorn(gate: Gate) -> int:
    with (
        serve(Recorder(slow_stream(gate))) as server,
        httpx.Client(base_url=server.url, trust_env=False, timeout=DEADLINE) as client,
    ):
        status = client.head("/").status_code
        gate.open()
    return status


def in_process(gate: Gate) -> int:
    with TestClient(slow_stream(gate), timeout=DEADLINE) as client:
        status = client.head("/").status_code
        gate.open()
    return status


def awaited(gate: Gate) -> int:
    async def main() -> int:
        async with AsyncTestClient(slow_stream(gate), timeout=DEADLINE) as client:
            status = (await client.head("/")).status_code
            gate.open()
        return status

    return asyncio.run(main())


@pytest.mark.parametrize("play", [on_uvicorn, in_process, awaited])
def test_a_head_has_its_response_while_the_app_still_makes_its_body(play: Callable[[Gate], int]) -> None:
    assert play(Gate()) == 200
