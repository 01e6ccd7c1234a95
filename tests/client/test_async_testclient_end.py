"""The end of an AsyncTestClient, and what it refuses."""

import asyncio
import contextlib
import gc
import warnings
import weakref
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import BackgroundTasks, FastAPI, Request
from starlette.background import BackgroundTask

from bgdemo import AsyncTestClient
from bgdemo.errors import ClientError, ResponseTimeout
from client.async_apps import AsyncGate, app_with, fail, nothing, run
from gates import Gate

TASK_INIT = BackgroundTask.__init__


def test_the_end_of_with_raises_unseen_errors_or_notes_them_on_the_bodys_own() -> None:
    async def main() -> None:
        with pytest.raises(ValueError, match="unseen"):
            async with AsyncTestClient(app_with((fail, "unseen"))) as client:
                await client.post("/")
        client = AsyncTestClient(app_with((fail, "unseen")))

        async def use() -> None:
            async with client:
                await client.post("/")
                raise KeyError("body")

        with pytest.raises(KeyError) as raised:
            await use()
        assert raised.value.__notes__ == ["Besides, background work raised ValueError: unseen"]

    run(main())


def test_a_bare_client_is_closed_with_aclose_which_raises_unseen_errors() -> None:
    async def main() -> None:
        client = AsyncTestClient(app_with((fail, "unseen")))
        await client.post("/")
        with pytest.raises(ValueError, match="unseen"):
            await client.aclose()
        assert client.is_closed
        assert BackgroundTask.__init__ is TASK_INIT
        await client.aclose()
        with pytest.raises(ClientError, match=r"AsyncTestClient was closed: make a new one"):
            await client.get("/ping")
        with pytest.raises(ClientError, match="was closed"):
            await client.__aenter__()

    run(main())


def test_an_async_task_is_cancelled_at_close() -> None:
    async def main() -> None:
        gate = AsyncGate()
        client = AsyncTestClient(app_with(gate.hold, nothing), close_timeout=0)
        await client.post("/")
        await gate.reached.wait()
        await client.aclose()
        assert [task.status for task in client.timeline.tasks] == ["cancelled", "cancelled"]
        assert client.timeline.tasks[0].ended is not None

    run(main())


def test_a_sync_task_still_in_its_thread_at_close_is_abandoned(gate: Gate) -> None:
    async def main() -> None:
        client = AsyncTestClient(app_with(gate.hold, nothing), close_timeout=0)
        await client.post("/")
        await asyncio.to_thread(gate.wait_until_reached)
        await client.aclose()
        assert [(task.status, task.ended) for task in client.timeline.tasks] == [
            ("abandoned", None),
            ("cancelled", None),
        ]
        gate.open()

    run(main())


def test_a_task_that_the_route_started_is_not_waited_for() -> None:
    async def main() -> None:
        gate = AsyncGate()
        app = FastAPI()
        tasks: list[asyncio.Task[None]] = []

        @app.get("/")
        async def index() -> None:
            tasks.append(asyncio.create_task(gate.hold()))

        client = AsyncTestClient(app)
        await client.get("/")
        await client.drain()
        await gate.reached.wait()
        await client.aclose()
        assert not tasks[0].done()
        gate.open.set()
        await tasks[0]

    run(main())


@pytest.mark.parametrize("what", ["drain", "aclose"])
@pytest.mark.parametrize("where", ["route", "task"])
def test_drain_and_aclose_are_refused_within_the_app(where: str, what: str) -> None:
    async def main() -> None:
        called: list[str] = []

        async def call() -> None:
            with pytest.raises(ClientError, match=rf"{what}\(\) was called from within the app, by GET /"):
                await getattr(client, what)()
            called.append(where)

        app = FastAPI()

        @app.get("/")
        async def index(background_tasks: BackgroundTasks) -> None:
            if where == "route":
                await call()
            else:
                background_tasks.add_task(call)

        client = AsyncTestClient(app, close_timeout=1)
        await client.get("/")
        await client.drain()
        await client.aclose()
        assert called == [where]

    run(main())


