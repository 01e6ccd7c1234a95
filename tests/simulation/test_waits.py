"""Waits on other threads, with and without a timeout."""

import asyncio
import concurrent.futures
import queue
import threading
import time

import pytest

from bgdemo.simulation import SimulatedClock

from .apps import app_with, ends


def in_two_threads(first, second):
    """What `first` returns, while `second` runs in another thread."""

    async def main():
        return (await asyncio.gather(asyncio.to_thread(first), asyncio.to_thread(second)))[0]

    return SimulatedClock().run(main)


def test_event():
    event = threading.Event()

    def waits():
        early = event.wait(2), time.monotonic()
        return early, event.wait(), time.monotonic()

    def sets():
        time.sleep(5)
        event.set()

    assert in_two_threads(waits, sets) == ((False, 2.0), True, 5.0)


@pytest.mark.parametrize("kind", [queue.Queue, queue.LifoQueue, queue.PriorityQueue, lambda: queue.SimpleQueue()])
def test_queue_get(kind):
    box = []
    made = threading.Event()

    def gets():
        box.append(kind())
        made.set()
        with pytest.raises(queue.Empty):
            box[0].get(timeout=1.1)
        first = box[0].get(), time.monotonic()
        second = box[0].get(timeout=100), time.monotonic()
        with pytest.raises(queue.Empty):
            box[0].get_nowait()
        return first, second

    def puts():
        made.wait()
        time.sleep(3)
        box[0].put(1)
        time.sleep(0.5)
        box[0].put(2)

    assert in_two_threads(gets, puts) == ((1, 3.0), (2, 3.5))


def test_a_full_queue():
    box = queue.Queue(1)

    def puts():
        for number in range(3):
            box.put(number)
        with pytest.raises(queue.Full):
            box.put(9, timeout=0.3)
        return time.monotonic()

    def gets():
        for _ in range(2):
            time.sleep(2)
            box.get()

    assert in_two_threads(puts, gets) == 4.3


def test_queue_timeouts_that_no_float_hits():
    def gets():
        box = queue.Queue()
        time.sleep(0.1)
        for _ in range(5):
            with pytest.raises(queue.Empty):
                box.get(timeout=0.2)
        return round(time.monotonic(), 9)

    assert in_two_threads(gets, time.sleep.__class__ and (lambda: None)) == 1.1


def test_futures_and_pools_of_the_app():
    def waits():
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            futures = [pool.submit(time.sleep, 2) for _ in range(3)]
            with pytest.raises(TimeoutError):
                futures[2].result(timeout=3)
            early = time.monotonic()
            done, _ = concurrent.futures.wait(futures)
            return early, time.monotonic(), len(done)

    assert in_two_threads(waits, lambda: None) == (3.0, 4.0, 3)


shared_pool = concurrent.futures.ThreadPoolExecutor(1)


def test_a_pool_that_was_there_before(make_client):
    shared_pool.submit(time.sleep, 0.001).result()  # it has its thread

    def task() -> None:
        shared_pool.submit(time.sleep, 3).result()

    async def async_task() -> None:
        await asyncio.get_running_loop().run_in_executor(shared_pool, time.sleep, 3)

    client = make_client(app_with(task, async_task))
    client.post("/task")
    client.post("/async_task")
    assert ends(client.drain()) == [3.0, 6.0]
    client.close()
    assert shared_pool.submit(lambda: 7).result() == 7


def test_semaphore_barrier_and_condition():
    semaphore = threading.Semaphore(1)
    barrier = threading.Barrier(2)
    condition = threading.Condition()

    def first():
        with semaphore:
            time.sleep(2)
        barrier.wait()
        at_barrier = time.monotonic()
        with condition:
            got = condition.wait_for(lambda: time.monotonic() >= 7, timeout=10)
        return at_barrier, got, time.monotonic()

    def second():
        time.sleep(1)
        with semaphore:
            time.sleep(3)
        barrier.wait()
        for _ in range(3):
            time.sleep(1)
            with condition:
                condition.notify_all()

    assert in_two_threads(first, second) == (5.0, True, 7.0)


def test_a_wait_from_outside_stays_real(make_client):
    event = threading.Event()

    def task() -> None:
        time.sleep(5)
        event.set()

    client = make_client(app_with(task))
    client.post("/task")
    assert not event.wait(0.02)
    client.drain()
    assert event.wait(1)


def test_somebody_outside_may_wake_the_app(make_client):
    event = threading.Event()

    def task() -> None:
        event.wait()
        time.sleep(2)

    client = make_client(app_with(task))
    client.post("/task")
    client.clock.advance(1)
    event.set()
    assert ends(client.drain()) == [3.0]
