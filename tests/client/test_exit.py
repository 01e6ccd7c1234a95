"""The end of a process: nothing that a client left behind keeps it from ending, or says anything about it."""

import pytest

from gates import run_script

pytestmark = pytest.mark.long

APP = """
import asyncio, sys, threading, time
from fastapi import BackgroundTasks, FastAPI
from fastapi.responses import StreamingResponse
from bgdemo import AsyncTestClient, TestClient

async def sleep_async():
    await asyncio.sleep(3600)

async def block():
    time.sleep(3600)

async def in_thread():
    await asyncio.to_thread(time.sleep, 3600)

async def stubborn():
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            pass

def sleep():
    started.set()
    time.sleep(3600)

started = threading.Event()
app = FastAPI()

@app.post("/{name}")
async def add(name: str, background_tasks: BackgroundTasks) -> str:
    background_tasks.add_task(globals()[name])
    return "added"

@app.get("/exit")
async def exit() -> None:
    sys.exit(3)

@app.get("/sync-exit")
def sync_exit() -> None:
    sys.exit(3)

@app.get("/stream")
async def stream() -> StreamingResponse:
    async def chunks():
        yield "one"
        await asyncio.sleep(3600)
    return StreamingResponse(chunks())

@app.get("/detached")
async def detached() -> None:
    app.state.task = asyncio.create_task(sleep_async())

@app.get("/never")
async def never() -> None:
    print("reached")
    await asyncio.sleep(3600)

@app.get("/ping")
async def ping() -> str:
    return "pong"
"""

ENDS_WITHIN = 20.0
"""Seconds on the wall, on a busy machine; an exit that waits for a task takes an hour, one that waits to close 30 s."""


FORGETFUL = {
    "a bare client": "client = TestClient(app); client.get('/ping')",
    "a client that was never used": "client = TestClient(app)",
    "a client that with opened": "client = TestClient(app).__enter__(); client.get('/ping')",
    "a sync task": "client = TestClient(app); client.post('/sleep'); started.wait()",
    "an async task": "client = TestClient(app); client.post('/sleep_async')",
    "a task that blocks the loop": "client = TestClient(app); client.post('/block')",
    "asyncio.to_thread": "client = TestClient(app); client.post('/in_thread'); time.sleep(0.1)",
    "a task that resists": "client = TestClient(app); client.post('/stubborn')",
    "a detached task": "client = TestClient(app); client.get('/detached')",
    "a dropped client": "client = TestClient(app); client.post('/sleep'); started.wait(); del client",
    "a stream": "client = TestClient(app); r = client.send(client.build_request('GET', '/stream'), stream=True)",
    "41 sync tasks": "client = TestClient(app); [client.post('/sleep') for _ in range(41)]; started.wait()",
    "three clients": "clients = [TestClient(app) for _ in range(3)]; [c.post('/sleep') for c in clients]",
    "a reference cycle": "client = TestClient(app); client.get('/ping'); app.state.client = client",
    "a request in a thread": (
        "client = TestClient(app);"
        "threading.Thread(target=client.get, args=['/never'], daemon=True).start(); time.sleep(0.1)"
    ),
}


@pytest.mark.parametrize("left", FORGETFUL.values(), ids=FORGETFUL)
def test_a_script_that_forgets_to_close_ends_at_once_and_in_silence(left: str) -> None:
    script = run_script(f"{APP}\n{left}\nprint('end')", timeout=ENDS_WITHIN)
    assert (script.code, script.out.replace("reached\n", ""), script.err) == (0, "end\n", "")


@pytest.mark.parametrize("task", ["sleep", "sleep_async", "block", "in_thread"])
def test_an_exception_at_the_end_of_a_script_is_all_that_is_said(task: str) -> None:
    script = run_script(
        f"{APP}\nclient = TestClient(app); client.post('/{task}'); raise ValueError('the end')", timeout=ENDS_WITHIN
    )
    assert script.code == 1
    assert script.err.startswith('Traceback (most recent call last):\n  File "<string>"')
    assert script.err.endswith("\nValueError: the end\n")
    assert script.err.count("Traceback") == 1


def test_close_gives_up_on_a_task_in_its_thread_and_the_script_ends() -> None:
    script = run_script(
        f"{APP}\nwith TestClient(app, close_timeout=0) as client: client.post('/sleep'); started.wait()\nprint('end')",
        timeout=ENDS_WITHIN,
    )
    assert (script.code, script.out, script.err) == (0, "end\n", "")


def test_an_async_script_that_forgets_to_close_ends_in_silence() -> None:
    script = run_script(
        f"""{APP}
async def main():
    client = AsyncTestClient(app)
    await client.post('/sleep_async')
    print('end')
asyncio.run(main())
""",
        timeout=ENDS_WITHIN,
    )
    assert (script.code, script.out, script.err) == (0, "end\n", "")


@pytest.mark.parametrize("path", ["/exit", "/sync-exit"])
def test_sys_exit_in_a_route_reaches_the_caller_and_the_client_goes_on(path: str) -> None:
    script = run_script(
        f"""{APP}
client = TestClient(app)
try:
    client.get("{path}")
except SystemExit as exit:
    print(exit.code)
print(client.get("/ping").json())
client.close()
""",
        timeout=ENDS_WITHIN,
    )
    assert (script.code, script.out, script.err) == (0, "3\npong\n", "")