def test_a_second_event_loop_is_refused() -> None:
    client = AsyncTestClient(app_with())

    async def main() -> None:
        assert (await client.get("/ping")).json() == "pong"

    run(main())
    with pytest.raises(ClientError, match=r"belongs to another event loop.*one client for each loop"):
        run(main())


def test_after_with_the_client_may_move_to_another_loop() -> None:
    client = AsyncTestClient(app_with(nothing))

    async def main() -> None:
        async with client:
            assert (await client.post("/")).json() == "added"

    run(main())
    run(main())
    assert [task.status for task in client.timeline.tasks] == ["finished"] * 2


def test_a_client_whose_loop_has_ended_can_be_closed_on_another() -> None:
    gates: list[AsyncGate] = []

    async def task() -> None:
        gates.append(AsyncGate())
        await gates[0].hold()

    client = AsyncTestClient(app_with(task))

    async def main() -> None:
        await client.post("/")

    run(main())
    run(client.aclose())
    assert client.is_closed
    assert client.timeline.tasks[0].status == "cancelled"


def test_trio_is_told_to_be_no_asyncio() -> None:
    trio = pytest.importorskip("trio")
    client = AsyncTestClient(app_with())

    async def main() -> None:
        with pytest.raises(ClientError, match="does not run on trio"):
            await client.get("/ping")

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trio.run(main)


def test_backend_options_are_refused() -> None:
    with pytest.raises(ClientError, match=r"loop of its caller"):
        AsyncTestClient(app_with(), backend_options={"debug": True})


def test_a_route_that_never_answers_times_out_and_sees_the_client_leave() -> None:
    async def main() -> None:
        left = asyncio.Event()
        app = app_with()

        @app.get("/never")
        async def never(request: Request) -> None:
            while (await request.receive())["type"] != "http.disconnect":
                pass
            left.set()

        async with AsyncTestClient(app, timeout=0.02) as client:
            with pytest.raises(ResponseTimeout, match=r"GET /never has not answered within 0\.02 s"):
                await client.get("/never")
            await left.wait()
            assert "client_left" in [event.kind for event in client.timeline.events]
            assert (await client.get("/ping")).json() == "pong"

    run(main())


@pytest.mark.parametrize("turns", [1, 2, 3, 5])
def test_a_call_that_is_cancelled_is_a_disconnect_for_the_app(turns: int) -> None:
    async def main() -> None:
        begun, left = asyncio.Event(), asyncio.Event()

        async def app(scope: Any, receive: Any, send: Any) -> None:
            begun.set()
            while (await receive())["type"] != "http.disconnect":
                pass
            left.set()

        client = AsyncTestClient(app, close_timeout=0)
        call = asyncio.create_task(client.get("/"))
        for _ in range(turns):
            await asyncio.sleep(0)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await begun.wait()
        try:
            await asyncio.wait_for(left.wait(), 0.5)
        finally:
            await client.aclose()

    run(main())


def test_a_client_that_nobody_holds_leaves_starlette_as_it_was_and_its_tasks_are_cancelled() -> None:
    async def main() -> None:
        cancelled = asyncio.Event()
        begun = asyncio.Event()

        async def task() -> None:
            begun.set()
            try:
                await asyncio.Event().wait()
            finally:
                cancelled.set()

        client = AsyncTestClient(app_with(task))
        await client.post("/")
        await begun.wait()
        gone = weakref.ref(client)
        del client
        gc.collect()
        assert gone() is None
        assert BackgroundTask.__init__ is TASK_INIT
        await cancelled.wait()

    run(main())


def test_a_start_up_or_a_shutdown_that_fails_raises() -> None:
    async def main() -> None:
        @contextlib.asynccontextmanager
        async def bad_start(app: FastAPI) -> AsyncIterator[None]:
            raise ValueError("start-up")
            yield

        @contextlib.asynccontextmanager
        async def bad_end(app: FastAPI) -> AsyncIterator[None]:
            yield
            raise ValueError("shutdown")

        client = AsyncTestClient(FastAPI(lifespan=bad_start))
        with pytest.raises(ValueError, match="start-up"):
            await client.__aenter__()
        with pytest.raises(ValueError, match="shutdown"):
            async with AsyncTestClient(FastAPI(lifespan=bad_end)):
                pass

    run(main())
