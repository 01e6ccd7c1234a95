"""AsyncTestClient: the same client on the caller's own event loop. Beside it, test_testclient*.py has what both do."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator
from contextvars import ContextVar
from typing import Any

import httpx
import pytest
from fastapi import BackgroundTasks, FastAPI, Request
from fastapi.responses import JSONResponse, StreamingResponse

from bgdemo import AsyncTestClient, TestClient
from bgdemo.errors import DrainTimeout
from client.async_apps import AsyncGate, app_with, fail, nothing, run
from gates import DEADLINE, Gate, Threads


def test_a_call_returns_while_its_async_task_waits() -> None:
    async def main() -> None:
        gate = AsyncGate()
        async with AsyncTestClient(app_with(gate.hold)) as client:
            assert (await client.post("/")).json() == "added"
            await gate.reached.wait()
            assert client.timeline.tasks[0].status == "running"
            gate.open.set()
            assert (await client.drain()).tasks[0].status == "finished"

    run(main())


def test_a_call_returns_while_its_sync_task_runs(gate: Gate) -> None:
    async def main() -> None:
        async with AsyncTestClient(app_with(gate.hold)) as client:
            await client.post("/")
            await asyncio.to_thread(gate.wait_until_reached)
            assert client.timeline.tasks[0].status == "running"
            gate.open()

    run(main())


def test_the_caller_has_the_response_before_an_async_task_begins_to_block_the_loop() -> None:
    async def main() -> None:
        order: list[str] = []

        async def task() -> None:
            order.append("task")

        async with AsyncTestClient(app_with(task)) as client:
            await client.post("/")
            order.append("response")
            await client.drain()
        assert order == ["response", "task"]

    run(main())


def test_wait_for_tasks_returns_when_the_tasks_have_ended_and_raises_their_errors() -> None:
    async def main() -> None:
        async with AsyncTestClient(app_with(nothing), wait_for_tasks=True) as client:
            await client.post("/")
            assert client.timeline.tasks[0].status == "finished"
        async with AsyncTestClient(app_with((fail, "told")), wait_for_tasks=True) as client:
            with pytest.raises(ValueError, match="told"):
                await client.post("/")
            await client.drain()

    run(main())


def test_drain_raises_each_error_once_and_several_as_a_group() -> None:
    async def main() -> None:
        async with AsyncTestClient(app_with((fail, "one"))) as client:
            await client.post("/")
            with pytest.raises(ValueError, match="one"):
                await client.drain()
            await client.post("/")
            await client.post("/")
            with pytest.raises(ExceptionGroup) as raised:
                await client.drain()
            assert [str(error) for error in raised.value.exceptions] == ["one", "one"]
            await client.drain()

    run(main())


def test_drain_times_out_with_the_names_of_the_tasks_and_loses_nothing() -> None:
    async def main() -> None:
        gate = AsyncGate()
        async with AsyncTestClient(app_with(gate.hold, (fail, "later"))) as client:
            await client.post("/")
            with pytest.raises(DrainTimeout, match=r"hold of POST / \((running|added)\), fail of POST / \(added\)"):
                await client.drain(timeout=0)
            gate.open.set()
            with pytest.raises(ValueError, match="later"):
                await client.drain(timeout=DEADLINE)
            await client.drain()

    run(main())


def test_a_drain_that_was_cancelled_loses_nothing() -> None:
    async def main() -> None:
        gate = AsyncGate()
        async with AsyncTestClient(app_with(gate.hold, (fail, "later"))) as client:
            await client.post("/")
            drain = asyncio.create_task(client.drain())
            await gate.reached.wait()
            drain.cancel()
            with pytest.raises(asyncio.CancelledError):
                await drain
            gate.open.set()
            with pytest.raises(ValueError, match="later"):
                await client.drain()

    run(main())


def test_an_error_is_neither_raised_twice_nor_lost_when_a_request_from_before_a_drain_ends() -> None:
    async def main() -> None:
        gate = AsyncGate()
        app = app_with((fail, "one"))
        app.get("/slow")(gate.hold)
        async with AsyncTestClient(app) as client:
            slow = asyncio.create_task(client.get("/slow"))
            await gate.reached.wait()
            for _ in range(2):
                await client.post("/")
                with pytest.raises(ValueError, match="one"):
                    await client.drain()
            await client.post("/")
            gate.open.set()
            await slow
            with pytest.raises(ValueError, match="one"):
                await client.drain()
            await client.drain()

    run(main())


def test_requests_of_one_gather_are_handled_at_the_same_time() -> None:
    async def main() -> None:
        together = asyncio.Barrier(20)
        app = FastAPI()

        @app.get("/{number}")
        async def index(number: int, background_tasks: BackgroundTasks) -> int:
            await together.wait()
            background_tasks.add_task(nothing)
            return number

        async with AsyncTestClient(app) as client:
            responses = await asyncio.gather(*(client.get(f"/{number}") for number in range(20)))
            assert [response.json() for response in responses] == list(range(20))
            assert {task.status for task in (await client.drain()).tasks} == {"finished"}

    run(main())


def test_clients_nest_in_routes_and_in_tasks() -> None:
    async def main() -> None:
        async def task() -> None:
            async with AsyncTestClient(app_with(nothing)) as innermost:
                await innermost.post("/")
                assert len((await innermost.drain()).tasks) == 1

        inner = AsyncTestClient(app_with(nothing))
        app = FastAPI()

        @app.get("/")
        async def index(background_tasks: BackgroundTasks) -> Any:
            background_tasks.add_task(task)
            response = await inner.post("/")
            await inner.drain()
            return response.json()

        async with AsyncTestClient(app) as outer:
            assert (await outer.get("/")).json() == "added"
            assert [task.name for task in (await outer.drain()).tasks] == ["task"]
        assert [task.name for task in inner.timeline.tasks] == ["nothing"]
        await inner.aclose()

    run(main())


def test_an_async_route_may_call_its_own_app() -> None:
    async def main() -> None:
        app = app_with()

        @app.get("/")
        async def index() -> Any:
            return (await client.get("/ping")).json()

        async with AsyncTestClient(app) as client:
            assert (await client.get("/")).json() == "pong"

    run(main())


def test_a_test_client_works_beside_it_on_the_same_loop() -> None:
    async def main() -> None:
        with TestClient(app_with(nothing)) as other:
            async with AsyncTestClient(app_with(nothing)) as client:
                await client.post("/")
                other.post("/")
                assert len((await client.drain()).tasks) == 1
                assert len(other.drain().tasks) == 1

    run(main())


var: ContextVar[str] = ContextVar("async_var", default="unset")


def test_context_variables_cross_neither_way() -> None:
    async def main() -> None:
        seen: list[str] = []

        @contextlib.asynccontextmanager
        async def lifespan(app: FastAPI) -> AsyncIterator[None]:
            seen.append(var.get())
            yield

        app = FastAPI(lifespan=lifespan)

        @app.get("/")
        async def index() -> str:
            before = var.get()
            var.set("route")
            return before

        var.set("caller")
        async with AsyncTestClient(app) as client:
            assert (await client.get("/")).json() == "unset"
        assert seen == ["unset"]
        assert var.get() == "caller"

    run(main())


def test_it_starts_no_thread_of_its_own() -> None:
    async def main() -> None:
        threads = Threads()

        async def task() -> None:
            pass

        async with AsyncTestClient(app_with(task)) as client:
            await client.post("/")
            await client.drain()
        assert threads.new() == []

    run(main())


def test_cookies_redirects_headers_and_client_options_are_as_on_the_other_client() -> None:
    async def main() -> None:
        app = FastAPI()

        @app.get("/set")
        async def set_cookie() -> JSONResponse:
            response = JSONResponse(None, 307, {"location": "/"})
            response.set_cookie("session", "abc")
            return response

        @app.get("/")
        async def index(request: Request) -> list[Any]:
            return [request.cookies, request.headers["user-agent"], request.client, request.scope["root_path"]]

        async with AsyncTestClient(app, root_path="/m", client=("a", 1), cookies={"own": "1"}) as client:
            response = await client.get("/set")
            assert response.json() == [{"own": "1", "session": "abc"}, "testclient", ["a", 1], "/m"]
            assert type(response) is httpx.Response

    run(main())


def test_lifespan_runs_with_state_on_the_callers_loop() -> None:
    async def main() -> None:
        loops: list[Any] = []

        @contextlib.asynccontextmanager
        async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, int]]:
            loops.append(asyncio.get_running_loop())
            yield {"answer": 42}
            loops.append(asyncio.get_running_loop())

        app = FastAPI(lifespan=lifespan)

        @app.get("/")
        async def index(request: Request) -> int:
            return int(request.state.answer)

        async with AsyncTestClient(app) as client:
            assert (await client.get("/")).json() == 42
        assert loops == [asyncio.get_running_loop()] * 2

    run(main())


def test_a_stream_gives_chunks_as_they_are_sent_and_leaving_early_ends_the_generator() -> None:
    async def main() -> None:
        gate, closed = AsyncGate(), asyncio.Event()

        async def chunks() -> AsyncIterator[str]:
            try:
                yield "one\n"
                await gate.hold()
                yield "two\n"
                await asyncio.Event().wait()
            finally:
                closed.set()

        app = FastAPI()

        @app.get("/")
        async def index() -> StreamingResponse:
            return StreamingResponse(chunks())

        async with AsyncTestClient(app) as client:
            async with client.stream("GET", "/") as response:
                lines = response.aiter_lines()
                assert await anext(lines) == "one"
                await gate.reached.wait()
                gate.open.set()
                assert await anext(lines) == "two"
            await closed.wait()

    run(main())


def test_an_endless_stream_waits_for_its_reader() -> None:
    async def main() -> None:
        sent = 0
        stop = False

        async def chunks() -> AsyncIterator[bytes]:
            nonlocal sent
            while not stop:
                sent += 10_000
                yield b"x" * 10_000

        app = FastAPI()

        @app.get("/")
        async def index() -> StreamingResponse:
            return StreamingResponse(chunks())

        async with AsyncTestClient(app) as client, client.stream("GET", "/") as response:
            data = response.aiter_raw()
            read = len(await anext(data))
            for _ in range(100):
                await asyncio.sleep(0)
                assert sent - read <= 65_536 + 2 * 10_000
            for _ in range(20):
                read += len(await anext(data))
            stop = True

    run(main())


def test_gathered_requests_with_tasks_and_drains_lose_nothing() -> None:
    async def main() -> None:
        app = FastAPI()
        ran: list[int] = []

        @app.post("/{number}")
        async def index(number: int, background_tasks: BackgroundTasks) -> None:
            background_tasks.add_task(ran.append, number)

        async with AsyncTestClient(app) as client:

            async def use(first: int) -> None:
                for number in range(first, first + 20):
                    await client.post(f"/{number}")
                    await client.drain()

            await asyncio.gather(*(use(first) for first in range(0, 200, 20)))
            assert {task.status for task in client.timeline.tasks} == {"finished"}
        assert sorted(ran) == list(range(200))

    run(main())


def test_it_works_on_a_loop_in_a_thread_that_is_not_the_main_one() -> None:
    async def main() -> None:
        async with AsyncTestClient(app_with(nothing)) as client:
            await client.post("/")

    thread = threading.Thread(target=run, args=[main()])
    thread.start()
    thread.join(DEADLINE)
    assert not thread.is_alive()