def test_sys_exit_in_a_route_ends_a_script_with_its_code() -> None:
    script = run_script(f"{APP}\nTestClient(app).get('/exit')", timeout=ENDS_WITHIN)
    assert (script.code, script.err) == (3, "")


def test_sys_exit_in_a_task_is_raised_by_drain() -> None:
    script = run_script(
        f"""{APP}
def leave():
    sys.exit(4)
client = TestClient(app)
client.post("/leave")
try:
    client.drain()
except SystemExit as exit:
    print(exit.code, client.timeline.tasks[0].status)
client.close()
""",
        timeout=ENDS_WITHIN,
    )
    assert (script.code, script.out, script.err) == (0, "4 failed\n", "")


def test_sys_exit_in_a_task_that_the_route_started_stops_the_loop_and_later_calls_say_so() -> None:
    script = run_script(
        f"""{APP}
from bgdemo.errors import BgdemoError, ClientError
threading.excepthook = lambda args: None  # Python's own words on the thread that ended
async def leave():
    sys.exit(4)
@app.get("/kill")
async def kill():
    app.state.task = asyncio.create_task(leave())
    await asyncio.sleep(3600)
client = TestClient(app)
try:
    client.get("/kill")
except BgdemoError as error:
    print("event loop has stopped" in str(error))
[thread.join() for thread in threading.enumerate() if thread.name == "bgdemo event loop"]
try:
    client.get("/ping")
except ClientError as error:
    print("event loop has stopped" in str(error))
client.drain()
client.close()
print(client.is_closed)
""",
        timeout=ENDS_WITHIN,
    )
    assert (script.code, script.out, script.err) == (0, "True\nTrue\nTrue\n", "")


# Where exactly a SIGINT comes is not for the test to say: each script has to end the same way wherever it comes.
USE_AGAIN = """
print(client.get("/ping").json())
client.close()
print([(request.path, request.ended is not None) for request in client.timeline.requests])
"""


def test_ctrl_c_while_a_call_waits_leaves_a_usable_client() -> None:
    script = run_script(
        f"""{APP}
client = TestClient(app, close_timeout=0)
try:
    client.get("/never")
except KeyboardInterrupt:
    print("interrupted")
{USE_AGAIN}""",
        interrupt_at="reached",
    )
    assert script.out == "reached\ninterrupted\npong\n[('/never', True), ('/ping', True)]\n"
    assert (script.code, script.err) == (0, "")


def test_ctrl_c_while_drain_waits_leaves_a_usable_client_and_loses_nothing() -> None:
    script = run_script(
        f"""{APP}
gate = threading.Event()
def task():
    gate.wait()
    raise ValueError("kept")
client = TestClient(app)
client.post("/task")
try:
    print("reached")
    client.drain()
except KeyboardInterrupt:
    print("interrupted")
gate.set()
try:
    client.drain()
except ValueError as error:
    print(error)
{USE_AGAIN}""",
        interrupt_at="reached",
    )
    assert script.out == "reached\ninterrupted\nkept\npong\n[('/task', True), ('/ping', True)]\n"
    assert (script.code, script.err) == (0, "")


def test_ctrl_c_while_a_stream_is_read_leaves_a_usable_client() -> None:
    script = run_script(
        f"""{APP}
client = TestClient(app)
try:
    with client.stream("GET", "/stream") as response:
        for chunk in response.iter_text():
            print("reached")
except KeyboardInterrupt:
    print("interrupted")
{USE_AGAIN}""",
        interrupt_at="reached",
    )
    assert script.out == "reached\ninterrupted\npong\n[('/stream', True), ('/ping', True)]\n"
    assert (script.code, script.err) == (0, "")


def test_ctrl_c_while_with_waits_for_tasks_ends_the_client() -> None:
    script = run_script(
        f"""{APP}
try:
    with TestClient(app) as client:
        client.post("/sleep_async")
        print("reached")
except KeyboardInterrupt:
    print("interrupted")
print(client.timeline.tasks[0].status, [t.name for t in threading.enumerate() if "bgdemo" in t.name])
print(client.get("/ping").json())
client.close()
""",
        interrupt_at="reached",
    )
    assert script.out == "reached\ninterrupted\ncancelled []\npong\n"
    assert (script.code, script.err) == (0, "")


def test_ctrl_c_in_an_async_script_cancels_its_call() -> None:
    script = run_script(
        f"""{APP}
async def main():
    async with AsyncTestClient(app) as client:
        await client.get("/never")
try:
    asyncio.run(main())
except KeyboardInterrupt:
    print("interrupted")
""",
        interrupt_at="reached",
    )
    assert (script.code, script.out, script.err) == (0, "reached\ninterrupted\n", "")


def test_ctrl_c_in_the_body_of_with_does_not_wait_for_tasks() -> None:
    script = run_script(
        f"""{APP}
try:
    with TestClient(app) as client:
        client.post("/sleep_async")
        print("reached")
        time.sleep(3600)
except KeyboardInterrupt:
    print("interrupted", client.timeline.tasks[0].status)
""",
        interrupt_at="reached",
    )
    assert (script.code, script.out, script.err) == (0, "reached\ninterrupted cancelled\n", "")
