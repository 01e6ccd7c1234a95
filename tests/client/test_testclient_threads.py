"""TestClient on several threads, several clients, and clients within an app."""

import contextlib
import gc
import threading
from collections.abc import AsyncIterator
from concurrent.futures import Future
from contextvars import ContextVar
from typing import Any

from fastapi import BackgroundTasks, FastAPI
from starlette.background import BackgroundTask

from bgdemo import TestClient
from bgdemo.errors import ClientError
from client.apps import TASK_INIT, app_with, nothing
from gates import DEADLINE, Gate, Threads, in_thread, until

var: ContextVar[str] = ContextVar("var", default="unset")


class TestConcurrency:
    def test_requests_from_several_threads_are_handled_at_the_same_time(self) -> None:
        together = threading.Barrier(8, timeout=DEADLINE)
        app = FastAPI()

        @app.get("/{number}")
        def index(number: int) -> int:
            together.wait()
            return number

        with TestClient(app) as client:
            calls = [in_thread(lambda n=n: client.get(f"/{n}").json()) for n in range(8)]  # type: ignore[misc]
            assert [call.result(DEADLINE) for call in calls] == list(range(8))

    def test_a_first_request_from_several_threads_starts_one_loop(self, threads: Threads) -> None:
        together = threading.Barrier(8, timeout=DEADLINE)
        client = TestClient(app_with())

        def call() -> Any:
            together.wait()
            return client.get("/ping").json()

        calls = [in_thread(call) for _ in range(8)]
        assert [call.result(DEADLINE) for call in calls] == ["pong"] * 8
        assert len(threads.loops()) == 1
        client.close()

    def test_several_clients_of_one_app_know_nothing_of_each_other(self, gate: Gate) -> None:
        app = app_with(gate.hold)
        with TestClient(app) as one, TestClient(app) as other:
            one.post("/")
            gate.wait_until_reached()
            other.get("/ping")
            assert other.drain().tasks == ()
            assert len(one.timeline.tasks) == 1
            assert len(one.timeline.requests) == 1
            gate.open()

    def test_a_sync_route_may_use_a_client_of_another_app(self) -> None:
        inner = TestClient(app_with(nothing))
        app = FastAPI()

        @app.get("/")
        def index(background_tasks: BackgroundTasks) -> Any:
            background_tasks.add_task(nothing)
            inner.post("/")
            return [task.status for task in inner.drain().tasks]

        with TestClient(app) as outer:
            assert outer.get("/").json() == ["finished"]
            assert len(outer.drain().tasks) == 1
        inner.close()

    def test_an_async_route_may_use_a_client_of_another_app(self) -> None:
        inner = TestClient(app_with(nothing))
        app = FastAPI()

        @app.get("/")
        async def index() -> Any:
            return inner.post("/").json()

        with TestClient(app) as outer:
            assert outer.get("/").json() == "added"
            assert outer.drain().tasks == ()
        inner.close()
        assert len(inner.timeline.tasks) == 1

    def test_a_sync_route_may_use_a_client_of_its_own_app(self) -> None:
        app = app_with()

        @app.get("/")
        def index() -> Any:
            return client.get("/ping").json()

        client = TestClient(app)
        assert client.get("/").json() == "pong"
        client.close()

    def test_a_task_may_use_a_client_of_another_app_and_drain_it(self) -> None:
        inner = TestClient(app_with(nothing))

        def task() -> None:
            inner.post("/")
            assert inner.drain().tasks[0].status == "finished"

        with TestClient(app_with(task)) as outer:
            outer.post("/")
            assert [task.status for task in outer.drain().tasks] == ["finished"]
        inner.close()

    def test_a_task_may_make_a_client_and_drop_it(self) -> None:
        def task() -> None:
            with TestClient(app_with(nothing)) as client:
                client.post("/")

        with TestClient(app_with(task)) as outer:
            outer.post("/")
            assert [task.status for task in outer.drain().tasks] == ["finished"]
            assert BackgroundTask.__init__ is not TASK_INIT
        assert BackgroundTask.__init__ is TASK_INIT

    def test_context_variables_cross_neither_way(self) -> None:
        @contextlib.asynccontextmanager
        async def lifespan(app: FastAPI) -> AsyncIterator[None]:
            seen.append(var.get())
            var.set("lifespan")
            yield

        seen: list[str] = []
        app = FastAPI(lifespan=lifespan)

        @app.get("/")
        async def index() -> str:
            before = var.get()
            var.set("route")
            return before

        var.set("caller")
        with TestClient(app) as client:
            assert client.get("/").json() == "unset"
            assert client.get("/").json() == "unset"
        assert seen == ["unset"]
        assert var.get() == "caller"
        var.set("unset")

    def test_an_exception_that_the_caller_is_handling_makes_no_difference(self, gate: Gate) -> None:
        with TestClient(app_with(gate.hold)) as client:
            try:
                raise ValueError
            except ValueError:
                assert client.post("/").status_code == 200
            gate.open()


class TestHammer:
    def test_200_requests_from_8_threads_with_tasks_and_drains(self) -> None:
        ran: list[int] = []
        app = FastAPI()

        @app.post("/{number}")
        def index(number: int, background_tasks: BackgroundTasks) -> int:
            background_tasks.add_task(ran.append, number)
            background_tasks.add_task(odd, number)
            return number

        async def odd(number: int) -> None:
            if number % 2:
                raise ValueError(number)

        errors: list[BaseException] = []

        def drain() -> None:
            try:
                client.drain()
            except ExceptionGroup as group:
                errors.extend(group.exceptions)
            except ValueError as error:
                errors.append(error)

        def use(thread: int) -> None:
            for number in range(thread * 25, thread * 25 + 25):
                assert client.post(f"/{number}").json() == number
                if number % 5 == 0:
                    drain()

        with TestClient(app) as client:
            calls = [in_thread(lambda t=t: use(t)) for t in range(8)]  # type: ignore[misc]
            for call in calls:
                call.result(3 * DEADLINE)
            drain()
            timeline = client.timeline
        assert sorted(ran) == list(range(200))
        assert sorted(error.args[0] for error in errors) == list(range(1, 200, 2))
        assert len(timeline.tasks) == 400
        assert {task.status for task in timeline.tasks} == {"finished", "failed"}

    def test_a_client_closed_amid_requests_of_8_threads_raises_its_own_errors_only(self, threads: Threads) -> None:
        for _ in range(5):
            client = TestClient(app_with(nothing))
            started = threading.Barrier(9, timeout=DEADLINE)

            def use(client: TestClient = client, started: threading.Barrier = started) -> None:
                started.wait()
                for _ in range(50):
                    client.post("/")
                    client.drain()

            calls: list[Future[None]] = [in_thread(use) for _ in range(8)]
            started.wait()
            client.close()
            errors = [call.exception(DEADLINE) for call in calls]
            assert {type(error) for error in errors if error} <= {ClientError}, errors
            until(lambda: not threads.loops(), "the loop's thread to end")

    def test_50_clients_can_be_dropped(self, threads: Threads) -> None:
        app = app_with(nothing)
        for number in range(50):
            client = TestClient(app)
            assert client.post("/").json() == "added"
            if number % 2:
                client.close()
        del client
        gc.collect()
        until(lambda: not threads.new(), "the threads to end")
        assert BackgroundTask.__init__ is TASK_INIT
