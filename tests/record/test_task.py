"""Recorded tasks: given in every way that there is, and ended in every way."""

import asyncio
import functools
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from fastapi import BackgroundTasks, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, Response
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.background import BackgroundTasks as TaskList
from starlette.routing import Route

from bgdemo import Task, TestClient
from bgdemo.errors import DrainTimeout
from gates import DEADLINE, Gate, Threads, in_thread, until
from record.apps import fail, kinds, nothing, nothing_async, served, statuses


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
