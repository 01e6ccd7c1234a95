"""TestClient.drain: it waits for all background work, and raises what nobody has seen, once."""

import contextlib
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future
from typing import Any

import pytest
from fastapi import Depends, FastAPI, HTTPException
from fastapi.responses import StreamingResponse
from starlette.background import BackgroundTask
from starlette.types import Receive, Scope, Send

from bgdemo import TestClient
from bgdemo.errors import BgdemoError, DrainTimeout
from client.apps import app_with, fail, nothing
from gates import DEADLINE, Gate, Threads, in_thread, until


class TestDrain:
    def test_it_waits_for_all_tasks_of_all_requests_and_returns_the_timeline(self, gate: Gate) -> None:
        with TestClient(app_with(gate.hold, nothing)) as client:
            client.post("/")
            client.post("/")
            drain = in_thread(client.drain)
            gate.wait_until_reached()
            assert not drain.done()
            gate.open()
            timeline = drain.result(DEADLINE)
            assert timeline.events == client.timeline.events
        assert [task.status for task in timeline.tasks] == ["finished"] * 4
        assert all(request.ended is not None for request in timeline.requests)

    def test_a_client_that_sent_nothing_has_an_empty_timeline(self, threads: Threads) -> None:
        client = TestClient(app_with())
        timeline = client.drain()
        assert (timeline.requests, timeline.tasks, timeline.events, timeline.now) == ((), (), (), 0.0)
        assert threads.loops() == []

    def test_one_task_error_is_raised_itself_and_once(self) -> None:
        error = ValueError("no mail server")

        def raise_it() -> None:
            raise error

        with TestClient(app_with(raise_it)) as client:
            assert client.post("/").status_code == 200
            with pytest.raises(ValueError, match="no mail server") as raised:
                client.drain()
            assert raised.value is error
            assert client.drain().tasks[0].error == "ValueError: no mail server"

    def test_several_task_errors_are_raised_as_one_group_and_once(self) -> None:
        with TestClient(app_with((fail, "one"))) as client:
            client.post("/")
            client.post("/")
            client.post("/")
            with pytest.raises(ExceptionGroup) as raised:
                client.drain()
            assert [str(error) for error in raised.value.exceptions] == ["one"] * 3
            client.drain()

    def test_an_http_exception_in_a_task_is_one_error(self) -> None:
        def refuse() -> None:
            raise HTTPException(400)

        with TestClient(app_with(refuse)) as client:
            assert client.post("/").status_code == 200
            with pytest.raises(RuntimeError, match="Caught handled exception, but response already started"):
                client.drain()
            client.drain()

    def test_a_task_error_that_the_app_swallows_is_raised_too(self) -> None:
        async def swallow(scope: Scope, receive: Receive, send: Send) -> None:
            with contextlib.suppress(ValueError):
                await app(scope, receive, send)

        app = app_with((fail, "swallowed"))
        with TestClient(swallow) as client:
            client.post("/")
            with pytest.raises(ValueError, match="swallowed"):
                client.drain()

    def test_an_error_after_the_response_that_no_task_raised_is_raised_too(self) -> None:
        def session() -> Iterator[None]:
            yield
            raise ValueError("commit failed")

        app = FastAPI()

        @app.get("/", dependencies=[Depends(session)])
        def index() -> str:
            return "hello"

        with TestClient(app) as client:
            assert client.get("/").status_code == 200
            with pytest.raises(ValueError, match="commit failed"):
                client.drain()
            assert client.timeline.requests[0].error == "ValueError: commit failed"

    def test_its_timeout_names_the_running_tasks_and_loses_nothing(self, gate: Gate) -> None:
        def write_notification() -> None:
            gate.hold()
            raise ValueError("after the timeout")

        with TestClient(app_with(write_notification, nothing)) as client:
            client.post("/")
            gate.wait_until_reached()
            for _ in range(2):
                with pytest.raises(DrainTimeout) as raised:
                    client.drain(timeout=0)
                assert "write_notification of POST / (running)" in str(raised.value)
                assert "nothing of POST / (added)" in str(raised.value)
                assert "After 0 s" in str(raised.value)
            assert isinstance(raised.value, TimeoutError)
            assert isinstance(raised.value, BgdemoError)
            gate.open()
            with pytest.raises(ValueError, match="after the timeout"):
                client.drain(timeout=DEADLINE)
            assert [task.status for task in client.drain().tasks] == ["failed", "skipped"]

    def test_its_timeout_is_up_in_time_although_a_task_blocks_the_event_loop(self, gate: Gate) -> None:
        async def block() -> None:
            gate.hold()

        with TestClient(app_with(block)) as client:
            client.post("/")
            with pytest.raises(DrainTimeout, match=r"block of POST /"):
                in_thread(lambda: client.drain(timeout=0.01)).result(DEADLINE)
            gate.open()

    def test_an_error_is_not_raised_again_when_a_request_from_before_it_ends(self, gate: Gate) -> None:
        app = app_with((fail, "seen"))

        @app.get("/slow")
        def slow() -> str:
            gate.hold()
            return "slow"

        with TestClient(app) as client:
            slow_call = in_thread(lambda: client.get("/slow"))
            gate.wait_until_reached()
            client.post("/")
            with pytest.raises(ValueError, match="seen"):
                client.drain()
            gate.open()
            slow_call.result(DEADLINE)
            client.drain()

    def test_an_error_is_not_lost_when_a_request_from_before_a_drain_ends(self, gate: Gate) -> None:
        app = app_with((fail, "unseen"))

        @app.get("/slow")
        def slow() -> str:
            gate.hold()
            return "slow"

        with TestClient(app) as client:
            slow_call = in_thread(lambda: client.get("/slow"))
            gate.wait_until_reached()
            client.drain()
            client.post("/")
            until(lambda: client.timeline.requests[1].ended is not None, "the second request")
            gate.open()
            slow_call.result(DEADLINE)
            with pytest.raises(ValueError, match="unseen"):
                client.drain()

    def test_a_drain_that_begins_while_a_reader_leaves_a_request_that_has_just_ended_is_woken(self) -> None:
        class JustEnded:
            abandoned = False

            @property
            def ended(self) -> bool:
                drains.append(in_thread(lambda: client.drain(timeout=1)))
                until(lambda: bool(session._when_drained) or drains[0].done(), "the drain to begin")
                return True

        drains: list[Future[Any]] = []
        with TestClient(app_with()) as client:
            session: Any = client._session
            session.abandon(JustEnded())
            drains[0].result(DEADLINE)

    def test_several_threads_that_drain_share_the_errors(self, gate: Gate) -> None:
        def task() -> None:
            gate.hold()
            raise ValueError("shared")

        with TestClient(app_with(task)) as client:
            client.post("/")
            drains = [in_thread(client.drain) for _ in range(8)]
            gate.open()
            errors = [error for drain in drains if (error := drain.exception(DEADLINE))]
            assert [str(error) for error in errors] == ["shared"]

    def test_nobody_is_told_of_errors_with_raise_server_exceptions_false(self) -> None:
        app = app_with((fail, "quiet"))

        @app.get("/fails")
        def fails() -> None:
            fail("in the route")

        with TestClient(app, raise_server_exceptions=False) as client:
            assert client.get("/fails").status_code == 500
            assert client.post("/").status_code == 200
            assert client.drain().tasks[0].error == "ValueError: quiet"

    def test_what_the_app_raises_instead_of_answering_is_raised_in_the_call_and_nowhere_else(self) -> None:
        app = app_with()

        @app.get("/fails")
        def fails() -> None:
            fail("in the route")

        with TestClient(app) as client:
            with pytest.raises(ValueError, match="in the route"):
                client.get("/fails")
            client.drain()

    def test_tasks_of_a_stream_that_was_left_are_waited_for_and_their_errors_raised(self, gate: Gate) -> None:
        async def chunks() -> AsyncIterator[bytes]:
            yield b"first"
            import asyncio

            await asyncio.Event().wait()

        def task() -> None:
            gate.hold()
            raise ValueError("after the client left")

        app = FastAPI()

        @app.get("/")
        def index() -> StreamingResponse:
            return StreamingResponse(chunks(), background=BackgroundTask(task))

        with TestClient(app) as client:
            with client.stream("GET", "/") as response:
                next(response.iter_bytes())
            gate.wait_until_reached()
            with pytest.raises(DrainTimeout):
                client.drain(timeout=0)
            gate.open()
            with pytest.raises(ValueError, match="after the client left"):
                client.drain()


