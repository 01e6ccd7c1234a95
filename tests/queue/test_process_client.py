"""A client of an app in a process of its own, whose timeline outlives that process."""

import gc
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from bgdemo import assertions
from bgdemo.errors import ClientError, DrainTimeout
from bgdemo.queue import ProcessClient
from servers import until

Serve = Callable[..., ProcessClient]


def test_it_is_an_http_client_and_its_timeline_is_that_of_the_process(serve: Serve) -> None:
    client = serve()
    assert client.timeline.requests == ()
    assert client.post("/nap", json={"seconds": 0.2}).status_code == 200
    assert client.get("/nowhere").status_code == 405
    timeline = client.drain()
    assert [(one.method, one.path, one.status) for one in timeline.requests] == [
        ("POST", "/nap", 200),
        ("GET", "/nowhere", 405),
    ]
    (task,) = assertions.assert_finished(timeline, "orders.nap", kwargs={"seconds": 0.2})
    assertions.assert_ran_after_response(timeline, "orders.nap")
    assert (task.name, task.ran_in, task.printed, task.process) == ("nap", "threadpool", "awake\n", None)
    assert timeline.requests[0].sent == 0.0
    assert timeline.now >= 0.2


def test_closing_it_waits_for_the_tasks_as_a_server_does(serve: Serve, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with serve() as client:
        client.post("/write_log", json={"path": str(log), "message": "sent", "seconds": 0.5})
    assert log.read_text(encoding="utf-8") == "sent\n"
    assertions.assert_finished(client.timeline, "orders.write_log")
    assert not client._folder.exists()
    assert client.is_closed
    client.close()


def test_arguments_of_background_tasks_may_be_anything(serve: Serve) -> None:
    client = serve()
    assert client.post("/odd").status_code == 200
    (task,) = client.drain().tasks
    assert (task.status, task.name) == ("finished", "<lambda>")
    assert task.args == ("{(1, 2): 'a tuple as a key'}",)


def test_a_request_that_was_under_way_when_it_was_killed_has_no_response(serve: Serve) -> None:
    client = serve()

    def post() -> None:
        with pytest.raises(httpx.HTTPError):
            client.post("/slow")

    poster = threading.Thread(target=post)
    poster.start()
    until(lambda: len(client.timeline.requests) == 1, "the request to arrive")
    client.kill()
    poster.join()
    (request,) = client.timeline.requests
    assert (request.status, request.responded) == (None, None)
    assert request.ended is not None


def test_draining_has_a_limit(serve: Serve) -> None:
    client = serve()
    client.post("/nap", json={"seconds": 30})
    began = time.monotonic()
    with pytest.raises(DrainTimeout, match=r"After 0\.1 s nap is running"):
        client.drain(timeout=0.1)
    assert time.monotonic() - began < 5


def test_what_does_not_start_says_why() -> None:
    with pytest.raises(ClientError, match=r"no_such_module:app was not served[\s\S]*No module named 'no_such_module'"):
        ProcessClient("no_such_module:app")


def test_a_client_that_nobody_holds_lets_its_app_finish_and_leaves_nothing(tmp_path: Path) -> None:
    client = ProcessClient("orders:app")
    process, folder, log = client._process, client._folder, tmp_path / "log"
    late = {"path": str(log), "message": "sent", "seconds": 0.5}
    client.post("/write_log_late", json=late, headers={"connection": "close"})
    del client
    gc.collect()
    assert process.wait(30) == 0
    assert not folder.exists()
    assert log.read_text(encoding="utf-8") == "sent\n"


def test_when_its_own_process_is_killed_the_app_finishes_its_tasks_and_leaves_nothing(tmp_path: Path) -> None:
    code = """if True:
        import os, signal, sys
        from bgdemo.queue import ProcessClient
        client = ProcessClient("orders:app")
        client.post("/write_log_late", json={"path": sys.argv[1], "message": "sent", "seconds": 0.5})
        print(client._folder, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    env, log = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, tmp_path / "log"
    command = [sys.executable, "-c", code, str(log)]
    done = subprocess.run(command, env=env, stdout=subprocess.PIPE, text=True, check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    until(lambda: not Path(done.stdout.strip()).exists(), "the app's process to end")
    assert log.read_text(encoding="utf-8") == "sent\n"
