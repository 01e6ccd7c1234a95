"""The end of a TestClient: closed, cancelled, abandoned, or held by nobody any more."""

import asyncio
import gc
import threading
import weakref

import pytest
from fastapi import FastAPI
from starlette.background import BackgroundTask
from starlette.types import Receive, Scope, Send

from bgdemo import TestClient
from bgdemo.errors import BgdemoError, ClientError
from client.apps import BODY, PART, START, TASK_CALL, TASK_INIT, app_with, asgi, nothing
from gates import DEADLINE, Gate, Threads, in_thread, run_script, until


class TestEnd:
    def test_close_waits_for_tasks_and_leaves_no_thread_of_the_client(self, gate: Gate, threads: Threads) -> None:
        client = TestClient(app_with(gate.hold))
        client.post("/")
        gate.wait_until_reached()
        close = in_thread(client.close)
        gate.open()
        close.result(DEADLINE)
        assert threads.loops() == []
        until(lambda: not threads.new(), "the worker threads to end")
        assert client.timeline.tasks[0].status == "finished"
        assert (BackgroundTask.__init__, BackgroundTask.__call__) == (TASK_INIT, TASK_CALL)

    def test_the_threads_of_asyncio_to_thread_end_with_the_client(self, threads: Threads) -> None:
        import asyncio

        app = FastAPI()

        @app.get("/")
        async def index() -> None:
            await asyncio.to_thread(nothing)

        client = TestClient(app)
        client.get("/")
        client.close()
        until(lambda: not threads.new(), "the threads to end")

    def test_a_sync_task_still_in_its_thread_at_close_is_abandoned(self, gate: Gate, threads: Threads) -> None:
        client = TestClient(app_with(gate.hold, nothing), close_timeout=0)
        client.post("/")
        gate.wait_until_reached()
        in_thread(client.close).result(DEADLINE)
        first, second = client.timeline.tasks
        assert (first.status, first.ended, first.ran_in) == ("abandoned", None, "threadpool")
        assert (second.status, second.started) == ("cancelled", None)
        assert threads.loops() == []
        before = client.timeline
        gate.open()
        until(lambda: not threads.new(), "the abandoned thread")
        assert client.timeline.tasks == before.tasks
        assert client.timeline.events == before.events

    def test_an_async_task_is_cancelled_at_close_and_may_clean_up(self) -> None:
        import asyncio

        cleaned_up = threading.Event()
        started = threading.Event()

        async def task() -> None:
            started.set()
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0)
                cleaned_up.set()

        client = TestClient(app_with(task), close_timeout=0)
        client.post("/")
        assert started.wait(DEADLINE)
        in_thread(client.close).result(DEADLINE)
        (cancelled,) = client.timeline.tasks
        assert cancelled.status == "cancelled"
        assert cancelled.ended is not None
        assert cleaned_up.is_set()

    def test_close_returns_although_a_task_blocks_the_event_loop(self, gate: Gate) -> None:
        async def block() -> None:
            gate.hold()

        client = TestClient(app_with(block), close_timeout=0)
        client.post("/")
        gate.wait_until_reached()
        closed = in_thread(client.close)
        try:
            closed.result(DEADLINE / 2)
            assert client.timeline.tasks[0].status == "abandoned"
        finally:
            gate.open()
        assert client.is_closed

    def test_a_task_that_the_route_started_is_not_waited_for_and_is_cancelled_at_close(self) -> None:
        import asyncio

        cancelled = threading.Event()

        async def detached() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                cancelled.set()

        app = FastAPI()

        @app.get("/")
        async def index() -> None:
            tasks.append(asyncio.create_task(detached()))

        tasks: list[asyncio.Task[None]] = []
        client = TestClient(app)
        client.get("/")
        in_thread(client.drain).result(DEADLINE)
        assert not cancelled.is_set()
        client.close()
        assert cancelled.is_set()

    def test_a_request_under_way_at_close_is_told_that_the_client_was_closed(self, gate: Gate) -> None:
        app = FastAPI()

        @app.get("/")
        def index() -> None:
            gate.hold()

        client = TestClient(app, close_timeout=0)
        call = in_thread(lambda: client.get("/"))
        gate.wait_until_reached()
        client.close()
        with pytest.raises(ClientError, match="closed"):
            call.result(DEADLINE)

    def test_a_request_that_comes_while_the_client_closes_leaves_no_thread(self, gate: Gate, threads: Threads) -> None:
        import asyncio

        closing = threading.Event()

        async def stubborn() -> None:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                closing.set()
                await asyncio.to_thread(gate.hold)

        app = app_with()

        @app.get("/")
        async def index() -> None:
            tasks.append(asyncio.create_task(stubborn()))
            await asyncio.sleep(0)

        tasks: list[asyncio.Task[None]] = []
        client = TestClient(app)
        client.get("/")
        close = in_thread(client.close)
        assert closing.wait(DEADLINE)
        late = in_thread(lambda: client.get("/ping"))
        late.exception(DEADLINE)
        gate.open()
        close.result(DEADLINE)
        until(lambda: not threads.loops(), "the loop's thread to end")
        assert isinstance(late.exception(), ClientError)

    @pytest.mark.parametrize("was_open", [False, True])
    def test_a_request_that_was_on_its_way_when_the_client_was_closed_opens_nothing(
        self, gate: Gate, threads: Threads, was_open: bool
    ) -> None:
        client = TestClient(app_with())
        if was_open:
            client.get("/ping")
        client.event_hooks = {"request": [lambda request: gate.hold()]}
        late = in_thread(lambda: client.get("/ping"))
        gate.wait_until_reached()
        client.close()
        gate.open()
        assert isinstance(late.exception(DEADLINE), ClientError)
        assert threads.loops() == []

    def test_a_chunk_that_came_before_close_can_be_read_after_it(self) -> None:
        chunk = b"x" * 100_000

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await send(START)
            while True:
                await send(PART | {"body": chunk})

        client = TestClient(app)
        with client.stream("GET", "/") as response:
            chunks = response.iter_raw()
            client.close()
            with pytest.raises(BgdemoError):
                list(chunks)

    def test_a_response_that_outlives_its_client_can_be_closed(self) -> None:
        client = TestClient(asgi([START, PART, BODY]))
        response = client.send(client.build_request("GET", "/"), stream=True)
        client.close()
        response.close()

    def test_a_client_that_nobody_holds_ends_its_thread_and_leaves_starlette_as_it_was(self, threads: Threads) -> None:
        client = TestClient(app_with(nothing))
        client.post("/")
        assert BackgroundTask.__init__ is not TASK_INIT
        (thread,) = threads.loops()
        gone = weakref.ref(client)
        del client
        gc.collect()
        assert gone() is None
        thread.join(DEADLINE)
        assert not thread.is_alive()
        assert (BackgroundTask.__init__, BackgroundTask.__call__) == (TASK_INIT, TASK_CALL)

    def test_a_client_that_nobody_holds_is_collected_while_its_task_runs(self, gate: Gate, threads: Threads) -> None:
        client = TestClient(app_with(gate.hold))
        client.post("/")
        gate.wait_until_reached()
        (thread,) = threads.loops()
        del client
        gc.collect()
        thread.join(DEADLINE)
        assert not thread.is_alive()
        assert BackgroundTask.__init__ is TASK_INIT

    def test_a_client_that_nobody_holds_lets_its_app_end_what_it_is_about(self, gate: Gate, threads: Threads) -> None:
        closed = threading.Event()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await send(START)
            await send(BODY)
            await asyncio.to_thread(gate.hold)
            closed.set()

        client = TestClient(app)
        client.get("/")
        gate.wait_until_reached()
        del client
        gc.collect()
        gate.open()
        assert closed.wait(DEADLINE)
        until(lambda: threads.loops() == [], "the loop to end")

    def test_a_client_that_nobody_holds_cancels_what_does_not_end(self, threads: Threads) -> None:
        cancelled = threading.Event()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                await send(START)
                await send(BODY)
                await asyncio.Event().wait()
            finally:
                cancelled.set()

        client = TestClient(app)
        client.get("/")
        del client
        gc.collect()
        assert cancelled.wait(DEADLINE)
        until(lambda: threads.loops() == [], "the loop to end")

    @pytest.mark.parametrize("module", ["hooks", "stdout"])
    def test_a_client_that_is_collected_at_any_moment_does_not_lock_up(self, module: str) -> None:
        """The collector may run a client's finalizer between any two lines that patch something or put it back."""
        script = run_script(
            f"""
            import gc, sys
            from starlette.background import BackgroundTask
            from bgdemo import Recorder
            from bgdemo.record import {module}

            original, write = BackgroundTask.__init__, sys.stdout.write

            def opened():
                recorder = Recorder(lambda scope: None)
                recorder.begin({{"type": "http", "method": "GET", "path": "/"}})
                recorder.output.listen()
                recorder.ring = recorder
                return recorder

            def trace(frame, event, arg):
                if frame.f_code.co_filename == {module}.__file__:
                    if held:
                        held.pop()
                        gc.collect()
                    return trace

            gc.disable()
            gc.freeze()
            for number in range(12):  # the last one that is held goes at another line each time
                held = []
                one = opened()
                held = [opened() for _ in range(number)]
                other = Recorder(lambda scope: None)
                sys.settrace(trace)
                other.begin({{"type": "http", "method": "GET", "path": "/"}})
                other.output.listen()
                sys.settrace(None)
                assert BackgroundTask.__init__ is not original
                assert sys.stdout.write != write
                sys.settrace(trace)
                other.close()
                sys.settrace(None)
                held.clear()
                del one
                gc.collect()
                assert BackgroundTask.__init__ is original
                assert sys.stdout.write == write
            print("done")
            """
        )
        assert (script.code, script.out, script.err) == (0, "done\n", "")
