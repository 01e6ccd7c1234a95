"""Ctrl-C ends everything within a second or so, also where the app computes for ever."""

import pytest

from gates import run_script

APP = """
import os, signal, threading, time
from fastapi import BackgroundTasks, FastAPI
from bgdemo import TestClient

app = FastAPI()

def spins():
    while True:
        pass

async def spins_on_the_loop():
    while True:
        pass

def catches():
    while True:
        try:
            spins()
        except BaseException:
            pass

@app.get("/{name}")
def index(name: str, background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(globals()[name])

@app.post("/")
def route() -> None:
    spins()

def say(client):
    while not client.timeline.requests:
        time.sleep(0.01)
    time.sleep(0.1)  # the app computes by now
    print("busy", flush=True)

client = TestClient(app, clock="CLOCK")
threading.Thread(target=say, args=(client,), daemon=True).start()
try:
    with client:
        CALL
        client.drain()
except KeyboardInterrupt as error:
    client.close()
    print(*getattr(error, "__notes__", []))
"""


@pytest.mark.parametrize("clock", ["real", "simulated"])
@pytest.mark.parametrize(
    ("call", "note"),
    [
        ('client.get("/spins")', ""),
        ('client.get("/spins_on_the_loop")', ""),
        ('client.get("/catches")', "catches did not end when told to"),
        ('client.post("/")', ""),
    ],
)
def test_an_interrupt_ends_what_computes_for_ever(clock: str, call: str, note: str) -> None:
    script = run_script(APP.replace("CLOCK", clock).replace("CALL", call), interrupt_at="busy")
    assert script.code == 0, script.err
    assert note in script.out
