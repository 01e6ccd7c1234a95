"""time.sleep and clock readings, by thread."""

import threading
import time
from datetime import UTC, datetime

import pytest

from bgdemo.simulation import SimulatedClock

from .apps import app_with, ends


def test_a_thread_outside_sleeps_for_real(make_client):
    def task() -> None:
        time.sleep(1)

    client = make_client(app_with(task))
    client.post("/task")
    client.clock.advance(0)
    began = time.perf_counter()
    time.sleep(0.05)
    assert time.perf_counter() - began >= 0.05
    took = []

    def outside() -> None:
        before = time.perf_counter()
        time.sleep(0.05)
        took.append(time.perf_counter() - before)

    thread = threading.Thread(target=outside)
    thread.start()
    client.drain()
    thread.join()
    assert took[0] >= 0.05


def test_sleep_refuses_what_it_always_refused():
    errors = []

    async def main():
        for nonsense in (-1, "1", float("nan")):
            try:
                time.sleep(nonsense)
            except (TypeError, ValueError) as error:
                errors.append(type(error))

    SimulatedClock().run(main)
    assert errors == [ValueError, TypeError, ValueError]


def test_readings_follow_by_thread(make_client):
    read = {}

    def task() -> None:
        before = [time.time(), time.monotonic(), time.perf_counter(), time.monotonic_ns(), time.time_ns()]
        time.sleep(2.5)
        after = [time.time(), time.monotonic(), time.perf_counter(), time.monotonic_ns(), time.time_ns()]
        read["differences"] = [new - old for old, new in zip(before, after, strict=True)]
        read["date"] = before[0]

    start = datetime(2030, 5, 1, tzinfo=UTC)
    client = make_client(app_with(task), SimulatedClock(start))
    outside = time.time()
    client.post("/task")
    client.drain()
    assert read["differences"] == [2.5, 2.5, 2.5, 2_500_000_000, 2_500_000_000]
    assert read["date"] == start.timestamp()
    assert abs(time.time() - outside) < 60
    assert client.clock.now() == datetime(2030, 5, 1, 0, 0, 2, 500_000, tzinfo=UTC)


def test_sleep_0_lets_others_run_and_takes_no_time(make_client):
    order = []

    def one() -> None:
        for number in range(3):
            order.append(f"one {number}")
            time.sleep(0)

    def two() -> None:
        for number in range(3):
            order.append(f"two {number}")
            time.sleep(0)

    app = app_with(one, two)
    client = make_client(app)

    @app.post("/both")
    async def both():
        import asyncio

        await asyncio.gather(asyncio.to_thread(one), asyncio.to_thread(two))

    client.post("/both")
    assert order == ["one 0", "two 0", "one 1", "two 1", "one 2", "two 2"]
    assert client.clock.time() == 0.0


def test_very_long_sleeps(make_client):
    def year() -> None:
        time.sleep(365 * 86400)

    client = make_client(app_with(year))
    client.post("/year")
    assert ends(client.drain()) == [31_536_000.0]


@pytest.mark.parametrize("seconds", [-1, float("inf"), float("nan")])
def test_advance_goes_forward(seconds):
    with pytest.raises(ValueError, match="goes forward"):
        SimulatedClock().advance(seconds)