class TestUnseenErrors:
    def test_the_end_of_with_raises_them(self) -> None:
        client = TestClient(app_with((fail, "unseen")))
        with pytest.raises(ValueError, match="unseen"), client:
            client.post("/")
        client.drain()
        client.close()

    def test_close_raises_them_and_closes_all_the_same(self, threads: Threads) -> None:
        client = TestClient(app_with((fail, "unseen")))
        client.post("/")
        with pytest.raises(ValueError, match="unseen"):
            client.close()
        assert client.is_closed
        assert threads.loops() == []
        client.close()

    def test_the_error_of_the_body_of_with_gets_them_as_notes(self) -> None:
        client = TestClient(app_with((fail, "first")))

        def use() -> None:
            with client:
                client.post("/")
                client.post("/")
                raise KeyError("body")

        with pytest.raises(KeyError) as raised:
            use()
        assert raised.value.__notes__ == ["Besides, background work raised ValueError: first"] * 2
        client.close()

    def test_the_end_of_with_waits_for_the_tasks(self, gate: Gate) -> None:
        client = TestClient(app_with(gate.hold))

        def use() -> None:
            with client:
                client.post("/")

        use_it = in_thread(use)
        gate.wait_until_reached()
        assert not use_it.done()
        gate.open()
        use_it.result(DEADLINE)
        assert client.timeline.tasks[0].status == "finished"
