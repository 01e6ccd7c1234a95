"""What survives what: on the embedded broker, on real Redis and RabbitMQ servers, and with BackgroundTasks."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import orders
import psutil
import pytest

from bgdemo import TestClient, assertions
from bgdemo.errors import BrokerUnavailable, QueuedTaskFailed, QueueError
from bgdemo.lessons.brokers import BrokerServer, RabbitMQ, Redis, free_port
from bgdemo.queue import ProcessClient, Queue
from conftest import SERVERS, need
from servers import until

MakeQueue = Callable[..., Queue]
MakeClient = Callable[..., TestClient]
Serve = Callable[..., ProcessClient]

pytestmark = pytest.mark.long

TIMEOUT = 2.0
"""Seconds that `add_task` may wait for a broker in these tests."""


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def listens_at(server: BrokerServer) -> set[str]:
    """The addresses that its processes accept connections at."""
    ours = [one for one in psutil.process_iter() if os.getpgid(one.pid) in server.groups]
    return {at.laddr.ip for one in ours for at in one.net_connections("inet") if at.status == "LISTEN"}


def kinds(client: TestClient | ProcessClient) -> list[str]:
    return [event.kind for event in client.timeline.events if event.task_id == 1]


# The app's process is killed


def test_with_the_app_s_process_its_background_tasks_are_lost(serve: Serve, tmp_path: Path) -> None:
    client = serve()
    log = tmp_path / "log"
    assert client.post("/write_log", json={"path": str(log), "message": "sent", "seconds": 30}).status_code == 200
    assert client.post("/nap", json={"seconds": 30}).status_code == 200
    until(lambda: [task.status for task in client.timeline.tasks] == 2 * ["running"], "the tasks to run")
    client.kill()
    timeline = client.drain(timeout=0)
    assert [task.status for task in timeline.tasks] == ["lost", "lost"]
    assert [task.ran_in for task in timeline.tasks] == ["threadpool", "threadpool"]
    assert [request.status for request in timeline.requests] == [200, 200]


def test_a_queue_keeps_its_tasks_when_the_app_s_process_is_killed(
    broker: str, serve: Serve, make_queue: MakeQueue, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    if broker != "embedded":  # whose worker starts by itself
        make_queue(broker, name="bgdemo").start_worker()
    client = serve(broker=broker)
    for _ in range(2):
        client.post("/write_log", json={"path": str(log), "message": "sent", "seconds": 1})
    until(lambda: {task.status for task in client.timeline.tasks} == {"running"}, "the tasks to run")
    client.kill()
    assert [task.status for task in client.timeline.tasks] == ["running", "running"]
    timeline = client.drain(timeout=30)
    assertions.assert_finished(timeline, "orders.write_log", times=2)
    assertions.assert_ran_in(timeline, "orders.write_log", "worker")
    assert text(log) == "sent\nsent\n"


# The worker's process is killed


@pytest.mark.parametrize("broker", SERVERS, indirect=True)
def test_what_a_killed_worker_had_is_given_to_another_one(
    broker: str, make_queue: MakeQueue, make_client: MakeClient
) -> None:
    """The embedded broker does not do that: see test_queue.py."""
    queue = make_queue(broker, visibility_timeout=3)
    client = make_client(queue)
    client.post("/nap", json={"seconds": 1})
    until(lambda: client.timeline.tasks[0].status == "running", "the task to run")
    queue.workers[0].kill()
    until(lambda: client.timeline.tasks[0].status == "waiting", "the death to be seen")
    queue.start_worker()
    timeline = client.drain(timeout=30)
    (task,) = assertions.assert_finished(timeline, orders.nap)
    assert task.process == queue.workers[1].process
    assert kinds(client) == [
        "task_added", "task_started", "task_interrupted", "task_redelivered", "task_started", "task_ended"
    ]  # fmt: skip
    times = {event.kind: event.time for event in timeline.events if event.task_id == 1}
    waited = times["task_redelivered"] - times["task_added"]
    if broker.startswith("redis"):
        assert 3 <= waited < 3 + 6, "after the visibility timeout, and two looks at it"
    else:
        assert waited < 20, "as soon as there is another worker"


# The broker is killed


@pytest.fixture(
    params=[
        pytest.param(Redis, marks=pytest.mark.starts("Redis")),
        pytest.param(RabbitMQ, marks=pytest.mark.starts("RabbitMQ")),
    ]
)
def own(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BrokerServer]:
    """A broker to kill, with the settings that keep messages."""
    need(request.param)
    folder = tmp_path / "server"
    server = request.param(folder)
    try:
        server.start()
        yield server
    finally:
        server.kill()


def test_a_killed_broker_still_has_its_messages_and_the_route_says_while_it_is_away(
    own: BrokerServer, make_queue: MakeQueue, make_client: MakeClient, tmp_path: Path
) -> None:
    queue = make_queue(own.url, timeout=TIMEOUT)
    client = make_client(queue, workers=0)
    for _ in range(5):
        client.post("/write_log", json={"path": str(tmp_path / "log"), "message": "sent"})
    own.kill()
    response = client.post("/write_log", json={"path": str(tmp_path / "log"), "message": "never"})
    assert response.status_code == 503
    own.start()
    assert client.post("/write_log", json={"path": str(tmp_path / "log"), "message": "sent"}).status_code == 200
    queue.start_worker()
    timeline = client.drain(timeout=30)
    assert [task.status for task in timeline.tasks] == [*5 * ["finished"], "dropped", "finished"]
    assert text(tmp_path / "log") == 6 * "sent\n"


@pytest.mark.starts("Redis")
def test_redis_without_its_appendonly_file_loses_them(tmp_path: Path, make_queue: MakeQueue) -> None:
    need(Redis)
    server = Redis(tmp_path / "server", appendonly=False)
    try:
        server.start()
        queue = make_queue(server.url)
        for _ in range(5):
            queue.add_task(orders.write_log, str(tmp_path / "log"), "sent")
        server.kill()
        server.start()
        queue.start_worker()
        queue.close()
    finally:
        server.kill()
    assert text(tmp_path / "log") == ""


# The broker is not there


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
@pytest.mark.parametrize("is_there", [False, True], ids=["nobody listens", "nobody answers"])
def test_without_a_broker_the_route_answers_503_in_time_and_says_why(
    scheme: str, is_there: bool, make_queue: MakeQueue, make_client: MakeClient
) -> None:
    with socket.socket() as silent:
        port = free_port()
        if is_there:
            silent.bind(("127.0.0.1", port))
            silent.listen()
        queue = make_queue(f"{scheme}://user:secret@127.0.0.1:{port}/0", timeout=TIMEOUT)
        client = make_client(queue, workers=0)
        response = client.post("/nap", json={"seconds": 0})
        timeline = client.drain(timeout=0)
    name = "Redis" if scheme == "redis" else "RabbitMQ"
    assert response.status_code == 503
    assert f"orders:nap was not sent: {name} at {scheme}://user:...@127.0.0.1:{port}/0" in response.json()["detail"]
    assert [task.status for task in timeline.tasks] == ["dropped"]
    assert timeline.requests[0].responded is not None
    assert timeline.requests[0].responded < TIMEOUT + 1
    with pytest.raises(BrokerUnavailable, match="Is it running"):
        queue.add_task(orders.nap, 0)


def test_a_broker_that_hangs_is_given_up_in_time_on_a_connection_that_was_kept_too(
    own: BrokerServer, make_queue: MakeQueue, make_client: MakeClient
) -> None:
    client = make_client(make_queue(own.url, timeout=TIMEOUT), workers=0)
    assert client.post("/nap", json={"seconds": 0}).status_code == 200
    os.killpg(own.groups[-1], signal.SIGSTOP)
    assert client.post("/nap", json={"seconds": 0}).status_code == 503
    _, request = client.timeline.requests
    assert request.responded is not None
    assert request.responded - request.sent < TIMEOUT + 0.8


@pytest.mark.parametrize("started", [False, True], ids=["before its worker", "beside its worker"])
def test_without_the_folder_of_the_embedded_broker_the_route_answers_503_and_says_so(
    started: bool, make_queue: MakeQueue, make_client: MakeClient
) -> None:
    queue = make_queue()
    client = make_client(queue, workers=int(started))
    shutil.rmtree(queue.folder)
    response = client.post("/nap", json={"seconds": 0})
    assert response.status_code == 503
    assert f"orders:nap was not sent: the embedded broker in {queue.folder} did not" in response.json()["detail"]
    assert response.json()["detail"].endswith("Is that folder there, and may it be written to?")
    assert [task.status for task in client.drain(timeout=0).tasks] == int(started) * ["dropped"]


# The task raises


def test_a_task_that_raises_is_tried_again_with_longer_and_longer_waits(
    broker: str, make_queue: MakeQueue, make_client: MakeClient, tmp_path: Path
) -> None:
    client = make_client(make_queue(broker, retries=2, backoff=0.2))
    client.post("/fail", json={"times": 2, "counter": str(tmp_path / "count")})
    timeline = client.drain(timeout=30)
    (task,) = assertions.assert_finished(timeline, orders.fail)
    assert task.error is None
    assert kinds(client) == ["task_added", *2 * ["task_started", "task_retried"], "task_started", "task_ended"]
    first, second, third = [event.time for event in timeline.events if event.kind == "task_started"]
    assert second - first >= 0.2
    assert third - second >= 0.4


def test_a_try_is_noted_before_the_next_one_begins_even_with_no_wait_between(
    broker: str, make_queue: MakeQueue, make_client: MakeClient, tmp_path: Path
) -> None:
    client = make_client(make_queue(broker, retries=8, backoff=0.0))
    client.post("/fail", json={"times": 8, "counter": str(tmp_path / "count")})
    client.drain(timeout=30)
    assert kinds(client) == ["task_added", *8 * ["task_started", "task_retried"], "task_started", "task_ended"]


def test_a_task_that_never_goes_well_is_kept_with_its_traceback(
    broker: str, make_queue: MakeQueue, make_client: MakeClient, tmp_path: Path
) -> None:
    queue = make_queue(broker, retries=1, backoff=0.1)
    client = make_client(queue)
    client.post("/fail", json={"times": 9, "counter": str(tmp_path / "count")})
    with pytest.raises(QueuedTaskFailed, match=r"no such address, try 2[\s\S]*in fail"):
        client.drain(timeout=30)
    assertions.assert_failed(client.timeline, orders.fail, ValueError)
    (failure,) = queue.failures()
    assert (failure.function, failure.attempts) == ("orders:fail", 2)
    assert failure.kwargs == {"times": 9, "counter": str(tmp_path / "count")}
    assert failure.error == "ValueError: no such address, try 2"
    assert failure.traceback.startswith("Traceback (most recent call last):")


def test_a_worker_that_dies_between_two_tries_takes_the_next_one_with_it_where_the_broker_does_not_ask(
    broker: str, make_queue: MakeQueue, make_client: MakeClient, tmp_path: Path
) -> None:
    queue = make_queue(broker, retries=1, backoff=3, visibility_timeout=5)
    client = make_client(queue)
    client.post("/fail", json={"times": 1, "counter": str(tmp_path / "count")})
    until(lambda: "task_retried" in kinds(client), "the first attempt to fail")
    if broker == "embedded":
        until(lambda: len(list(queue.folder.glob("taken/*.msg"))) == 2, "the worker to take the next attempt, too")
    queue.workers[0].kill()
    queue.start_worker()
    if broker == "embedded":
        with pytest.raises(QueuedTaskFailed, match="the embedded broker gives no task to a worker twice"):
            client.drain(timeout=30)
        assert client.timeline.tasks[0].status == "lost"
    else:
        assertions.assert_finished(client.drain(timeout=30), orders.fail)
        assert len(text(tmp_path / "count")) >= 2, "the first try may come again, too: it was not reported done"


# The task is delivered twice


@pytest.mark.parametrize(("once", "writes"), [(False, 2), (True, 1)])
def test_after_a_retry_the_idempotent_function_has_written_once_and_the_other_one_twice(
    once: bool, writes: int, broker: str, make_queue: MakeQueue, make_client: MakeClient, tmp_path: Path
) -> None:
    client = make_client(make_queue(broker, retries=1, backoff=0.1))
    client.post("/write_log_then_fail_once", json={"path": str(tmp_path / "log"), "message": "sent", "once": once})
    client.drain(timeout=30)
    assert text(tmp_path / "log") == writes * "sent\n"


@pytest.mark.parametrize(("function", "writes"), [("write_log", 2), ("write_log_once", 1)])
def test_after_a_redelivery_the_idempotent_function_has_written_once_and_the_other_one_twice(
    function: str, writes: int, rabbitmq: BrokerServer, make_queue: MakeQueue, make_client: MakeClient, tmp_path: Path
) -> None:
    """The worker dies between the writing and the word that it is done."""
    queue = make_queue(rabbitmq.url)
    client = make_client(queue)
    log = tmp_path / "log"
    client.post(f"/{function}", json={"path": str(log), "message": "sent", "seconds": 1})
    until(lambda: text(log) != "", "the first delivery to have written")
    queue.workers[0].kill()
    queue.start_worker()
    client.drain(timeout=30)
    assert text(log) == writes * "sent\n"


def test_a_visibility_timeout_shorter_than_the_task_runs_it_twice_at_the_same_time(
    redis: BrokerServer, make_queue: MakeQueue, make_client: MakeClient, tmp_path: Path
) -> None:
    client = make_client(make_queue(redis.url, visibility_timeout=1))
    for function, log in (("write_log", tmp_path / "log"), ("write_log_once", tmp_path / "once")):
        client.post(f"/{function}", json={"path": str(log), "message": "sent", "seconds": 4})
    client.drain(timeout=60)
    assert text(tmp_path / "log").count("sent") >= 2
    assert text(tmp_path / "once") == "sent\n"


def test_all_that_was_started_is_on_loopback(redis: BrokerServer, rabbitmq: BrokerServer) -> None:
    for server in (redis, rabbitmq):
        assert listens_at(server) in ({"127.0.0.1"}, {"127.0.0.1", "::1"})


@pytest.mark.parametrize(("ci", "outcome"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)])
@pytest.mark.parametrize("server", [Redis, RabbitMQ])
def test_what_is_not_installed_is_named_and_skipped_and_on_ci_it_fails(
    server: type[BrokerServer], ci: str, outcome: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr(server, "is_installed", lambda: False)
    with pytest.raises(outcome, match=f"{server.__name__} is not installed: apt-get install {server.package}"):
        need(server)


@pytest.mark.starts("Redis")
def test_a_server_that_does_not_start_says_why(tmp_path: Path) -> None:
    need(Redis)
    server = Redis(tmp_path)
    server.port = -1
    with pytest.raises(QueueError, match=r"Redis did not start[\s\S]*port"):
        server.start()
    assert server.groups == []


@pytest.mark.starts("Redis")
def test_a_server_ends_with_the_process_that_started_it() -> None:
    need(Redis)
    code = """if True:
        import os, signal
        from bgdemo.lessons.brokers import Redis
        server = Redis().start()
        print(server.folder, server.groups[0], flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=False, timeout=60)
    folder, group = done.stdout.split()
    until(lambda: not psutil.pid_exists(int(group)) and not Path(folder).exists(), "the server to end")
