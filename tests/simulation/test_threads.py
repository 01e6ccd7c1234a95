"""Threads that the app starts, itself or through a driver."""

import threading
import time

import aiosqlite
import pytest
from fastapi import FastAPI

from .apps import app_with, ends


def test_a_thread_that_a_task_starts_and_joins(make_client):
    seen = []

    def helper() -> None:
        time.sleep(3)
        seen.append(time.monotonic())

    def task() -> None:
        thread = threading.Thread(target=helper)
        thread.start()
        thread.join(1)
        seen.append((thread.is_alive(), time.monotonic()))
        thread.join()
        seen.append((thread.is_alive(), time.monotonic()))

    client = make_client(app_with(task))
    client.post("/task")
    assert ends(client.drain()) == [3.0]
    assert seen == [(True, 1.0), 3.0, (False, 3.0)]


def test_a_thread_that_the_loop_starts_and_nobody_joins(make_client):
    seen = []

    def helper() -> None:
        for _ in range(3):
            time.sleep(1)
            seen.append(time.monotonic())

    async def task() -> None:
        threading.Thread(target=helper).start()

    client = make_client(app_with(task))
    client.post("/task")
    client.drain()
    client.clock.advance(2)
    assert seen == [1.0, 2.0]
    client.clock.advance(10)
    assert seen == [1.0, 2.0, 3.0]


def test_timer(make_client):
    seen = []

    def task() -> None:
        timer = threading.Timer(2.5, lambda: seen.append(time.monotonic()))
        timer.start()
        timer.join()

    client = make_client(app_with(task))
    client.post("/task")
    assert ends(client.drain()) == [2.5]
    assert seen == [2.5]


def test_a_thread_that_fails_to_start_is_forgotten(make_client, monkeypatch):
    def task() -> None:
        thread = threading.Thread(target=print)
        thread.start()
        thread.join()
        with pytest.raises(RuntimeError, match="only be started once"):
            thread.start()

    client = make_client(app_with(task))
    client.post("/task")
    assert ends(client.drain()) == [0.0]


def test_aiosqlite_in_a_route(make_client, tmp_path):
    app = FastAPI()

    @app.get("/")
    async def route():
        async with aiosqlite.connect(tmp_path / "test.db") as db:
            await db.execute("create table if not exists log (line text)")
            await db.execute("insert into log values ('x')")
            await db.commit()
            await db.create_function("nap", 0, lambda: time.sleep(2))
            await db.execute_fetchall("select nap()")
            rows = await db.execute_fetchall("select count(*) from log")
            return rows[0][0]

    client = make_client(app)
    assert client.get("/").json() == 1
    assert client.get("/").json() == 2
    assert client.clock.time() == 4.0
