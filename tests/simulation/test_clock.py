"""SimulatedClock by itself, with run(), and with AsyncTestClient."""

import asyncio
import contextvars
import threading
import time
from datetime import UTC, datetime

import anyio
import pytest
from fastapi import BackgroundTasks, FastAPI

from bgdemo import AsyncTestClient, TestClient
from bgdemo.clock import Clock
from bgdemo.errors import BgdemoError, ClientError, DeadlockError, RealBlockingError, RealIOError
from bgdemo.simulation import SimulatedClock

from .apps import app_with, ends, statuses


def seven() -> None:
    time.sleep(7)


async def async_five() -> None:
    await asyncio.sleep(5)


async def blocks_the_loop() -> None:
    time.sleep(7)


def test_it_is_a_clock():
    clock = SimulatedClock()
    assert isinstance(clock, Clock)
    assert clock.simulated
    assert clock.time() == 0.0


def test_the_errors_are_bgdemos():
    for error in (DeadlockError, RealBlockingError, RealIOError):
        assert issubclass(error, BgdemoError)


def test_now_begins_with_the_date_that_was_given():
    clock = SimulatedClock(datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC))
    clock.advance(1.5)
    assert clock.now() == datetime(2024, 3, 1, 0, 0, 0, 500_000, tzinfo=UTC)
    assert SimulatedClock(datetime(2024, 1, 1)).now() == datetime(2024, 1, 1)
    assert SimulatedClock().now() == SimulatedClock().now()


def test_advance_without_a_client():
    clock = SimulatedClock()
    for _ in range(3):
        clock.advance(0.1)
    assert clock.time() == 0.3


def test_run_gives_the_result_and_takes_arguments():
    async def add(one: int, two: int) -> int:
        await anyio.sleep(3600)
        return one + two

    clock = SimulatedClock()
    began = time.perf_counter()
    assert clock.run(add, 1, 2) == 3
    assert clock.time() == 3600.0
    assert clock.run(add, 3, 4) == 7
    assert clock.time() == 7200.0
    assert time.perf_counter() - began < 5


def test_run_raises_what_the_function_raises():
    async def fail() -> None:
        await asyncio.sleep(1)
        raise KeyError("x")

    with pytest.raises(KeyError, match="x"):
        SimulatedClock().run(fail)


def test_run_sees_the_callers_context():
    color = contextvars.ContextVar("color", default="none")
    color.set("red")

    async def read() -> str:
        return color.get()

    assert SimulatedClock().run(read) == "red"


def test_run_while_a_loop_runs_as_in_a_notebook():
    async def main() -> float:
        await asyncio.sleep(50)
        return anyio.current_time()

    async def cell() -> float:
        return SimulatedClock().run(main)

    assert asyncio.run(cell()) == 50.0


def test_run_refuses_a_coroutine_and_itself():
    async def main() -> None:
        pass

    coroutine = main()
    with pytest.raises(ClientError, match="run\\(main\\), not run\\(main\\(\\)\\)"):
        SimulatedClock().run(coroutine)  # type: ignore[arg-type]
    coroutine.close()
    clock = SimulatedClock()

    async def nested() -> None:
        clock.run(main)

    with pytest.raises(ClientError, match="called by code that this clock runs"):
        clock.run(nested)


def test_advance_refuses_the_app(make_client):
    def task() -> None:
        client.clock.advance(1)

    client = make_client(app_with(task))
    client.post("/task")
    with pytest.raises(ClientError, match="called by code that this clock runs"):
        client.drain()


def test_an_async_client_inside_run():
    app = app_with(seven, async_five)
    seen = {}

    async def main() -> None:
        async with AsyncTestClient(app, clock="simulated") as client:
            await client.post("/seven")
            seen["right after"] = statuses(client.timeline)
            await asyncio.gather(client.post("/seven"), client.post("/async_five"))
            timeline = await client.drain()
            seen["ends"] = ends(timeline)
            seen["simulated"] = timeline.simulated

    clock = SimulatedClock()
    clock.run(main)
    assert seen == {"right after": ["added"], "ends": [7.0, 7.0, 5.0], "simulated": True}
    assert clock.time() == 7.0


@pytest.mark.parametrize("clock", ["real", "simulated"])
def test_an_async_client_inside_run_takes_the_clock_of_its_loop(clock):
    async def main() -> SimulatedClock:
        return AsyncTestClient(FastAPI(), clock=clock).clock

    own = SimulatedClock()
    assert own.run(main) is own


def test_an_async_client_on_another_loop_is_refused():
    async def main() -> None:
        async with AsyncTestClient(FastAPI(), clock="simulated"):
            pass

    with pytest.raises(ClientError, match=r"SimulatedClock\(\).run\(main\)"):
        asyncio.run(main())


