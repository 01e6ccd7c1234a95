"""Parts of an app that send at the same time, as a ping beside a stream does: each may have to wait for the reader."""

import asyncio
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from bgdemo import AsyncTestClient, TestClient
from gates import DEADLINE, in_thread

SENDERS, CHUNKS = 2, 20


def app_that_sends(size: int) -> Any:
    """An app with two senders, each of 20 chunks."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        async def sender(letter: bytes) -> None:
            for _ in range(CHUNKS):
                await send({"type": "http.response.body", "body": letter * size, "more_body": True})

        if scope["type"] != "http":
            return
        await send({"type": "http.response.start", "status": 200})
        await asyncio.gather(sender(b"a"), sender(b"b"))
        await send({"type": "http.response.body", "body": b""})

    return app


sizes = pytest.mark.parametrize(
    ("size", "wait_for_tasks"), [(100_000, False), (100_000, True), (1, True)], ids=["live", "stock", "stock, 1 byte"]
)


@sizes
@pytest.mark.parametrize("clock", ["real", "simulated"])
def test_all_that_they_send_arrives(size: int, wait_for_tasks: bool, clock: Any) -> None:
    def get() -> int:
        with TestClient(app_that_sends(size), clock=clock, wait_for_tasks=wait_for_tasks) as client:
            return len(client.get("/").content)

    assert in_thread(get).result(DEADLINE) == SENDERS * CHUNKS * size


@sizes
def test_all_that_they_send_arrives_awaited(size: int, wait_for_tasks: bool) -> None:
    async def get() -> int:
        async with AsyncTestClient(app_that_sends(size), wait_for_tasks=wait_for_tasks) as client:
            return len((await client.get("/")).content)

    assert asyncio.run(asyncio.wait_for(get(), DEADLINE)) == SENDERS * CHUNKS * size
