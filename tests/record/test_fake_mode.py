"""Mode "fake": tasks are recorded and kept where they would run, until somebody runs them."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any

import anyio
import pytest
from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, Response
from fastapi.responses import JSONResponse
from starlette.background import BackgroundTask

from bgdemo import AsyncTestClient, Recorder, SimulatedClock, TestClient, Timeline
from bgdemo.assertions import assert_order, assert_ran_in
from bgdemo.errors import ClientError
from gates import Threads, forget_clients

done: list[str] = []
who: ContextVar[str] = ContextVar("who", default="nobody")

app = FastAPI()


def pack(what: str) -> None:
    time.sleep(1)
    done.append(f"packed {what} for {who.get()}")


async def send(what: str) -> None:
    await anyio.sleep(2)
    if what == "nothing":
        raise LookupError("no parcel")
    done.append(f"sent {what}")


def leave() -> None:
    sys.exit(3)


made_before = BackgroundTask(pack, "what was made before")


def session() -> Iterator[None]:
    yield
    done.append("session closed")


@app.post("/order")
async def order(what: str, background_tasks: BackgroundTasks, _: None = Depends(session)) -> None:
    who.set("Li")
    background_tasks.add_task(send, what)
    background_tasks.add_task(pack, what)


@app.post("/refused")
def refused(background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(pack, "what was refused")
    raise HTTPException(400)


@app.post("/replaced")
def replaced(background_tasks: BackgroundTasks) -> Response:
    background_tasks.add_task(pack, "what was replaced")
    return JSONResponse({}, background=BackgroundTask(pack, "the other"))


@app.post("/before")
def before() -> Response:
    return JSONResponse({}, background=made_before)


@app.post("/quick")
def quick(background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(done.append, "quick")


@app.post("/grows")
def grows(background_tasks: BackgroundTasks) -> None:
    def more() -> None:
        background_tasks.add_task(pack, "what was added later")
        BackgroundTasks().add_task(pack, "what was added to no list")

    background_tasks.add_task(more)
    background_tasks.add_task(send, "the first")


@app.post("/by-hand")
def by_hand(background_tasks: BackgroundTasks) -> None:
    async def run_another() -> None:
        await BackgroundTask(pack, "by hand")()

    background_tasks.add_task(run_another)


@app.post("/leave")
def leaves(background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(leave)
    background_tasks.add_task(pack, "after")


@pytest.fixture(autouse=True)
def _nothing_is_done() -> Iterator[None]:
    done.clear()
    forget_clients()
    yield
    forget_clients()


@pytest.fixture(params=["simulated", "real"])
def either(request: pytest.FixtureRequest) -> Iterator[TestClient]:
    """A client in mode "fake", on either clock; its app has no second of its own on the real one."""
    client = TestClient(app, clock=request.param, mode="fake")
    yield client
    client.close()


@pytest.fixture
def client() -> Iterator[TestClient]:
    client = TestClient(app, clock="simulated", mode="fake")
    yield client
    client.close()


def statuses(timeline: Timeline) -> list[tuple[str, str]]:
    return [(task.name, task.status) for task in timeline.tasks]


def test_a_task_is_added_and_does_not_run(either: TestClient) -> None:
    assert either.post("/order?what=tea").status_code == 200
    timeline = either.drain()
    assert statuses(timeline) == [("send", "added"), ("pack", "added")]
    assert timeline.requests[0].ended is not None
    assert done == ["session closed"]


def test_run_tasks_runs_them_in_order_on_the_same_timeline(client: TestClient) -> None:
    client.post("/order?what=tea")
    client.clock.advance(10)  # type: ignore[attr-defined]
    client.post("/order?what=rice")
    timeline = client.run_tasks()
    assert [(task.name, task.added, task.started, task.ended, task.status) for task in timeline.tasks] == [
        ("send", 0.0, 10.0, 12.0, "finished"),
        ("pack", 0.0, 12.0, 13.0, "finished"),
        ("send", 10.0, 13.0, 15.0, "finished"),
        ("pack", 10.0, 15.0, 16.0, "finished"),
    ]
    assert timeline == client.timeline
    assert_ran_in(timeline, send, "event_loop")
    assert_ran_in(timeline, pack, "threadpool")


def test_run_tasks_right_after_the_response_finds_the_tasks(either: TestClient) -> None:
    either.post("/quick")
    assert statuses(either.run_tasks()) == [("append", "finished")]
    assert done == ["quick"]


def test_a_task_runs_once(client: TestClient) -> None:
    client.post("/order?what=tea")
    client.run_tasks()
    before = client.timeline
    assert client.run_tasks().tasks == before.tasks


def test_a_task_runs_in_the_context_of_its_request_after_its_dependencies_have_closed(client: TestClient) -> None:
    client.post("/order?what=tea")
    client.run_tasks()
    assert done == ["session closed", "sent tea", "packed tea for Li"]
    assert who.get() == "nobody"


@pytest.mark.parametrize("only", [pack, "pack", f"{__name__}.pack"])
def test_run_tasks_can_run_those_of_one_function_only(client: TestClient, only: Any) -> None:
    client.post("/order?what=tea")
    assert statuses(client.run_tasks(only=only)) == [("send", "added"), ("pack", "finished")]
    assert statuses(client.run_tasks()) == [("send", "finished"), ("pack", "finished")]
    assert_order(client.timeline, pack, send)


def test_nothing_runs_where_nothing_is_kept(client: TestClient) -> None:
    assert client.run_tasks() == Timeline(simulated=True)
    client.post("/order?what=tea")
    assert statuses(client.run_tasks(only=leave)) == [("send", "added"), ("pack", "added")]


def test_a_name_that_several_functions_share_is_refused() -> None:
    def two() -> FastAPI:
        app = FastAPI()

        @app.post("/")
        def route(background_tasks: BackgroundTasks) -> None:
            def pack() -> None: ...

            background_tasks.add_task(pack)
            background_tasks.add_task(globals()["pack"], "tea")

        return app

    with TestClient(two(), clock="simulated", mode="fake") as client:
        client.post("/")
        with pytest.raises(ValueError, match=rf"^'pack' could be {__name__}\.pack or {__name__}\.test_a_name"):
            client.run_tasks("pack")


def test_what_is_never_run_stays_added_and_is_no_error() -> None:
    with TestClient(app, clock="simulated", mode="fake") as client:
        client.post("/order?what=nothing")
    assert statuses(client.timeline) == [("send", "added"), ("pack", "added")]
    client.close()
    assert statuses(client.timeline) == [("send", "added"), ("pack", "added")]


def test_what_a_task_raises_is_raised_once_and_the_rest_of_its_request_is_skipped(either: TestClient) -> None:
    either.post("/leave")
    either.post("/quick")
    with pytest.raises(SystemExit):
        either.run_tasks()
    assert statuses(either.timeline) == [("leave", "failed"), ("pack", "skipped"), ("append", "finished")]
    either.drain()


def test_what_several_requests_raise_is_raised_together(client: TestClient) -> None:
    client.post("/order?what=nothing")
    client.post("/leave")
    with pytest.raises(BaseExceptionGroup) as caught:
        client.run_tasks()
    assert [repr(error) for error in caught.value.exceptions] == ["LookupError('no parcel')", "SystemExit(3)"]


def test_what_failed_alone_skips_what_was_to_come_after_it(client: TestClient) -> None:
    client.post("/order?what=nothing")
    with pytest.raises(LookupError, match=r"^no parcel$"):
        client.run_tasks(only=send)
    assert statuses(client.run_tasks()) == [("send", "failed"), ("pack", "skipped")]


def test_errors_of_tasks_are_not_raised_if_nobody_wants_them() -> None:
    with TestClient(app, clock="simulated", mode="fake", raise_server_exceptions=False) as client:
        client.post("/order?what=nothing")
        assert statuses(client.run_tasks()) == [("send", "failed"), ("pack", "skipped")]


def test_what_is_dropped_live_is_dropped_here(client: TestClient) -> None:
    client.post("/refused")
    client.post("/replaced")
    assert statuses(client.run_tasks()) == [("pack", "dropped"), ("pack", "dropped"), ("pack", "finished")]
    assert done == ["packed the other for nobody"]


def test_a_task_object_that_was_made_before_is_kept_at_each_request(client: TestClient) -> None:
    client.post("/before")
    client.post("/before")
    assert [task.added for task in client.drain().tasks] == [None, None]
    assert statuses(client.run_tasks()) == [("pack", "finished")] * 2


def test_tasks_that_a_task_adds_run_too(client: TestClient) -> None:
    client.post("/grows")
    timeline = client.run_tasks()
    assert [(task.name, task.args, task.status) for task in timeline.tasks] == [
        ("more", (), "finished"),
        ("send", ("the first",), "finished"),
        ("pack", ("what was added later",), "finished"),
        ("pack", ("what was added to no list",), "dropped"),
    ]
    assert [task.ended for task in timeline.tasks] == [0.0, 2.0, 3.0, None]


def test_tasks_that_a_task_adds_are_kept_where_only_its_function_runs(client: TestClient) -> None:
    client.post("/grows")
    assert statuses(client.run_tasks(only="more"))[1:3] == [("send", "added"), ("pack", "added")]
    assert statuses(client.run_tasks(only=pack))[1:3] == [("send", "added"), ("pack", "finished")]


def test_a_task_that_a_task_runs_by_hand_runs_in_it(client: TestClient) -> None:
    client.post("/by-hand")
    assert statuses(client.run_tasks()) == [("run_another", "finished"), ("pack", "finished")]
    assert client.timeline.tasks[0].ended == 1.0


def test_after_with_the_kept_tasks_can_still_run() -> None:
    with TestClient(app, clock="simulated", mode="fake") as client:
        client.post("/grows")
    assert statuses(client.run_tasks())[:3] == [("more", "finished"), ("send", "finished"), ("pack", "finished")]
    client.close()


def test_a_closed_client_runs_nothing(client: TestClient) -> None:
    client.post("/grows")
    client.close()
    with pytest.raises(ClientError, match="This TestClient was closed"):
        client.run_tasks()


def test_a_close_amid_the_tasks_leaves_the_rest_added() -> None:
    client = TestClient(app, clock="simulated", mode="fake", close_timeout=0.5)
    client.post("/order?what=tea")
    client._thread_transport.start(_kept_run(client))
    client.close()
    assert statuses(client.timeline) == [("send", "cancelled"), ("pack", "added")]


def _kept_run(client: TestClient) -> Any:
    from bgdemo.record.fake_mode import KeptRun

    client.drain()
    return KeptRun(client._session.recorder, None)


def test_nothing_of_it_stays_when_the_client_is_closed() -> None:
    threads = Threads()
    call = BackgroundTask.__call__
    client = TestClient(app, clock="simulated", mode="fake")
    client.post("/order?what=tea")
    client.close()
    assert BackgroundTask.__call__ is call
    assert threads.new() == []


# -- awaited


def test_an_async_client_keeps_and_runs_tasks() -> None:
    async def main() -> Timeline:
        async with AsyncTestClient(app, clock="simulated", mode="fake") as client:
            await client.post("/order?what=tea")
            assert statuses(await client.drain()) == [("send", "added"), ("pack", "added")]
            assert statuses(await client.run_tasks(only=pack)) == [("send", "added"), ("pack", "finished")]
            return await client.run_tasks()

    timeline = SimulatedClock().run(main)
    assert statuses(timeline) == [("send", "finished"), ("pack", "finished")]
    assert [task.ended for task in timeline.tasks] == [3.0, 1.0]


def test_an_async_client_raises_what_a_task_raises() -> None:
    async def main() -> None:
        async with AsyncTestClient(app, mode="fake") as client:
            await client.post("/leave")
            with pytest.raises(SystemExit):
                await client.run_tasks()
            assert statuses(client.timeline) == [("leave", "failed"), ("pack", "skipped")]

    asyncio.run(main())


# -- refused


@pytest.mark.parametrize("make", [TestClient, AsyncTestClient])
def test_there_are_two_modes(make: Any) -> None:
    words = "mode='faked' is not a mode: tasks run by themselves in mode='live', and are kept in 'fake'."
    with pytest.raises(ClientError, match=f"^{words}$"):
        make(app, mode="faked")


@pytest.mark.parametrize("make", [TestClient, AsyncTestClient])
def test_a_recorder_of_the_user_s_own_runs_all_tasks(make: Any) -> None:
    words = "mode='fake' needs the app itself, not a Recorder, which runs all tasks: pass recorder.app."
    with pytest.raises(ClientError, match=f"^{words}$"):
        make(Recorder(app), mode="fake")


def test_a_live_client_keeps_no_tasks() -> None:
    with TestClient(app, clock="simulated") as client:
        words = "run_tasks() runs the tasks that mode='fake' keeps, and this client's mode is 'live': "
        with pytest.raises(ClientError) as caught:
            client.run_tasks()
    assert str(caught.value) == f"{words}its tasks run by themselves, and drain() waits for them."


def test_the_app_cannot_run_the_tasks() -> None:
    app = FastAPI()

    @app.get("/")
    async def route() -> None:
        client.run_tasks()

    with (
        TestClient(app, mode="fake") as client,
        pytest.raises(ClientError, match=r"^run_tasks\(\) was called from within the app, by GET /: it would wait for"),
    ):
        client.get("/")


def test_the_lifespan_is_the_app_s_own() -> None:
    seen: list[str] = []

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        seen.append("up")
        yield
        seen.append("down")

    with TestClient(FastAPI(lifespan=lifespan), mode="fake"):
        assert seen == ["up"]
    assert seen == ["up", "down"]
