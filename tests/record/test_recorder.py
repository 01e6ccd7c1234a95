"""The recorder: every request and every task, and nothing of anybody else."""

import asyncio
import contextvars
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import BackgroundTasks, FastAPI, HTTPException
from fastapi.responses import Response
from starlette.background import BackgroundTask
from starlette.background import BackgroundTasks as TaskList

from bgdemo import AsyncTestClient, Recorder, TestClient
from gates import DEADLINE, Gate
from record.apps import fail, kinds, nothing, nothing_async, served, statuses


class TestRecords:
    def test_a_request_and_its_task_from_added_to_ended(self) -> None:
        def index(background_tasks: BackgroundTasks) -> None:
            background_tasks.add_task(nothing, "a", 1, key="value")

        timeline = served(index)
        (request,) = timeline.requests
        (task,) = timeline.tasks
        assert (request.id, request.method, request.path, request.status, request.error) == (1, "GET", "/", 200, None)
        assert (task.id, task.request_id, task.name, task.function) == (1, 1, "nothing", "record.apps.nothing")
        assert (task.args, task.kwargs, task.status, task.error) == (("a", 1), {"key": "value"}, "finished", None)
        assert kinds(timeline) == [
            "request_sent",
            "task_added",
            "response_started",
            "response_ended",
            "task_started",
            "task_ended",
            "request_ended",
        ]
        times = [event.time for event in timeline.events]
        assert 0 <= request.sent <= times[0]  # the client sends it before the app gets it
        assert [task.added, request.responded, task.started, task.ended, request.ended] == [
            times[1],
            times[3],
            times[4],
            times[5],
            times[6],
        ]

    def test_the_path_is_without_the_query_and_ids_count_up(self) -> None:
        with TestClient(FastAPI()) as client:
            client.get("/a?b=1")
            client.post("/c/提醒")
            requests = client.drain().requests
        assert [(r.id, r.method, r.path, r.status) for r in requests] == [
            (1, "GET", "/a", 404),
            (2, "POST", "/c/提醒", 404),
        ]

    def test_time_begins_at_the_first_request(self) -> None:
        client = TestClient(FastAPI())
        assert client.clock.time() == 0.0
        client.get("/")
        assert client.timeline.requests[0].sent < client.clock.time()
        assert client.timeline.events[0].time < 0.1
        client.close()

    def test_what_the_app_raised_is_on_the_request(self) -> None:
        def index() -> None:
            raise ValueError("in the route")

        (request,) = served(index).requests
        assert (request.status, request.error) == (500, "ValueError: in the route")
        assert request.ended is not None

    @pytest.mark.parametrize(("task", "ran_in"), [(nothing, "threadpool"), (nothing_async, "event_loop")])
    def test_it_notes_where_a_task_ran(self, task: Any, ran_in: str) -> None:
        def index(background_tasks: BackgroundTasks) -> None:
            background_tasks.add_task(task)

        assert served(index).tasks[0].ran_in == ran_in

    def test_a_failed_task_has_its_error_and_the_ones_after_it_are_skipped(self) -> None:
        def index(background_tasks: BackgroundTasks) -> None:
            for task in (nothing, fail, nothing_async, nothing):
                background_tasks.add_task(task)

        timeline = served(index)
        assert statuses(timeline) == [
            ("nothing", "finished"),
            ("fail", "failed"),
            ("nothing_async", "skipped"),
            ("nothing", "skipped"),
        ]
        assert timeline.tasks[1].error == "ValueError: no mail server"
        assert timeline.tasks[2].ran_in is None
        assert timeline.requests[0].error == "ValueError: no mail server"

    @pytest.mark.parametrize(
        "raised", [HTTPException(400), ValueError("route"), BaseExceptionGroup("two", [ValueError()])]
    )
    def test_tasks_of_a_route_that_raises_are_dropped(self, raised: Exception) -> None:
        def index(background_tasks: BackgroundTasks) -> None:
            background_tasks.add_task(nothing)
            raise raised

        assert statuses(served(index)) == [("nothing", "dropped")]

    def test_a_task_that_was_never_given_to_a_response_is_dropped(self) -> None:
        def index() -> None:
            BackgroundTask(nothing)

        assert statuses(served(index)) == [("nothing", "dropped")]


