"""What the clock says when it cannot go on, and that the client can be closed after it."""

import asyncio
import contextlib
import queue
import socket
import threading
import time

import pytest
from fastapi import FastAPI

from bgdemo.errors import DeadlockError, RealBlockingError, RealIOError
from bgdemo.simulation import SimulatedClock

from .apps import app_with


def line_of(function, offset: int) -> str:
    return f"test_report.py:{function.__code__.co_firstlineno + offset} in "


def test_deadlock_in_a_route_on_the_loop(make_client):
    app = FastAPI()

    @app.get("/")
    async def route():
        await asyncio.Event().wait()

    client = make_client(app)
    with pytest.raises(DeadlockError) as raised:
        client.get("/")
    assert line_of(route, 2) in str(raised.value)
    assert "waits in Event.wait" in str(raised.value)
    client.close()


def test_deadlock_in_threads(make_client):
    box: queue.Queue[int] = queue.Queue()

    def task() -> None:
        box.get()

    client = make_client(app_with(task))
    client.post("/task?n=2")
    with pytest.raises(DeadlockError) as raised:
        client.drain()
    assert line_of(task, 1) in str(raised.value)
    assert "waits in Queue.get" in str(raised.value)
    assert "`box.get()`" in str(raised.value)
    client.clock.advance(5)
    assert client.clock.time() == 5.0
    box.put(1)
    box.put(2)
    client.drain()


def test_a_deadlock_is_no_error_when_the_client_closes(make_client):
    async def task() -> None:
        await asyncio.Event().wait()

    client = make_client(app_with(task), close_timeout=7)
    client.post("/task")
    client.close()
    assert client.timeline.tasks[0].status == "cancelled"
    assert client.timeline.tasks[0].ended == 7.0


def test_deadlock_without_a_client():
    async def main():
        await asyncio.get_running_loop().create_future()

    with pytest.raises(DeadlockError, match=r"in test_deadlock_without_a_client\.<locals>\.main"):
        SimulatedClock().run(main)


def test_a_plain_lock_across_a_sleep_is_named(make_client):
    ledger = threading.Lock()

    def task() -> None:
        with ledger:
            time.sleep(1)

    app = app_with(task)
    client = make_client(app, real_timeout=0.3)
    client.post("/task")
    client.post("/task")
    with pytest.raises(RealBlockingError, match="The lock `ledger`") as raised:
        client.drain()
    assert line_of(task, 1) in str(raised.value)
    client.close()


def test_a_real_wait_in_a_thread_is_named(make_client):
    pair = socket.socketpair()

    def task() -> None:
        pair[0].recv(1)

    client = make_client(app_with(task), real_timeout=0.3)
    client.post("/task")
    with pytest.raises(RealBlockingError) as raised:
        client.drain()
    assert line_of(task, 1) in str(raised.value)
    assert "`pair[0].recv(1)`" in str(raised.value)
    assert "Its stack:" in str(raised.value)
    assert "Likely causes:" in str(raised.value)
    pair[1].send(b"x")
    client.drain()
    assert client.timeline.tasks[0].status == "finished"
    for one in pair:
        one.close()


def test_a_real_wait_on_the_loop_is_named_and_the_client_closes(make_client):
    pair = socket.socketpair()
    app = FastAPI()

    @app.get("/")
    async def route():
        pair[0].recv(1)

    client = make_client(app, real_timeout=0.3)
    with pytest.raises(RealBlockingError) as raised:
        client.get("/")
    assert line_of(route, 2) in str(raised.value)
    client.close()
    pair[1].send(b"x")
    for one in pair:
        one.close()


def test_honest_work_is_no_fault(make_client):
    def task() -> None:
        until = time.thread_time() + 1
        while time.thread_time() < until:
            pass

    client = make_client(app_with(task), real_timeout=0.3)
    client.post("/task")
    client.drain()


def test_a_call_to_another_clock_is_no_fault(make_client):
    def works() -> None:
        until = time.thread_time() + 0.6
        while time.thread_time() < until:
            pass

    def task() -> None:
        inner.post("/works")
        inner.drain()

    inner = make_client(app_with(works))
    client = make_client(app_with(task), real_timeout=0.3)
    client.post("/task")
    client.drain()


def test_a_socket_on_the_loop_is_refused(make_client):
    pair = socket.socketpair()
    for one in pair:
        one.setblocking(False)

    async def task() -> None:
        await asyncio.get_running_loop().sock_recv(pair[0], 1)

    client = make_client(app_with(task))
    client.post("/task")
    with pytest.raises(RealIOError) as raised:
        client.drain()
    assert line_of(task, 1) in str(raised.value)
    with pytest.raises(RealIOError):
        client.clock.advance(1)
    client.close()
    assert client.timeline.tasks[0].status == "cancelled"
    for one in pair:
        one.close()


def test_one_instant_without_end_is_an_error_and_the_client_closes(make_client):
    async def task() -> None:
        while True:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(0)

    client = make_client(app_with(task), SimulatedClock(max_steps=20_000))
    client.post("/task")
    with pytest.raises(DeadlockError, match="goes on without end") as raised:
        client.drain()
    assert line_of(task, 3) in str(raised.value)
    client.close()


def test_threads_that_play_ping_pong_without_end(make_client):
    def task() -> None:
        while True:
            time.sleep(0)

    client = make_client(app_with(task), SimulatedClock(max_steps=20_000))
    client.post("/task")
    with pytest.raises(DeadlockError, match="goes on without end"):
        client.drain()
    client.close()


def test_a_thread_that_only_looks_at_the_clock(make_client):
    def task() -> None:
        until = time.monotonic() + 5
        while time.monotonic() < until:
            pass

    client = make_client(app_with(task), SimulatedClock(max_steps=20_000))
    client.post("/task")
    with pytest.raises(DeadlockError, match="goes on without end") as raised:
        client.drain()
    assert "in test_a_thread_that_only_looks_at_the_clock.<locals>.task" in str(raised.value)
    client.close()


def test_a_condition_that_is_held_across_a_sleep_is_named(make_client):
    ledger = threading.Condition()

    def task() -> None:
        with ledger:
            time.sleep(1)

    client = make_client(app_with(task), real_timeout=0.3)
    client.post("/task")
    client.post("/task")
    with pytest.raises(RealBlockingError, match="The lock `ledger`"):
        client.drain()


def test_a_loop_that_has_died(make_client):
    from bgdemo.errors import ClientError

    app = FastAPI()

    @app.get("/")
    async def route():
        raise SystemExit(3)

    client = make_client(app)
    with pytest.raises((ClientError, SystemExit)):
        client.get("/")
    client.close()
