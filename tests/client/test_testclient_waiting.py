"""TestClient(app, wait_for_tasks=True): a call returns when its tasks have ended, and has their errors."""

import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from starlette.background import BackgroundTask

from bgdemo import TestClient
from bgdemo.errors import DrainTimeout, ResponseTimeout
from client.apps import app_with, fail, nothing
from gates import DEADLINE, Gate, in_thread


class TestWaitForTasks:
    def test_a_call_returns_when_its_tasks_have_ended(self, gate: Gate) -> None:
        with TestClient(app_with(gate.hold, nothing), wait_for_tasks=True) as client:
            call = in_thread(lambda: client.post("/"))
            gate.wait_until_reached()
            assert not call.done()
            gate.open()
            assert call.result(DEADLINE).json() == "added"
            assert [task.status for task in client.timeline.tasks] == ["finished"] * 2
            assert client.timeline.requests[0].ended is not None

    def test_a_call_raises_the_error_of_its_task_and_drain_does_not_raise_it_again(self) -> None:
        with TestClient(app_with((fail, "no mail server")), wait_for_tasks=True) as client:
            with pytest.raises(ValueError, match=r"^no mail server$"):
                client.post("/")
            assert client.drain().tasks[0].status == "failed"

    def test_a_stream_gives_its_chunks_first_and_waits_at_its_end(self, gate: Gate) -> None:
        app = FastAPI()

        @app.get("/")
        def index() -> StreamingResponse:
            return StreamingResponse(iter(["one"]), background=BackgroundTask(gate.hold))

        with TestClient(app, wait_for_tasks=True) as client, client.stream("GET", "/") as response:
            chunks = response.iter_text()
            assert next(chunks) == "one"
            rest = in_thread(lambda: list(chunks))
            gate.wait_until_reached()
            assert not rest.done()
            gate.open()
            assert rest.result(DEADLINE) == []
            assert client.timeline.tasks[0].status == "finished"

    def test_a_call_that_gives_up_waiting_leaves_the_task_to_drain(self, gate: Gate) -> None:
        with TestClient(app_with(gate.hold, (fail, "later")), wait_for_tasks=True, timeout=0.05) as client:
            with pytest.raises(ResponseTimeout):
                client.post("/")
            with pytest.raises(DrainTimeout, match="hold"):
                client.drain(timeout=0)
            gate.open()
            with pytest.raises(ValueError, match=r"^later$"):
                client.drain()
