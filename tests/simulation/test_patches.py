"""What is replaced is put back; nothing keeps an interpreter from ending; other tools that patch asyncio."""

import asyncio
import concurrent.futures
import gc
import queue
import subprocess
import sys
import textwrap
import threading
import time
import weakref

import anyio.to_thread
import pytest

from bgdemo import TestClient
from bgdemo._compat.asyncio import POLICY

from .apps import app_with, ends


def replaced() -> list[object]:
    return [
        time.sleep, time.time, time.monotonic, time.perf_counter, time.time_ns, time.monotonic_ns, time.perf_counter_ns,
        threading.Condition.wait, threading.Thread.start, threading.Thread.join, threading._time, queue.time,
        asyncio.new_event_loop, asyncio.events.new_event_loop, queue.SimpleQueue, anyio.to_thread.run_sync,
        concurrent.futures.ThreadPoolExecutor.submit, POLICY and POLICY.new_event_loop,
    ]  # fmt: skip


def task() -> None:
    time.sleep(1)


def test_all_is_put_back_when_the_last_client_is_closed():
    before = replaced()
    first, second = (TestClient(app_with(task), clock="simulated") for _ in range(2))
    first.post("/task")
    second.post("/task")
    assert not any(new is old for new, old in zip(replaced(), before, strict=True))
    first.close()
    assert not any(new is old for new, old in zip(replaced(), before, strict=True))
    second.close()
    assert all(new is old for new, old in zip(replaced(), before, strict=True))


def test_all_is_put_back_when_nobody_holds_the_client_any_more():
    before = replaced()
    client = TestClient(app_with(task), clock="simulated")
    client.post("/task")
    client.clock.advance(0)
    del client
    assert all(new is old for new, old in zip(replaced(), before, strict=True))


def test_all_is_put_back_after_a_failed_start():
    before = replaced()
    client = TestClient(app_with(task), clock="simulated", backend_options={"nonsense": 1})
    with pytest.raises(TypeError):
        client.post("/task")
    assert all(new is old for new, old in zip(replaced(), before, strict=True))


PROGRAM = """
import asyncio, concurrent.futures, queue, sys, threading, time
from fastapi import BackgroundTasks, FastAPI
from bgdemo import TestClient
from bgdemo.errors import DeadlockError
app = FastAPI()
pool = concurrent.futures.ThreadPoolExecutor(2)
box = queue.Queue()

def sleeps(): time.sleep(1000)
def waits(): box.get()
def pools(): pool.submit(time.sleep, 1).result()
def starts(): threading.Thread(target=time.sleep, args=(1000,)).start()
async def sleeps_async(): await asyncio.sleep(1000)
async def to_thread(): await asyncio.to_thread(time.sleep, 1000)
async def blocks(): time.sleep(1000)

@app.post("/{name}")
async def route(name: str, tasks: BackgroundTasks):
    tasks.add_task(globals()[name])

client = TestClient(app, clock="simulated")
client.post("/" + sys.argv[1])
client.clock.advance(float(sys.argv[2]))
print("end")
"""


@pytest.mark.parametrize("name", ["sleeps", "waits", "pools", "starts", "sleeps_async", "to_thread", "blocks"])
@pytest.mark.parametrize("seconds", ["0", "10"])
def test_an_unclosed_client_keeps_no_interpreter_from_ending(name, seconds):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, name, seconds], capture_output=True, text=True, timeout=20, check=True
    )
    assert done.stdout == "end\n"
    assert done.stderr == ""


def test_nest_asyncio_applied_earlier():
    pytest.importorskip("nest_asyncio")
    program = """
        import asyncio, time, warnings
        warnings.simplefilter("ignore")
        import nest_asyncio
        from fastapi import BackgroundTasks, FastAPI
        from bgdemo import TestClient
        from bgdemo.simulation import SimulatedClock

        app = FastAPI()
        def task(): time.sleep(7)
        async def task2(): await asyncio.sleep(0.1); await asyncio.to_thread(time.sleep, 0.2)
        def task3(): asyncio.run(asyncio.sleep(2))  # on a loop that nest_asyncio gets from the policy
        @app.post("/")
        async def route(tasks: BackgroundTasks):
            tasks.add_task(task)
            tasks.add_task(task2)
            tasks.add_task(task3)

        async def cell():
            nest_asyncio.apply()
            with TestClient(app, clock="simulated") as client:
                client.post("/")
                print([task.ended for task in client.drain().tasks])
            async def main():
                await asyncio.sleep(3)
                return asyncio.get_running_loop().time()
            print(SimulatedClock().run(main))
        asyncio.run(cell())
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, timeout=20, check=False
    )
    assert (done.stdout, done.stderr) == ("[7.0, 7.3, 9.3]\n3.0\n", "")


def test_an_interrupted_call_can_be_followed_by_others():
    import _thread

    def interrupt() -> None:
        real_sleep(0.2)
        _thread.interrupt_main()

    def works() -> None:
        until = time.thread_time() + 0.6
        while time.thread_time() < until:
            pass
        time.sleep(3)

    real_sleep = time.sleep
    with TestClient(app_with(works), clock="simulated") as client:
        client.post("/works")
        thread = threading.Thread(target=interrupt)
        thread.start()
        with pytest.raises(KeyboardInterrupt):
            client.drain()
        thread.join()
        assert ends(client.drain()) == [3.0]


def test_other_loops_of_the_process_keep_real_time():
    async def real() -> float:
        before = time.perf_counter()
        await asyncio.sleep(0.05)
        return time.perf_counter() - before

    with TestClient(app_with(task), clock="simulated") as client:
        client.post("/task")
        assert asyncio.run(real()) >= 0.05
        client.drain()


def test_a_client_that_is_gone_leaves_nothing_behind():
    gone = []
    for close in (True, False):
        client = TestClient(app_with(task), clock="simulated")
        client.post("/task")
        client.drain()
        gone += [weakref.ref(client.clock), weakref.ref(client)]
        if close:
            client.close()
        del client
    until = time.monotonic() + 5
    while any(one() is not None for one in gone) and time.monotonic() < until:
        gc.collect()
        time.sleep(0.01)
    assert [one() for one in gone] == [None] * 4
