"""The recorder: every request and every task, how each ended, and nothing of anybody else."""

import asyncio
import contextlib
import contextvars
import functools
import gc
import io
import sys
import threading
import time
import tracemalloc
import weakref
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Annotated, Any

import pytest
from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, Response
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.background import BackgroundTasks as TaskList
from starlette.routing import Route

from bgdemo import AsyncTestClient, Recorder, Task, TestClient, Timeline
from bgdemo.clock import ClockName
from bgdemo.errors import DrainTimeout
from gates import DEADLINE, Gate, Threads, forget_clients, in_thread, until

TASK_INIT = BackgroundTask.__init__


@pytest.fixture(autouse=True)
def _no_client_is_left() -> None:
    forget_clients()


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.open()


def nothing(*args: object, **kwargs: object) -> None:
    pass


async def nothing_async() -> None:
    pass


def fail() -> None:
    raise ValueError("no mail server")


def served(endpoint: Callable[..., Any]) -> Timeline:
    """The timeline of one GET request that `endpoint` answers, errors aside."""
    app = FastAPI()
    app.get("/")(endpoint)
    with TestClient(app, raise_server_exceptions=False) as client:
        client.get("/")
        return client.drain()


def statuses(timeline: Timeline) -> list[tuple[str, str]]:
    return [(task.name, task.status) for task in timeline.tasks]


def kinds(timeline: Timeline) -> list[str]:
    return [event.kind for event in timeline.events]


class TestRecords:
    def test_a_request_and_its_task_from_added_to_ended(self) -> None:
        def index(background_tasks: BackgroundTasks) -> None:
            background_tasks.add_task(nothing, "a", 1, key="value")

        timeline = served(index)
        (request,) = timeline.requests
        (task,) = timeline.tasks
        assert (request.id, request.method, request.path, request.status, request.error) == (1, "GET", "/", 200, None)
        assert (task.id, task.request_id, task.name, task.function) == (1, 1, "nothing", "test_recorder.nothing")
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


class TestBackgroundArgument:
    def test_a_single_task(self) -> None:
        def index() -> Response:
            return JSONResponse(None, background=BackgroundTask(nothing, 1))

        (task,) = served(index).tasks
        assert (task.status, task.args) == ("finished", (1,))
        assert task.added is not None

    def test_a_list_of_tasks(self) -> None:
        def index() -> Response:
            return JSONResponse(None, background=TaskList([BackgroundTask(nothing), BackgroundTask(nothing_async)]))

        assert statuses(served(index)) == [("nothing", "finished"), ("nothing_async", "finished")]

    def test_skipped_in_its_list_and_dropped_beside_it(self) -> None:
        def index(background_tasks: BackgroundTasks) -> Response:
            background_tasks.add_task(nothing, "injected")
            own = TaskList([BackgroundTask(fail), BackgroundTask(nothing, "own")])
            own.add_task(nothing_async)
            return JSONResponse(None, background=own)

        assert [(task.name, task.args, task.status) for task in served(index).tasks] == [
            ("nothing", ("injected",), "dropped"),
            ("fail", (), "failed"),
            ("nothing", ("own",), "skipped"),
            ("nothing_async", (), "skipped"),
        ]

    def test_an_empty_list_drops_the_injected_tasks(self) -> None:
        def index(background_tasks: BackgroundTasks) -> Response:
            background_tasks.add_task(nothing)
            return JSONResponse(None, background=TaskList())

        assert statuses(served(index)) == [("nothing", "dropped")]

    def test_a_list_that_was_thrown_away_is_not_mistaken_for_the_one_after_it(self) -> None:
        def index() -> Response:
            lost = TaskList()
            lost.add_task(nothing, "lost")
            del lost
            kept = TaskList()
            kept.add_task(fail)
            kept.add_task(nothing, "kept")
            return JSONResponse(None, background=kept)

        assert [(task.args, task.status) for task in served(index).tasks] == [
            (("lost",), "dropped"),
            ((), "failed"),
            (("kept",), "skipped"),
        ]

    def test_a_task_that_was_appended_to_the_list_itself_is_skipped_like_the_others(self) -> None:
        def index() -> Response:
            tasks = TaskList([BackgroundTask(fail)])
            tasks.tasks.append(BackgroundTask(nothing))
            return JSONResponse(None, background=tasks)

        assert statuses(served(index)) == [("fail", "failed"), ("nothing", "skipped")]

    def test_a_list_within_a_list_that_fails_skips_what_comes_after_it(self) -> None:
        def index() -> Response:
            inner = TaskList([BackgroundTask(fail), BackgroundTask(nothing, "inner")])
            outer = TaskList([BackgroundTask(nothing), inner, BackgroundTask(nothing, "outer")])
            return JSONResponse(None, background=outer)

        assert sorted((task.name, task.status) for task in served(index).tasks) == [
            ("fail", "failed"),
            ("nothing", "finished"),
            ("nothing", "skipped"),
            ("nothing", "skipped"),
        ]

    def test_a_starlette_app_is_recorded_too(self) -> None:
        async def index(request: Request) -> Response:
            return JSONResponse(None, background=BackgroundTask(nothing))

        with TestClient(Starlette(routes=[Route("/", index)])) as client:
            client.get("/")
            assert statuses(client.drain()) == [("nothing", "finished")]

    def test_a_task_made_at_import_time_has_no_added_and_runs_for_each_request(self) -> None:
        task = BackgroundTask(nothing)
        app = FastAPI()

        @app.get("/")
        def index() -> Response:
            return JSONResponse(None, background=task)

        with TestClient(app) as client:
            client.get("/")
            client.get("/")
            timeline = client.drain()
        assert [(t.id, t.request_id, t.added, t.status) for t in timeline.tasks] == [
            (1, 1, None, "finished"),
            (2, 2, None, "finished"),
        ]
        assert "task_added" not in kinds(timeline)

    def test_a_task_made_at_import_time_that_fails_and_one_after_it(self) -> None:
        tasks = TaskList([BackgroundTask(fail), BackgroundTask(nothing)])

        def index() -> Response:
            return JSONResponse(None, background=tasks)

        assert statuses(served(index)) == [("fail", "failed")]