def test_uvloop_is_refused_by_name():
    client = TestClient(FastAPI(), clock="simulated", backend_options={"use_uvloop": True})
    with pytest.raises(ClientError, match="uvloop cannot run on a simulated clock"):
        client.get("/")
    client.close()

    def factory():
        raise AssertionError

    factory.__module__ = "uvloop.loop"
    client = TestClient(FastAPI(), clock="simulated", backend_options={"loop_factory": factory})
    with pytest.raises(ClientError, match="uvloop"):
        client.get("/")
    client = TestClient(FastAPI(), clock="simulated", backend_options={"loop_factory": asyncio.new_event_loop})
    with pytest.raises(ClientError, match="brings its own event loop"):
        client.get("/")


def test_the_clock_goes_on_with_the_next_client(make_client):
    clock = SimulatedClock()
    for number in (1, 2):
        client = make_client(app_with(seven), clock)
        client.post("/seven")
        client.drain()
        client.close()
        assert clock.time() == 7.0 * number


def test_two_clients_of_one_clock(make_client):
    clock = SimulatedClock()
    first = make_client(app_with(seven), clock)
    second = make_client(app_with(async_five), clock)
    first.post("/seven")
    second.post("/async_five")
    assert ends(second.drain()) == [5.0]
    assert statuses(first.timeline) == ["running"]
    second.close()
    assert ends(first.drain()) == [7.0]


def test_advancing_before_the_first_request(make_client):
    client = make_client(app_with(seven))
    client.clock.advance(3)
    client.post("/seven")
    assert client.timeline.requests[0].sent == 3.0


def test_a_request_is_sent_when_its_client_sends_it_though_a_task_blocks_the_loop(make_client):
    app = app_with(blocks_the_loop)

    @app.get("/ping")
    async def ping():
        return "pong"

    client = make_client(app)
    client.post("/blocks_the_loop")
    client.clock.advance(1)
    client.get("/ping")
    ping_sent = client.timeline.requests[1]
    assert (ping_sent.sent, ping_sent.responded) == (1.0, 7.0)
    assert client.timeline.event("request_sent", ping_sent).time == 7.0


def test_clients_side_by_side_and_nested(make_client):
    inner_app = app_with(seven)
    real_app = FastAPI()

    @real_app.get("/")
    def real_route() -> float:
        before = time.perf_counter()
        time.sleep(0.02)
        return time.perf_counter() - before

    inner = make_client(inner_app)
    real = TestClient(real_app)
    app = FastAPI()

    @app.get("/")
    def route() -> list[float]:
        time.sleep(1)
        inner.post("/seven")
        ended = ends(inner.drain())[-1]
        return [time.monotonic(), ended, real.get("/").json()]

    outer = make_client(app)
    now, ended, took = outer.get("/").json()
    assert (now, ended) == (1.0, 7.0)
    assert took >= 0.02
    assert outer.get("/").json()[:2] == [2.0, 14.0]
    real.close()


def test_a_client_made_and_used_inside_an_app(make_client):
    app = FastAPI()

    @app.get("/")
    def route() -> list[float]:
        with TestClient(app_with(seven)) as real, TestClient(app_with(seven), clock="simulated") as other:
            real.get("/")
            other.post("/seven")
            return [ends(other.drain())[0], time.monotonic()]

    client = make_client(app)
    assert client.get("/").json() == [7.0, 0.0]


def test_a_route_that_calls_its_own_app(make_client):
    app = FastAPI()

    @app.get("/outer")
    def outer() -> float:
        client.get("/inner")
        return time.monotonic()

    @app.get("/inner")
    def inner(tasks: BackgroundTasks) -> None:
        time.sleep(2)
        tasks.add_task(seven)

    client = make_client(app)
    assert client.get("/outer").json() == 2.0
    assert ends(client.drain()) == [9.0]


def test_calls_from_several_threads_take_turns(make_client):
    app = FastAPI()
    inside = []

    @app.get("/{number}")
    def route(number: int) -> None:
        inside.append(number)
        time.sleep(1)
        inside.append(-number)

    client = make_client(app)
    threads = [threading.Thread(target=client.get, args=(f"/{n}",)) for n in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert client.clock.time() == 8.0
    assert [-number for number in inside[::2]] == inside[1::2]


def test_clients_in_several_threads_at_once():
    ended = []

    def use() -> None:
        with TestClient(app_with(seven), clock="simulated") as client:
            for _ in range(10):
                client.post("/seven")
            ended.append(set(ends(client.drain())))

    threads = [threading.Thread(target=use) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ended == [{7.0}] * 6
