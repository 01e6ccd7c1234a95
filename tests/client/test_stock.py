"""wait_for_tasks=True: what a caller may expect who comes from Starlette's TestClient; `make peers` has all of it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextvars import ContextVar
from types import SimpleNamespace

import pytest
from fastapi import FastAPI, Response, WebSocket, WebSocketDisconnect
from fastapi.responses import StreamingResponse
from starlette.background import BackgroundTask
from starlette.types import Receive, Scope, Send

from bgdemo import AsyncTestClient, Recorder, TestClient
from bgdemo.client.stock import StockBehaviour
from bgdemo.errors import ClientError, ResponseTimeout
from bgdemo.threads.loop_thread import LoopThread
from client.work import Job
from gates import DEADLINE, Gate, Threads, in_thread

var: ContextVar[str] = ContextVar("var", default="unset")


class Endless:
    """An app that sends chunks, counts which it has got rid of, and then waits until it is cancelled."""

    def __init__(self, *chunks: bytes) -> None:
        self.sent: list[bytes] = []
        self.cancelled = False
        self._chunks = chunks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await send({"type": "http.response.start", "status": 200})
            for chunk in self._chunks:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
                self.sent.append(chunk)
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise


class TestResponses:
    def test_a_chunk_is_sent_when_it_is_read_and_not_before(self) -> None:
        app = Endless(b"one", b"", b"two")
        with TestClient(app, wait_for_tasks=True).stream("GET", "/") as response:
            chunks = response.iter_raw()
            assert app.sent == []
            assert next(chunks) == b"one"
            assert b"two" not in app.sent
            assert next(chunks) == b"two"
            assert app.sent[:2] == [b"one", b""]

    def test_whoever_leaves_one_before_its_end_has_the_app_cancelled(self, threads: Threads) -> None:
        app = Endless(b"one", b"two")
        with TestClient(app, wait_for_tasks=True).stream("GET", "/") as response:
            assert next(response.iter_raw()) == b"one"
        assert app.cancelled
        assert threads.loops() == []

    def test_what_the_app_raises_when_it_is_cancelled_is_raised_where_it_was_left(self) -> None:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                await Endless()(scope, receive, send)
            finally:
                raise ValueError("could not clean up")

        client = TestClient(app, wait_for_tasks=True)
        with pytest.raises(ValueError, match="could not clean up"), client.stream("GET", "/"):
            pass
        with TestClient(app, wait_for_tasks=True, raise_server_exceptions=False).stream("GET", "/"):
            pass

    def test_whoever_leaves_a_complete_one_waits_for_its_task_and_has_its_error(self, gate: Gate) -> None:
        def fail() -> None:
            gate.hold()
            raise ValueError("no mail server")

        def use() -> None:
            with client.stream("GET", "/") as response:
                assert next(response.iter_text()) == "one"

        app = FastAPI()
        app.add_api_route("/", lambda: Response("one", background=BackgroundTask(fail)))
        client = TestClient(app, wait_for_tasks=True)
        call = in_thread(use)
        gate.wait_until_reached()
        assert not call.done()
        gate.open()
        with pytest.raises(ValueError, match="no mail server"):
            call.result(DEADLINE)
        assert client.timeline.tasks[0].status == "failed"

    def test_an_open_one_is_cancelled_when_the_client_is_closed(self) -> None:
        app = Endless(b"one")
        client = TestClient(app, wait_for_tasks=True)
        response = client.send(client.build_request("GET", "/"), stream=True)
        in_thread(client.close).result(DEADLINE)
        assert app.cancelled
        in_thread(response.close).result(DEADLINE)

    def test_an_awaited_client_cancels_the_app_as_well(self) -> None:
        async def main() -> None:
            async with client.stream("GET", "/") as response:
                assert await anext(response.aiter_raw()) == b"one"
            assert app.cancelled
            await client.aclose()

        app = Endless(b"one", b"two")
        client = AsyncTestClient(app, wait_for_tasks=True)
        asyncio.run(asyncio.wait_for(main(), DEADLINE))


def loops_app() -> FastAPI:
    """An app whose routes say which event loop they run on, and leave work behind."""
    app = FastAPI()
    loops: list[object] = []  # kept, so that no two have the same id
    left: list[object] = []

    def loop_id() -> int:
        loops.append(asyncio.get_running_loop())
        return id(loops[-1])

    @app.get("/")
    async def index() -> int:
        return loop_id()

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        return StreamingResponse(iter([str(loop_id())]))

    @app.get("/leave")
    async def leave() -> None:
        async def work() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                app.state.cancelled = True

        left.append(asyncio.create_task(work()))
        await asyncio.sleep(0)

    return app


class TestLoops:
    def test_each_call_has_one_of_its_own(self, threads: Threads) -> None:
        client = TestClient(loops_app(), wait_for_tasks=True)
        assert client.get("/").json() != client.get("/").json()
        assert threads.loops() == []
        assert [request.status for request in client.drain().requests] == [200, 200]

    def test_inside_with_there_is_one(self, threads: Threads) -> None:
        with TestClient(loops_app(), wait_for_tasks=True) as client:
            assert client.get("/").json() == client.get("/").json()
            assert len(threads.loops()) == 1
        assert client.get("/").json() != client.get("/").json()
        assert threads.loops() == []

    def test_what_the_app_started_itself_is_cancelled_with_the_call(self) -> None:
        app = loops_app()
        TestClient(app, wait_for_tasks=True).get("/leave")
        assert app.state.cancelled

    def test_a_call_beside_another_shares_its_loop_which_ends_with_the_last(self, threads: Threads) -> None:
        client = TestClient(loops_app(), wait_for_tasks=True)
        with client.stream("GET", "/stream") as response:
            shared = client.get("/").json()
            assert len(threads.loops()) == 1
            assert int(response.read()) == shared
        assert threads.loops() == []

    def test_calls_from_many_threads_do_not_end_each_others_loops(self, threads: Threads) -> None:
        client = TestClient(loops_app(), wait_for_tasks=True)
        calls = [in_thread(lambda: [client.get("/").status_code for _ in range(20)]) for _ in range(8)]
        assert [call.result(DEADLINE) for call in calls] == [[200] * 20] * 8
        assert threads.loops() == []
        assert {request.ended is None for request in client.timeline.requests} == {False}

    def test_a_call_that_fails_ends_its_loop(self, threads: Threads) -> None:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            raise ValueError("at once")

        with pytest.raises(ValueError, match="at once"):
            TestClient(app, wait_for_tasks=True).get("/")
        assert threads.loops() == []

    def test_a_call_that_gives_up_waiting_leaves_the_loop_to_what_goes_on(self, gate: Gate) -> None:
        app = FastAPI()
        app.add_api_route("/", lambda: Response("one", background=BackgroundTask(gate.hold)))
        client = TestClient(app, wait_for_tasks=True, timeout=0.05)
        with pytest.raises(ResponseTimeout):
            client.get("/")
        gate.open()
        assert in_thread(client.drain).result(DEADLINE).tasks[0].status == "finished"
        client.close()

    @pytest.mark.parametrize("begun", [False, True])
    def test_the_call_after_one_that_gave_up_waiting_ends_the_loop(
        self, begun: bool, gate: Gate, threads: Threads
    ) -> None:
        app = FastAPI()
        app.add_api_route(
            "/held", lambda: Response("one", background=BackgroundTask(gate.hold)) if begun else gate.hold()
        )
        app.add_api_route("/", lambda: None)
        client = TestClient(app, wait_for_tasks=True, timeout=0.05)
        with pytest.raises(ResponseTimeout):
            client.get("/held")
        gate.open()
        in_thread(client.drain).result(DEADLINE)
        client.timeout = DEADLINE
        assert client.get("/").status_code == 200
        assert threads.loops() == []

    def test_an_app_that_calls_its_own_client_on_its_loop_is_told(self) -> None:
        app = FastAPI()

        @app.get("/")
        async def index() -> None:
            client.get("/")

        client = TestClient(app, wait_for_tasks=True)
        with pytest.raises(ClientError, match="on its own app's event loop"):
            in_thread(lambda: client.get("/")).result(DEADLINE)

    def test_a_simulated_clock_goes_on_from_call_to_call(self) -> None:
        async def sleep() -> None:
            await asyncio.sleep(7)

        app = FastAPI()
        app.add_api_route("/", lambda: Response("one", background=BackgroundTask(sleep)))
        client = TestClient(app, clock="simulated", wait_for_tasks=True)
        client.get("/")
        client.get("/")
        assert [request.ended for request in client.timeline.requests] == [7.0, 14.0]


class TestTimeouts:
    def test_whoever_gives_one_to_a_call_is_warned(self) -> None:
        client = TestClient(loops_app(), wait_for_tasks=True)
        with pytest.warns(Warning, match=r"not use the 'timeout' .* TestClient\(app, timeout=\.\.\.\)") as told:
            client.get("/", timeout=DEADLINE)
        assert [warning.filename for warning in told] == [__file__]

    def test_whoever_gives_one_to_the_client_is_not(self) -> None:
        assert TestClient(loops_app(), wait_for_tasks=True, timeout=DEADLINE).get("/").status_code == 200

    def test_nor_is_anybody_whose_client_does_not_wait(self) -> None:
        with TestClient(loops_app()) as client:
            assert client.get("/", timeout=DEADLINE).status_code == 200


class TestContextVariables:
    def test_the_app_has_the_callers_and_the_caller_not_the_apps(self) -> None:
        app = FastAPI()

        @app.get("/")
        def index() -> str:
            before = var.get()
            var.set("route")
            return before

        @app.websocket("/ws")
        async def ws(websocket: WebSocket) -> None:
            await websocket.accept()
            await websocket.send_text(var.get())

        token = var.set("caller")
        try:
            client = TestClient(app, wait_for_tasks=True)
            assert client.get("/").json() == "caller"
            with client.websocket_connect("/ws") as websocket:
                assert websocket.receive_text() == "caller"
            assert var.get() == "caller"
        finally:
            var.reset(token)

    def test_so_has_its_lifespan(self) -> None:
        @contextlib.asynccontextmanager
        async def lifespan(app: FastAPI) -> AsyncIterator[None]:
            seen.append(var.get())
            yield

        seen: list[str] = []
        token = var.set("caller")
        try:
            with TestClient(FastAPI(lifespan=lifespan), wait_for_tasks=True):
                pass
        finally:
            var.reset(token)
        assert seen == ["caller"]


class TestWebSockets:
    def test_whoever_leaves_one_has_the_app_cancelled(self, threads: Threads) -> None:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await send({"type": "websocket.accept"})
            try:
                await asyncio.Event().wait()
            finally:
                ended.append(True)

        def use() -> None:
            with TestClient(app, wait_for_tasks=True).websocket_connect("/"):
                pass

        ended: list[bool] = []
        in_thread(use).result(DEADLINE)
        assert ended == [True]
        assert threads.loops() == []

    def test_the_app_hears_first_that_it_was_left_and_what_it_raises_is_raised(self) -> None:
        app = FastAPI()

        @app.websocket("/")
        async def index(websocket: WebSocket) -> None:
            await websocket.accept()
            await websocket.receive_text()

        client = TestClient(app, wait_for_tasks=True)
        with pytest.raises(WebSocketDisconnect) as raised, client.websocket_connect("/") as websocket:
            websocket.close(4001)
        assert raised.value.code == 4001

    def test_what_the_app_raises_is_raised_even_by_a_client_that_wants_no_errors(self) -> None:
        app = FastAPI()

        @app.websocket("/")
        async def index(websocket: WebSocket) -> None:
            await websocket.accept()
            raise ValueError("in the app")

        client = TestClient(app, wait_for_tasks=True, raise_server_exceptions=False)
        with pytest.raises(ValueError, match="in the app"), client.websocket_connect("/"):
            pass

    def test_what_the_app_raises_after_it_refused_goes_before_the_refusal(self) -> None:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await send({"type": "websocket.close"})
            raise ValueError("after the refusal")

        client = TestClient(app, wait_for_tasks=True)
        with pytest.raises(ValueError, match="after the refusal"), client.websocket_connect("/"):
            pass

    def test_an_awaited_client_cancels_the_app_as_well(self) -> None:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await send({"type": "websocket.accept"})
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
            ended.append(True)

        async def main() -> None:
            client = AsyncTestClient(app, wait_for_tasks=True)
            async with client.websocket_connect("/"):
                pass
            assert ended == [True]
            await client.aclose()

        ended: list[bool] = []
        asyncio.run(asyncio.wait_for(main(), DEADLINE))


def on_a_loop(main: Callable[[], Awaitable[object]]) -> None:
    async def limited() -> None:
        await asyncio.wait_for(main(), DEADLINE)

    asyncio.run(limited())


async def under_way(behaviour: StockBehaviour, job: Job) -> "asyncio.Task[None]":
    """The job, which has begun."""
    running = asyncio.create_task(behaviour.run(job, Recorder(Response()), print))
    while not job.began:
        await asyncio.sleep(0)
    return running


class TestBehaviour:
    def test_the_app_finds_a_copy_of_the_callers_context(self) -> None:
        token = var.set("of the caller")
        try:
            context = StockBehaviour().context()
            context.run(var.set, "of the app")
            assert (context.run(var.get), var.get()) == ("of the app", "of the caller")
        finally:
            var.reset(token)

    @pytest.mark.parametrize("chunk", [b"", b"x", b"12345"])
    def test_every_chunk_is_passed_on_and_counts_as_one(self, chunk: bytes) -> None:
        behaviour = StockBehaviour()
        assert behaviour.passes_on(chunk)
        assert behaviour.size(chunk) == 1

    @pytest.mark.parametrize("is_last", [True, False])
    def test_the_app_waits_for_its_reader_after_each_chunk(self, is_last: bool) -> None:
        assert StockBehaviour().waits_for_reader(is_last=is_last)

    @pytest.mark.parametrize("wants_errors", [True, False])
    def test_a_websocket_raises_what_the_app_raises_whatever_the_client_wants(self, wants_errors: bool) -> None:
        assert StockBehaviour(raise_server_exceptions=wants_errors).raises_in_websockets

    def test_work_runs_to_its_own_end(self) -> None:
        async def main() -> None:
            behaviour, job = StockBehaviour(), Job()
            running = await under_way(behaviour, job)
            job.may_end.set()
            await running
            assert (job.ended, job.cancelled) == (True, False)

        on_a_loop(main)

    def test_leaving_what_is_not_complete_cancels_it_and_waits_for_its_end(self) -> None:
        async def main() -> None:
            behaviour, job = StockBehaviour(), Job()
            running = await under_way(behaviour, job)
            await behaviour.leave(job, print)
            assert (job.cancelled, job.abandoned, job.ended) == (True, True, True)
            assert running.done()
            assert not running.cancelled()  # the cancellation stays within the work

        on_a_loop(main)

    def test_leaving_what_is_complete_waits_for_its_end_and_cancels_nothing(self) -> None:
        async def main() -> None:
            behaviour, job = StockBehaviour(), Job()
            job.complete = True
            await under_way(behaviour, job)
            leaving = asyncio.create_task(behaviour.leave(job, print))
            await asyncio.sleep(0)
            assert not leaving.done()
            job.may_end.set()
            await leaving
            assert (job.cancelled, job.abandoned, job.ended) == (False, False, True)

        on_a_loop(main)

    def test_leaving_one_of_two_leaves_the_other_alone(self) -> None:
        async def main() -> None:
            behaviour, left, other = StockBehaviour(), Job(), Job()
            await under_way(behaviour, left)
            running = await under_way(behaviour, other)
            await behaviour.leave(left, print)
            assert not running.done()
            other.may_end.set()
            await running
            assert not other.cancelled

        on_a_loop(main)

    def test_leaving_what_has_ended_is_nothing(self) -> None:
        async def main() -> None:
            behaviour, job = StockBehaviour(), Job()
            running = await under_way(behaviour, job)
            job.may_end.set()
            await running
            await behaviour.leave(job, print)
            assert not job.cancelled

        on_a_loop(main)

    def test_leaving_from_another_thread_waits_for_the_end_as_well(self) -> None:
        behaviour, thread = StockBehaviour(), LoopThread()

        async def begin() -> Job:
            job = Job()
            running.append(await under_way(behaviour, job))
            return job

        running: list[asyncio.Task[None]] = []
        try:
            job = thread.run(begin())
            behaviour.leave_from_thread(job, print, thread)
            assert (job.cancelled, job.ended, running[0].done()) == (True, True, True)
        finally:
            thread.close(DEADLINE)

    def test_leaving_what_has_ended_asks_nothing_of_a_thread_that_may_be_gone(self) -> None:
        behaviour, thread, ended = StockBehaviour(), LoopThread(), SimpleNamespace(ended=True)
        thread.close(DEADLINE)
        behaviour.leave_from_thread(ended, print, thread)  # type: ignore[arg-type]