class TestUnusualTasks:
    def test_a_task_that_adds_a_task(self) -> None:
        def index(background_tasks: BackgroundTasks) -> None:
            background_tasks.add_task(again, background_tasks)

        def again(tasks: BackgroundTasks) -> None:
            tasks.add_task(nothing)

        timeline = served(index)
        assert statuses(timeline) == [("again", "finished"), ("nothing", "finished")]
        first, second = timeline.tasks
        assert first.started is not None
        assert second.added is not None
        assert second.added >= first.started

    def test_a_task_object_that_is_run_twice_is_two_tasks(self) -> None:
        def index() -> Response:
            task = BackgroundTask(nothing)
            return JSONResponse(None, background=TaskList([task, task]))

        first, second = served(index).tasks
        assert (first.status, second.status) == ("finished", "finished")
        assert first.added is not None
        assert second.added is None

    @pytest.mark.parametrize("is_async", [False, True])
    def test_callable_objects_partials_and_lambdas(self, is_async: bool) -> None:
        ran: list[int] = []

        class Sync:
            def __call__(self, number: int) -> None:
                ran.append(number)

        class Async:
            async def __call__(self, number: int) -> None:
                ran.append(number)

        called: Any = Async() if is_async else Sync()

        def index(background_tasks: BackgroundTasks) -> None:
            background_tasks.add_task(called, 1)
            background_tasks.add_task(functools.partial(called, 2))
            background_tasks.add_task(functools.partial(functools.partial(called), 3))
            background_tasks.add_task(lambda: ran.append(4))

        timeline = served(index)
        assert ran == [1, 2, 3, 4]
        name = "Async" if is_async else "Sync"
        assert statuses(timeline) == [(name, "finished")] * 3 + [("<lambda>", "finished")]
        assert {task.ran_in for task in timeline.tasks[:3]} == {"event_loop" if is_async else "threadpool"}

    def test_a_generator_function_finishes_without_doing_its_work(self) -> None:
        ran: list[int] = []

        def generator() -> Iterator[None]:
            ran.append(1)
            yield

        async def async_generator() -> AsyncIterator[None]:
            ran.append(2)
            yield

        def index(background_tasks: BackgroundTasks) -> None:
            background_tasks.add_task(generator)
            background_tasks.add_task(async_generator)

        assert statuses(served(index)) == [("generator", "finished"), ("async_generator", "finished")]
        assert ran == []

    def test_a_call_instead_of_a_function_fails_with_its_type_error(self) -> None:
        def index(background_tasks: BackgroundTasks) -> None:
            background_tasks.add_task(nothing())  # type: ignore[func-returns-value]

        (task,) = served(index).tasks
        assert (task.name, task.status, task.started) == ("NoneType", "failed", None)
        assert str(task.error).startswith("TypeError: ")

    def test_a_coroutine_object_fails_with_its_type_error(self) -> None:
        coroutines = []

        def index(background_tasks: BackgroundTasks) -> None:
            coroutines.append(nothing_async())
            background_tasks.add_task(coroutines[0])

        (task,) = served(index).tasks
        assert (task.name, task.status) == ("nothing_async", "failed")
        assert str(task.error).startswith("TypeError: ")
        coroutines[0].close()

    def test_wrong_arguments_fail_the_task(self) -> None:
        def index(background_tasks: BackgroundTasks) -> None:
            background_tasks.add_task(fail, "one too many")

        (task,) = served(index).tasks
        assert task.status == "failed"
        assert str(task.error).startswith("TypeError: ")

    def test_a_task_that_raises_a_base_exception_failed(self) -> None:
        def leave() -> None:
            raise SystemExit(3)

        app = FastAPI()

        @app.get("/")
        def index(background_tasks: BackgroundTasks) -> None:
            background_tasks.add_task(leave)

        with TestClient(app) as client:
            client.get("/")
            with pytest.raises(SystemExit):
                client.drain()
            assert client.timeline.tasks[0].error == "SystemExit: 3"

    def test_a_task_that_cancels_itself_is_cancelled(self) -> None:
        async def cancel() -> None:
            raise asyncio.CancelledError

        app = FastAPI()

        @app.get("/")
        def index(background_tasks: BackgroundTasks) -> None:
            background_tasks.add_task(cancel)
            background_tasks.add_task(nothing)

        with TestClient(app) as client:
            client.get("/")
            assert statuses(in_thread(client.drain).result(DEADLINE)) == [
                ("cancel", "cancelled"),
                ("nothing", "cancelled"),
            ]

    def test_the_arguments_of_a_task_are_those_it_was_called_with(self) -> None:
        seen: list[Any] = []

        def task(*args: Any, **kwargs: Any) -> None:
            seen.append((args, kwargs))

        def index(background_tasks: BackgroundTasks) -> None:
            background_tasks.add_task(task, 1, tasks=2, args=3, kwargs=4)

        (noted,) = served(index).tasks
        assert seen == [((1,), {"tasks": 2, "args": 3, "kwargs": 4})]
        assert (noted.args, noted.kwargs) == seen[0]