class TestNothingElse:
    def test_tasks_of_another_app_are_not_recorded(self, gate: Gate) -> None:
        app = FastAPI()

        @app.get("/")
        def index(background_tasks: BackgroundTasks) -> None:
            background_tasks.add_task(gate.hold)

        with TestClient(app) as client:
            client.get("/")
            gate.wait_until_reached()
            asyncio.run(BackgroundTask(nothing)())  # outside of any request
            TaskList([BackgroundTask(nothing)])
            gate.open()
            assert statuses(client.drain()) == [("hold", "finished")]

    @pytest.mark.filterwarnings("ignore")
    def test_an_app_on_the_stock_client_beside_it_is_not_recorded(self) -> None:
        from starlette.testclient import TestClient as StockClient

        def other_index(background_tasks: BackgroundTasks) -> None:
            background_tasks.add_task(nothing, "other")

        other = FastAPI()
        other.get("/")(other_index)
        with TestClient(FastAPI()) as client:
            client.get("/")
            StockClient(other).get("/")
            assert client.drain().tasks == ()

    def test_what_a_route_started_makes_no_tasks_after_the_request(self) -> None:
        ended, ran = Gate(), threading.Event()

        async def detached() -> None:
            await asyncio.to_thread(ended.hold)
            await BackgroundTask(nothing)()
            ran.set()

        app = FastAPI()
        running: list[Any] = []

        @app.get("/")
        async def index() -> None:
            running.append(asyncio.create_task(detached()))

        with TestClient(app) as client:
            client.get("/")
            client.drain()
            ended.open()
            assert ran.wait(DEADLINE)
            assert client.timeline.tasks == ()

    def test_a_mounted_app_is_part_of_the_app(self) -> None:
        app, mounted = FastAPI(), FastAPI()
        app.mount("/m", mounted)

        @mounted.get("/")
        def index(background_tasks: BackgroundTasks) -> None:
            background_tasks.add_task(nothing)

        with TestClient(app) as client:
            client.get("/m/")
            timeline = client.drain()
        assert statuses(timeline) == [("nothing", "finished")]
        assert timeline.requests[0].path == "/m/"

    def test_two_recorders_of_one_app_have_each_their_own_requests(self) -> None:
        app = FastAPI()

        @app.get("/")
        def index(background_tasks: BackgroundTasks) -> None:
            background_tasks.add_task(nothing)

        async def main() -> None:
            async with AsyncTestClient(app) as one, AsyncTestClient(app) as other:
                await asyncio.gather(one.get("/"), one.get("/"), other.get("/"))
                assert [len((await client.drain()).tasks) for client in (one, other)] == [2, 1]

        asyncio.run(main())


class TestARequestThatIsThrownAway:
    """The garbage collector ends an old coroutine wherever it likes: on another request's thread, in its context."""

    def half_done(self) -> Any:
        """A request whose task waits for ever, and which no loop goes on with."""

        class Never:
            def __await__(self) -> Iterator[None]:
                while True:
                    yield

        async def wait() -> None:
            await Never()

        async def send(message: Any) -> None:
            pass

        recorder = Recorder(Response(background=BackgroundTask(wait)))
        scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
        request = recorder(scope, lambda: Never(), send)  # type: ignore[arg-type, return-value]
        contextvars.copy_context().run(request.send, None)
        assert [task.status for task in recorder.timeline.tasks] == ["running"]
        return request

    def test_it_takes_no_task_from_another(self) -> None:
        old = self.half_done()

        async def index(background_tasks: BackgroundTasks) -> None:
            old.close()
            background_tasks.add_task(nothing)

        assert statuses(served(index)) == [("nothing", "finished")]

    def test_it_takes_nothing_of_what_another_prints(self) -> None:
        old = self.half_done()

        def speak() -> None:
            print("one", end=" ")
            old.close()
            print("two", end="")

        def index(background_tasks: BackgroundTasks) -> None:
            background_tasks.add_task(speak)

        (task,) = served(index).tasks
        assert task.printed == "one two"
