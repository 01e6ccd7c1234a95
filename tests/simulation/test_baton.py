"""The rule: one baton, and time moves only when nobody can run."""

import asyncio
import threading
import time

import anyio
import anyio.to_thread
import pytest
from fastapi import BackgroundTasks, FastAPI
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.background import BackgroundTask

from .apps import app_with, ends, statuses


def test_the_articles_task_writes_at_5_and_ends_at_7(make_client, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    app = FastAPI()
    written = []

    def write_notification(email: str) -> None:
        time.sleep(5)
        with open("log.txt", "w") as file:
            file.write(f"notification for {email}")
        written.append(client.clock.time())
        print("sent")
        time.sleep(2)

    @app.post("/send_info")
    async def send_info(email: str, background_tasks: BackgroundTasks) -> dict[str, str]:
        background_tasks.add_task(write_notification, email)
        return {"message": "sent in the background"}

    client = make_client(app)
    began = time.perf_counter()
    response = client.post("/send_info", params={"email": "a@example.com"})
    assert response.json() == {"message": "sent in the background"}
    assert client.timeline.requests[0].responded == 0.0
    assert not (tmp_path / "log.txt").exists()
    timeline = client.drain()
    assert written == [5.0]
    assert (tmp_path / "log.txt").read_text() == "notification for a@example.com"
    assert ends(timeline) == [7.0]
    assert timeline.tasks[0].printed == "sent\n"
    assert timeline.now == 7.0
    assert timeline.simulated
    assert time.perf_counter() - began < 5


def sync_7() -> None:
    time.sleep(7)


async def async_7() -> None:
    await asyncio.sleep(7)


def test_two_tasks_of_two_requests_overlap(make_client):
    client = make_client(app_with(sync_7, async_7))
    client.post("/sync_7")
    client.post("/sync_7")
    client.post("/async_7")
    assert ends(client.drain()) == [7.0, 7.0, 7.0]


def test_tasks_of_one_request_run_one_after_another(make_client):
    client = make_client(app_with(sync_7))
    client.post("/sync_7?n=3")
    assert ends(client.drain()) == [7.0, 14.0, 21.0]


@pytest.mark.parametrize("path", ["/sync_7", "/async_7"])
def test_after_a_post_the_task_is_added_and_not_started_every_time(make_client, path):
    client = make_client(app_with(sync_7, async_7))
    for number in range(50):
        client.post(path)
        assert statuses(client.timeline)[number] == "added"
        assert client.clock.time() == 0.0


def test_an_error_handlers_task_is_added_and_not_started_too(make_client):
    app = FastAPI()

    @app.exception_handler(KeyError)
    async def answer(request, error):
        return JSONResponse({}, status_code=400, background=BackgroundTask(async_7))

    @app.get("/")
    async def fail():
        raise KeyError("x")

    client = make_client(app)
    assert client.get("/").status_code == 400
    assert statuses(client.timeline) == ["added"]
    assert ends(client.drain()) == [7.0]


def test_outside_of_calls_no_app_code_runs(make_client):
    steps = []

    async def count() -> None:
        for step in range(1000):
            steps.append(step)
            await asyncio.sleep(0)

    client = make_client(app_with(count, sync_7))
    client.post("/count")
    client.post("/sync_7")
    seen = len(steps)
    time.sleep(0.05)
    assert len(steps) == seen
    assert client.clock.time() == 0.0


def test_advance_runs_what_is_due_and_no_more(make_client):
    client = make_client(app_with(sync_7))
    client.post("/sync_7?n=2")
    client.clock.advance(6.5)
    assert (client.clock.time(), statuses(client.timeline)) == (6.5, ["running", "added"])
    client.clock.advance(0.5)
    assert (client.clock.time(), statuses(client.timeline)) == (7.0, ["finished", "running"])
    client.clock.advance(100)
    assert (client.clock.time(), ends(client.timeline)) == (107.0, [7.0, 14.0])


def test_advance_0_lets_go_on_what_is_ready(make_client):
    client = make_client(app_with(sync_7))
    client.post("/sync_7")
    assert statuses(client.timeline) == ["added"]
    client.clock.advance(0)
    assert statuses(client.timeline) == ["running"]
    assert client.clock.time() == 0.0


def test_advance_includes_work_that_takes_no_time(make_client):
    seen = []

    async def chain() -> None:
        await asyncio.sleep(2)
        for step in range(20):
            await asyncio.sleep(0)
            await anyio.to_thread.run_sync(seen.append, step)

    client = make_client(app_with(chain))
    client.post("/chain")
    client.clock.advance(2)
    assert seen == list(range(20))
    assert ends(client.timeline) == [2.0]


def test_a_request_at_3_is_answered_at_3_plus_what_the_route_waits(make_client):
    app = FastAPI()

    @app.get("/sync")
    def sync_route():
        time.sleep(1.5)

    @app.get("/async")
    async def async_route():
        await anyio.sleep(0.25)

    client = make_client(app)
    client.get("/sync")
    client.clock.advance(1.5)
    assert client.clock.time() == 3.0
    client.get("/sync")
    client.get("/async")
    times = [(request.sent, request.responded) for request in client.timeline.requests]
    assert times == [(0.0, 1.5), (3.0, 4.5), (4.5, 4.75)]


def test_40_tokens_41_tasks_and_a_sync_route_that_waits(make_client):
    app = app_with(sync_5)

    @app.get("/sync")
    def sync_route():
        return {}

    @app.get("/async")
    async def async_route():
        return {}

    client = make_client(app)
    for _ in range(41):
        client.post("/sync_5")
    client.get("/async")
    assert client.clock.time() == 0.0
    client.get("/sync")
    assert client.clock.time() == 5.0
    assert sorted(ends(client.drain())) == [5.0] * 40 + [10.0]


def sync_5() -> None:
    time.sleep(5)


def test_a_blocking_sleep_on_the_loop_holds_up_requests_while_threads_go_on(make_client):
    order = []

    async def blocks() -> None:
        time.sleep(4)

    def works() -> None:
        for _ in range(3):
            time.sleep(1)
            order.append(client.clock.time())

    app = app_with(blocks, works)

    @app.get("/ping")
    async def ping():
        return {}

    client = make_client(app)
    client.post("/works")
    client.post("/blocks")
    client.get("/ping")
    assert client.clock.time() == 4.0
    assert order == [1.0, 2.0, 3.0]
    timeline = client.drain()
    assert (timeline.tasks[0].ended, timeline.tasks[1].ended) == (3.0, 4.0)


def test_timers_of_one_instant_ring_in_the_order_in_which_they_were_set(make_client):
    order = []

    async def timers() -> None:
        loop = asyncio.get_running_loop()
        for number in range(50):
            loop.call_at(loop.time() + 1 + number % 2, order.append, number)
        await asyncio.sleep(3)

    client = make_client(app_with(timers))
    client.post("/timers")
    client.drain()
    assert order == [*range(0, 50, 2), *range(1, 50, 2)]


def test_who_wakes_runs_until_it_waits_before_the_next_of_the_same_instant_wakes(make_client):
    order = []
    names = iter("abc")

    def job() -> None:
        name = next(names)
        time.sleep(1)
        order.append(f"{name} wakes")
        anyio.from_thread.run_sync(order.append, f"{name} on the loop")
        order.append(f"{name} ends")

    client = make_client(app_with(job))
    for _ in range(3):
        client.post("/job")
    client.drain()
    assert order == [f"{name} {what}" for name in "abc" for what in ("wakes", "on the loop", "ends")]


def test_a_stream_stops_at_each_chunk(make_client):
    app = FastAPI()
    made = []

    @app.get("/")
    async def stream():
        async def chunks():
            for number in range(3):
                made.append(number)
                yield f"{number}\n"
                await asyncio.sleep(1)

        return StreamingResponse(chunks())

    client = make_client(app)
    with client.stream("GET", "/") as response:
        seen = [(line, len(made), client.clock.time()) for line in response.iter_lines()]
    assert [(line, time_) for line, _, time_ in seen] == [("0", 0.0), ("1", 1.0), ("2", 2.0)]
    assert [count for _, count, _ in seen] == [1, 2, 3]


def test_wait_for_tasks_returns_when_all_is_done(make_client):
    client = make_client(app_with(sync_7), wait_for_tasks=True)
    client.post("/sync_7")
    assert client.clock.time() == 7.0


def test_drain_with_a_timeout_stops_there_and_nothing_is_lost(make_client):
    from bgdemo.errors import DrainTimeout

    client = make_client(app_with(sync_7))
    client.post("/sync_7")
    with pytest.raises(DrainTimeout, match="After 5 s"):
        client.drain(timeout=5)
    assert client.clock.time() == 5.0
    assert ends(client.drain()) == [7.0]


def test_close_waits_in_the_clocks_seconds_and_then_cancels(make_client):
    client = make_client(app_with(async_7), close_timeout=5)
    client.post("/async_7")
    client.close()
    assert statuses(client.timeline) == ["cancelled"]
    assert client.timeline.tasks[0].ended == 5.0


def test_a_task_in_a_thread_is_abandoned_at_close(make_client):
    finished = []

    def long() -> None:
        time.sleep(100)
        finished.append(1)

    client = make_client(app_with(long), close_timeout=5)
    client.post("/long")
    client.close()
    assert client.timeline.tasks[0].status in ("cancelled", "abandoned")
    assert finished == []


def test_the_lifespan_runs_on_the_clock(make_client):
    from contextlib import asynccontextmanager

    seen = []

    @asynccontextmanager
    async def lifespan(app):
        await asyncio.sleep(2)
        seen.append("up")
        yield
        await anyio.to_thread.run_sync(time.sleep, 2)
        seen.append("down")

    app = FastAPI(lifespan=lifespan)

    @app.get("/")
    def route():
        return {}

    with make_client(app) as client:
        assert seen == ["up"]
        client.get("/")
        assert client.timeline.requests[0].sent == 0.0
    assert seen == ["up", "down"]


def test_a_loop_that_never_waits_does_not_starve_the_threads(make_client):
    done = threading.Event()

    async def polls() -> None:
        while not done.is_set():
            await asyncio.sleep(0)

    client = make_client(
        app_with(
            polls,
        )
    )
    app = client.app

    @app.post("/set")
    def set_it():
        done.set()
        return {}

    client.post("/polls")
    client.post("/set")
    client.drain()
