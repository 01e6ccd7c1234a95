"""What a request costs: one FastAPI app, a JSON route, one no-op task; recording on, drained inside the timing.

`make bench` runs them side by side. A round is many requests on a client of its own, so that neither the start
of a client nor the start of an event loop is measured.
"""

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from fastapi import BackgroundTasks, FastAPI
from starlette.testclient import TestClient as StockClient
from starlette.types import Message

from bgdemo import AsyncTestClient, TestClient

REQUESTS, ROUNDS = 100, 30

SCOPE: dict[str, Any] = {
    "type": "http",
    "asgi": {"version": "3.0", "spec_version": "2.3"},
    "http_version": "1.1",
    "method": "POST",
    "path": "/send",
    "raw_path": b"/send",
    "root_path": "",
    "scheme": "http",
    "query_string": b"",
    "headers": [(b"host", b"testserver")],
    "client": ("testclient", 50000),
    "server": ("testserver", 80),
}


def no_op() -> None:
    pass


async def async_no_op() -> None:
    pass


@pytest.fixture(params=[no_op, async_no_op], ids=["def", "async def"])
def app(request: pytest.FixtureRequest, benchmark: Any) -> FastAPI:
    benchmark.group = f"{'async def' if request.param is async_no_op else 'def'} task"
    app = FastAPI()

    @app.post("/send")
    async def send(background_tasks: BackgroundTasks) -> dict[str, str]:
        background_tasks.add_task(request.param)
        return {"message": "Message sent"}

    return app


async def repeat(call: Callable[[], Awaitable[Any]], times: int = REQUESTS) -> None:
    for _ in range(times):
        await call()


def measure_async(benchmark: Any, begin: Callable[[], tuple[Callable[[], Awaitable[Any]], Any]]) -> None:
    with asyncio.Runner() as runner:

        async def warm() -> tuple[Callable[[], Awaitable[Any]], Any]:
            call, held = begin()
            await repeat(call, 10)
            return call, held

        def setup() -> tuple[tuple[Any, ...], dict[str, Any]]:
            return runner.run(warm()), {}

        benchmark.pedantic(lambda call, held: runner.run(repeat(call)), setup=setup, rounds=ROUNDS)


def test_raw_asgi(benchmark: Any, app: FastAPI) -> None:
    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        pass

    measure_async(benchmark, lambda: (lambda: app({**SCOPE, "state": {}}, receive, send), None))


def test_asgi_transport(benchmark: Any, app: FastAPI) -> None:
    def begin() -> tuple[Callable[[], Awaitable[Any]], Any]:
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://testserver")
        return lambda: client.post("/send"), client

    measure_async(benchmark, begin)


def test_async_client(benchmark: Any, app: FastAPI) -> None:
    def begin() -> tuple[Callable[[], Awaitable[Any]], Any]:
        client = AsyncTestClient(app)

        async def call() -> None:
            await client.post("/send")
            await client.drain()

        return call, client

    measure_async(benchmark, begin)


def measure(benchmark: Any, make: Callable[[], Any], call: Callable[[Any], Any]) -> None:
    opened: list[Any] = []

    def setup() -> tuple[tuple[Any, ...], dict[str, Any]]:
        while opened:
            opened.pop().__exit__(None, None, None)
        opened.append(make().__enter__())
        for _ in range(10):
            call(opened[0])
        return (opened[0],), {}

    def target(client: Any) -> None:
        for _ in range(REQUESTS):
            call(client)

    benchmark.pedantic(target, setup=setup, rounds=ROUNDS)
    opened.pop().__exit__(None, None, None)


def test_stock_client(benchmark: Any, app: FastAPI) -> None:
    measure(benchmark, lambda: StockClient(app), lambda client: client.post("/send"))


def test_client(benchmark: Any, app: FastAPI) -> None:
    def call(client: TestClient) -> None:
        client.post("/send")
        client.drain()

    measure(benchmark, lambda: TestClient(app), call)


@pytest.mark.benchmark(group="import")
def test_import_bgdemo(benchmark: Any) -> None:
    benchmark.pedantic(
        lambda: subprocess.run([sys.executable, "-c", "from bgdemo import TestClient"], check=True), rounds=15
    )


@pytest.mark.benchmark(group="import")
def test_import_fastapi_and_httpx(benchmark: Any) -> None:
    benchmark.pedantic(lambda: subprocess.run([sys.executable, "-c", "import fastapi, httpx"], check=True), rounds=15)
