"""asyncio and AnyIO on the simulated event loop: sleeps, deadlines, executors."""

import asyncio
import signal
import threading
import time

import anyio
import anyio.from_thread
import anyio.to_thread
import pytest

from bgdemo import AsyncTestClient, SimulatedClock

from .apps import app_with, ends


def run(async_fn):
    return SimulatedClock().run(async_fn)


def test_fail_after_10_around_a_thread_job_of_7_s_does_not_fire():
    async def main():
        with anyio.fail_after(10):
            await anyio.to_thread.run_sync(time.sleep, 7)
        return anyio.current_time()

    assert run(main) == 7.0


def test_fail_after_3_fires_at_3():
    async def main():
        with pytest.raises(TimeoutError), anyio.fail_after(3):
            await anyio.to_thread.run_sync(time.sleep, 7, abandon_on_cancel=True)
        first = anyio.current_time()
        with pytest.raises(TimeoutError), anyio.fail_after(3):
            await anyio.sleep(7)
        return first, anyio.current_time()

    assert run(main) == (3.0, 6.0)


def test_move_on_after_with_a_deadline_that_no_float_hits():
    async def main():
        await asyncio.sleep(0.1)
        with anyio.move_on_after(0.2):
            await anyio.sleep_forever()
        async with asyncio.timeout(0.2) as scope:
            pass
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.4):
                await asyncio.sleep(10)
        assert not scope.expired()

    clock = SimulatedClock()
    clock.run(main)
    assert clock.time() == 0.7


def test_a_hundred_tenths_are_ten():
    async def main():
        for _ in range(50):
            await asyncio.sleep(0.1)
        for _ in range(50):
            await anyio.to_thread.run_sync(time.sleep, 0.1)

    clock = SimulatedClock()
    clock.run(main)
    assert clock.time() == 10.0


def test_from_thread_run_takes_the_time_of_what_it_runs(make_client):
    def task() -> None:
        anyio.from_thread.run(asyncio.sleep, 3)
        anyio.from_thread.run_sync(time.monotonic)

    client = make_client(app_with(task))
    client.post("/task")
    client.post("/task")
    assert ends(client.drain()) == [3.0, 3.0]


def test_to_thread_and_executors_of_asyncio():
    async def main():
        loop = asyncio.get_running_loop()
        await asyncio.to_thread(time.sleep, 2)
        await loop.run_in_executor(None, time.sleep, 3)
        await asyncio.gather(*(asyncio.to_thread(time.sleep, 1) for _ in range(3)))
        return loop.time()

    assert run(main) == 6.0


def test_thousands_of_cancelled_timers_are_forgotten():
    async def main():
        loop = asyncio.get_running_loop()
        for _ in range(10_000):
            loop.call_later(1000, print).cancel()
        return len(loop.baton.wakeups._heap)

    assert run(main) < 200


def test_call_at_in_the_past_and_at_infinity():
    async def main():
        loop = asyncio.get_running_loop()
        called = []
        loop.call_at(-5, called.append, "past")
        loop.call_at(float("inf"), called.append, "never")
        loop.call_later(0, called.append, "now")
        await asyncio.sleep(1)
        return called

    assert run(main) == ["past", "now"]


def test_signal_handlers_are_refused_as_on_every_other_thread_than_the_main_one():
    async def main() -> None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, print)

    with pytest.raises(RuntimeError, match="Signals come to the main thread alone"):
        SimulatedClock().run(main)


def test_debug_mode():
    from bgdemo import TestClient

    def task() -> None:
        time.sleep(1)

    with TestClient(app_with(task), clock="simulated", backend_options={"debug": True}) as client:
        client.post("/task")
    assert ends(client.timeline) == [1.0]


def test_asyncio_run_in_a_task_in_a_thread(make_client):
    async def waits(seconds: float) -> float:
        await asyncio.sleep(seconds)
        return asyncio.get_running_loop().time()

    def task() -> None:
        seen.append(asyncio.run(waits(3)))
        seen.append(anyio.run(waits, 2))

    seen = []
    client = make_client(app_with(task))
    client.post("/task")
    client.post("/task")
    assert ends(client.drain()) == [5.0, 5.0]
    assert seen == [3.0, 3.0, 5.0, 5.0]


def test_a_loop_in_a_thread_of_the_app(make_client):
    def task() -> None:
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever)
        thread.start()
        asyncio.run_coroutine_threadsafe(asyncio.sleep(3), loop).result()
        with anyio.from_thread.start_blocking_portal() as portal:
            portal.call(anyio.sleep, 2)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

    client = make_client(app_with(task))
    client.post("/task")
    assert ends(client.drain()) == [5.0]


def test_requests_one_right_after_another_let_worker_threads_run():
    def task() -> None: ...

    async def main():
        async with AsyncTestClient(app_with(task), clock="simulated") as client:
            for _ in range(200):
                await client.post("/task")
            return [task.status for task in client.timeline.tasks]

    statuses = run(main)
    assert len(statuses) == 200
    assert statuses.count("added") <= 4, "as many as wait on the real clock"
    assert run(main) == statuses