class TestPrinted:
    def test_what_a_task_prints_is_on_its_row_and_on_standard_output(self, capsys: pytest.CaptureFixture[str]) -> None:
        async def also() -> None:
            print("from async", 1, sep="|")

        def index(background_tasks: BackgroundTasks) -> None:
            background_tasks.add_task(print, "提醒", end="!")
            background_tasks.add_task(also)

        assert [task.printed for task in served(index).tasks] == ["提醒!", "from async|1\n"]
        assert capsys.readouterr().out == "提醒!from async|1\n"

    def test_what_the_route_prints_is_no_tasks(self, gate: Gate, capsys: pytest.CaptureFixture[str]) -> None:
        app = FastAPI()

        @app.get("/")
        def index(background_tasks: BackgroundTasks) -> None:
            print("route")
            background_tasks.add_task(gate.hold)

        with TestClient(app) as client:
            client.get("/")
            gate.wait_until_reached()
            client.get("/")
            print("test")
            gate.open()
            assert [task.printed for task in client.drain().tasks] == ["", ""]
        assert capsys.readouterr().out == "route\nroute\ntest\n"

    @pytest.mark.parametrize("is_async", [False, True])
    def test_two_tasks_at_once_keep_their_own(self, is_async: bool) -> None:
        turn = threading.Barrier(2, timeout=DEADLINE)
        async_turn = asyncio.Barrier(2)

        def task(name: str) -> None:
            for line in range(20):
                turn.wait()
                print(name, line)

        async def async_task(name: str) -> None:
            for line in range(20):
                await async_turn.wait()
                print(name, line)

        app = FastAPI()

        @app.get("/{name}")
        def index(name: str, background_tasks: BackgroundTasks) -> None:
            background_tasks.add_task(async_task if is_async else task, name)

        with TestClient(app) as client:
            client.get("/a")
            client.get("/b")
            timeline = client.drain()
        for name, printed in zip("ab", [task.printed for task in timeline.tasks], strict=True):
            assert printed == "".join(f"{name} {line}\n" for line in range(20))

    def test_what_a_task_printed_so_far_can_be_read_while_it_runs(self, gate: Gate) -> None:
        def task() -> None:
            print("before")
            gate.hold()
            print("after")

        app = FastAPI()

        @app.get("/")
        def index(background_tasks: BackgroundTasks) -> None:
            background_tasks.add_task(task)

        with TestClient(app) as client:
            client.get("/")
            gate.wait_until_reached()
            assert client.timeline.tasks[0].printed == "before\n"
            gate.open()
            assert client.drain().tasks[0].printed == "before\nafter\n"

    def test_standard_output_is_the_same_object_afterwards(self) -> None:
        before = sys.stdout

        def index(background_tasks: BackgroundTasks) -> None:
            background_tasks.add_task(print, "x")
            background_tasks.add_task(fail)

        served(index)
        assert sys.stdout is before

    def test_redirected_output_goes_where_it_was_sent(self) -> None:
        def index(background_tasks: BackgroundTasks) -> None:
            background_tasks.add_task(print, "redirected")

        with contextlib.redirect_stdout(io.StringIO()) as out:
            assert served(index).tasks[0].printed == "redirected\n"
        assert out.getvalue() == "redirected\n"

    def test_a_task_that_redirects_its_own_output_may(self) -> None:
        out = io.StringIO()

        def task() -> None:
            with contextlib.redirect_stdout(out):
                print("for the task")

        def index(background_tasks: BackgroundTasks) -> None:
            background_tasks.add_task(task)

        before = sys.stdout
        served(index)
        assert out.getvalue() == "for the task\n"
        assert sys.stdout is before

    @pytest.mark.parametrize("ends", ["inside", "outside"])
    def test_standard_output_is_restored_though_a_redirection_and_a_task_overlap(self, gate: Gate, ends: str) -> None:
        app = FastAPI()

        @app.get("/")
        def index(background_tasks: BackgroundTasks) -> None:
            background_tasks.add_task(gate.hold)

        before = sys.stdout
        try:
            with TestClient(app) as client:
                if ends == "inside":  # the task begins before the redirection and ends within it
                    client.get("/")
                    gate.wait_until_reached()
                    with contextlib.redirect_stdout(io.StringIO()):
                        gate.open()
                        client.drain()
                else:  # the task begins within the redirection and ends after it
                    with contextlib.redirect_stdout(io.StringIO()):
                        client.get("/")
                        gate.wait_until_reached()
                    gate.open()
                    client.drain()
            assert sys.stdout is before
        finally:
            sys.stdout = before

    def test_standard_output_is_as_it_was_after_close_though_a_thread_was_abandoned(self, gate: Gate) -> None:
        app = FastAPI()

        @app.get("/")
        def index(background_tasks: BackgroundTasks) -> None:
            background_tasks.add_task(gate.hold)

        before, write = sys.stdout, sys.stdout.write
        try:
            client = TestClient(app, close_timeout=0)
            client.get("/")
            gate.wait_until_reached()
            client.close()
            assert sys.stdout is before
            assert sys.stdout.write == write
        finally:
            sys.stdout = before

    def test_a_write_that_is_put_in_and_taken_out_does_not_take_ours_along(self, gate: Gate) -> None:
        """IPython does so in every cell, and a task may go on after its cell."""

        class Stream(io.TextIOWrapper):
            pass

        out = io.BytesIO()
        with contextlib.redirect_stdout(Stream(out, write_through=True)) as stream:
            own = stream.write
            stream.write = own  # type: ignore[method-assign] # as IPython leaves it

            @contextlib.contextmanager
            def cell() -> Iterator[None]:
                before = stream.write
                stream.write = lambda text: before(text)  # type: ignore[method-assign]
                yield
                stream.write = before  # type: ignore[method-assign]

            def task() -> None:
                gate.hold()
                print("x")

            app = FastAPI()

            @app.get("/")
            def index(background_tasks: BackgroundTasks) -> None:
                background_tasks.add_task(task)

            with cell():
                client = TestClient(app)
                client.get("/")
                gate.wait_until_reached()
            for _ in range(3):
                with cell():
                    pass
            gate.open()
            assert client.drain().tasks[0].printed == "x\n"
            with cell():
                client.get("/")
                assert client.drain().tasks[1].printed == "x\n"
            client.close()
            assert type(stream) is Stream
            assert stream.write == own
        assert out.getvalue() == b"x\nx\n"

    def test_lines_that_are_written_count_as_printed(self) -> None:
        def task() -> None:
            sys.stdout.write("write\n")
            sys.stdout.writelines(["write", "lines\n"])

        def index(background_tasks: BackgroundTasks) -> None:
            background_tasks.add_task(task)

        assert served(index).tasks[0].printed == "write\nwritelines\n"

    def test_a_client_inside_a_task_has_prints_of_its_own(self) -> None:
        inner: list[Timeline] = []

        def inner_index(background_tasks: BackgroundTasks) -> None:
            print("inner route")
            background_tasks.add_task(print, "inner task")

        def task() -> None:
            print("outer")
            inner.append(served(inner_index))

        def index(background_tasks: BackgroundTasks) -> None:
            background_tasks.add_task(task)

        assert served(index).tasks[0].printed == "outer\n"
        assert inner[0].tasks[0].printed == "inner task\n"

    def test_no_standard_output_is_no_problem(self) -> None:
        def index(background_tasks: BackgroundTasks) -> None:
            background_tasks.add_task(print, "nowhere")

        with contextlib.redirect_stdout(None):
            assert statuses(served(index)) == [("print", "finished")]


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


