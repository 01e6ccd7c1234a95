"""A recorder changes nothing in how an app behaves, and keeps nothing alive."""

import asyncio
import gc
import time
import tracemalloc
import weakref
from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from fastapi import BackgroundTasks, Depends, FastAPI, Request
from starlette.background import BackgroundTask

from bgdemo import Recorder, TestClient
from bgdemo.clock import ClockName
from record.apps import fail, nothing, nothing_async, served, statuses

TASK_INIT = BackgroundTask.__init__


class TestChangesNothing:
    def test_messages_and_errors_pass_unchanged(self) -> None:
        start = {"type": "http.response.start", "status": 201, "headers": [(b"a", b"b")]}
        messages = [start, {"type": "http.response.body", "body": b"x", "more_body": False}]
        error = ValueError("after")

        async def app(scope: Any, receive: Any, send: Any) -> None:
            seen.append((scope, await receive()))
            for message in messages:
                await send(message)
            raise error

        seen: list[Any] = []
        sent: list[Any] = []

        async def receive() -> Any:
            return request

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "GET", "path": "/"}
        request = {"type": "http.request", "body": b""}
        recorder = Recorder(app)
        with pytest.raises(ValueError, match="after") as raised:
            asyncio.run(recorder(scope, receive, send))  # type: ignore[arg-type]
        assert raised.value is error
        assert seen[0][0] is scope
        assert seen[0][1] is request
        assert all(a is b for a, b in zip(sent, messages, strict=True))
        recorder.close()

    def test_it_is_hooked_while_a_server_runs_and_not_after_its_lifespan(self) -> None:
        recorder = Recorder(FastAPI())
        messages = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

        async def receive() -> Any:
            recorder.begin({"type": "http", "method": "GET", "path": "/"})
            assert BackgroundTask.__init__ is not TASK_INIT
            return next(messages)

        async def send(message: Any) -> None: ...

        asyncio.run(recorder({"type": "lifespan", "state": {}}, receive, send))
        assert BackgroundTask.__init__ is TASK_INIT

    def test_a_recorder_that_nobody_holds_unhooks(self) -> None:
        recorder = Recorder(FastAPI())
        recorder.begin({"type": "http", "method": "GET", "path": "/"})
        gone = weakref.ref(recorder)
        del recorder
        gc.collect()
        assert gone() is None
        assert BackgroundTask.__init__ is TASK_INIT

    def test_a_task_error_passes_through_a_dependency_with_yield(self) -> None:
        seen: list[str] = []

        def session() -> Iterator[None]:
            try:
                yield
            except ValueError as error:
                seen.append(str(error))
                raise

        def index(background_tasks: BackgroundTasks, s: Annotated[None, Depends(session)]) -> None:
            background_tasks.add_task(fail)

        assert statuses(served(index)) == [("fail", "failed")]
        assert seen == ["no mail server"]

    def test_the_traceback_of_a_task_error_leads_to_the_task(self) -> None:
        app = FastAPI()

        @app.get("/")
        def index(background_tasks: BackgroundTasks) -> None:
            background_tasks.add_task(fail)

        with TestClient(app) as client:
            client.get("/")
            with pytest.raises(ValueError, match="no mail server") as raised:
                client.drain()
        assert raised.traceback[-1].name == "fail"

    def test_a_finished_task_is_not_kept_alive_by_more_than_its_arguments(self) -> None:
        class Thing:
            pass

        thing: Thing | None = Thing()
        gone = weakref.ref(thing)  # type: ignore[type-var]
        things = [thing]
        app = FastAPI()

        @app.get("/")
        async def index(request: Request, background_tasks: BackgroundTasks) -> None:
            request.state.thing = things.pop()
            background_tasks.add_task(nothing)

        with TestClient(app) as client:
            client.get("/")
            client.drain()
            thing = None
            gc.collect()
            assert gone() is None

    @pytest.mark.parametrize("clock", ["real", "simulated"])
    def test_a_request_with_a_task_keeps_at_most_3_kilobytes(self, clock: ClockName) -> None:
        app = FastAPI()

        @app.get("/")
        async def index(background_tasks: BackgroundTasks) -> None:
            background_tasks.add_task(nothing_async)
            if clock == "simulated":
                background_tasks.add_task(time.sleep, 7)

        with TestClient(app, clock=clock, close_timeout=10_000) as client:
            for _ in range(50):
                client.get("/")
            client.drain()
            tracemalloc.start()
            gc.collect()
            before = tracemalloc.get_traced_memory()[0]
            for _ in range(200):
                client.get("/")
            client.drain()
            gc.collect()
            after = tracemalloc.get_traced_memory()[0]
            tracemalloc.stop()
        assert (after - before) / 200 <= 3 * 1024