class TestHowTasksEnd:
    def test_all_ways_are_told_apart(self, gate: Gate) -> None:
        app = FastAPI()
        waits = threading.Event()

        async def wait() -> None:
            waits.set()
            await asyncio.Event().wait()

        @app.get("/finished-failed-skipped")
        def skipped(background_tasks: BackgroundTasks) -> None:
            for task in (nothing, fail, nothing):
                background_tasks.add_task(task)

        @app.get("/dropped")
        def dropped(background_tasks: BackgroundTasks) -> None:
            background_tasks.add_task(nothing)
            raise HTTPException(400)

        @app.get("/cancelled")
        def cancelled(background_tasks: BackgroundTasks) -> None:
            background_tasks.add_task(wait)
            background_tasks.add_task(nothing)

        @app.get("/abandoned")
        def abandoned(background_tasks: BackgroundTasks) -> None:
            background_tasks.add_task(gate.hold)
            background_tasks.add_task(nothing)

        client = TestClient(app, close_timeout=0, raise_server_exceptions=False)
        for path in ("/finished-failed-skipped", "/dropped", "/cancelled", "/abandoned"):
            client.get(path)
        assert waits.wait(DEADLINE)
        gate.wait_until_reached()
        client.close()
        assert [task.status for task in client.timeline.tasks] == [
            "finished",
            "failed",
            "skipped",
            "dropped",
            "cancelled",
            "cancelled",
            "abandoned",
            "cancelled",
        ]

    def test_an_abandoned_task_that_ends_later_stays_abandoned(self, gate: Gate) -> None:
        threads = Threads()
        app = FastAPI()

        def task() -> None:
            gate.hold()
            print("too late")

        @app.get("/")
        def index(background_tasks: BackgroundTasks) -> None:
            background_tasks.add_task(task)

        client = TestClient(app, close_timeout=0)
        client.get("/")
        gate.wait_until_reached()
        client.close()
        gate.open()
        until(lambda: not threads.new(), "the abandoned thread")
        (abandoned,) = client.timeline.tasks
        assert (abandoned.status, abandoned.ended) == ("abandoned", None)

    def test_a_task_that_waits_for_a_thread_is_added_and_then_cancelled(self, gate: Gate) -> None:
        app = FastAPI()
        started: list[Task] = []

        @app.get("/")
        async def index(background_tasks: BackgroundTasks) -> None:
            background_tasks.add_task(gate.hold)

        with TestClient(app, close_timeout=0) as client:
            for _ in range(41):
                client.get("/")
            until(lambda: sum(t.status == "running" for t in client.timeline.tasks) == 40, "40 tasks to run")
            started = [task for task in client.timeline.tasks if task.status != "running"]
            assert [(task.status, task.started) for task in started] == [("added", None)]
            with pytest.raises(DrainTimeout, match=r"hold of GET / \(added\)"):
                client.drain(timeout=0)
        assert sorted({task.status for task in client.timeline.tasks}) == ["abandoned", "cancelled"]


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
