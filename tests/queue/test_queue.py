"""The queue on its embedded broker: the same route, the same timeline, and a worker that looks after itself."""

import asyncio
import gc
import importlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import orders
import pytest

from bgdemo import AsyncTestClient, TestClient, assertions
from bgdemo.errors import QueuedTaskFailed, QueueError
from bgdemo.queue import Queue, dependency, tasks
from bgdemo.queue.broker import engine
from bgdemo.queue.broker.engine import NAME
from bgdemo.record.timeline import Timeline
from servers import serve as serve_here
from servers import until

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"

MakeQueue = Callable[..., Queue]
MakeClient = Callable[..., TestClient]


def processes_of(folder: Path) -> list[int]:
    """The processes that have this folder in their command line."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if str(folder).encode() in entry.read_bytes():
                found.append(int(entry.parent.name))
        except OSError:
            pass
    return found


needs_proc = pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="looks into /proc")


def test_without_a_queue_a_route_has_its_background_tasks() -> None:
    with TestClient(orders.app) as client:
        client.post("/nap", json={"seconds": 0})
        timeline = client.drain()
    assertions.assert_ran_in(timeline, orders.nap, "threadpool")
    assert timeline.tasks[0].process is None


def test_the_same_route_with_a_queue_has_its_task_run_by_a_worker(
    make_queue: MakeQueue, make_client: MakeClient
) -> None:
    queue = make_queue()
    client = make_client(queue)
    assert client.post("/nap", json={"seconds": 0.3}).status_code == 200
    assert client.timeline.tasks[0].status in ("added", "running")
    timeline = client.drain(timeout=20)
    (task,) = assertions.assert_finished(timeline, orders.nap, kwargs={"seconds": 0.3})
    assertions.assert_ran_in(timeline, orders.nap, "worker")
    assert task.process == queue.workers[0].process != os.getpid()
    assert task.printed == "awake\n"
    assert task.added is not None
    assert task.started is not None
    assert task.ended is not None
    assert task.added < task.started < task.ended
    assert task.ended - task.started >= 0.3
    kinds = [event.kind for event in timeline.events if event.task_id == task.id]
    assert kinds == ["task_added", "task_started", "task_ended"]
    assert [event.process for event in timeline.events if event.kind == "task_ended"] == [task.process]
    assert Timeline.from_dict(timeline.to_dict()) == timeline


def test_async_functions_tasks_of_several_requests_and_an_async_client(make_queue: MakeQueue) -> None:
    async def main() -> Timeline:
        async with AsyncTestClient(orders.app) as client:
            posts = (client.post("/nap_async", json={"seconds": 0.2}), client.post("/nap", json={"seconds": 0.2}))
            await asyncio.gather(*posts)
            return await client.drain(timeout=20)

    queue = make_queue()
    queue.start_worker()
    orders.app.dependency_overrides[tasks] = queue
    try:
        timeline = asyncio.run(main())
    finally:
        orders.app.dependency_overrides.clear()
    assertions.assert_finished(timeline, orders.nap_async)
    assertions.assert_finished(timeline, orders.nap)


def test_a_recorder_under_a_real_server_sees_the_worker_too(make_queue: MakeQueue) -> None:
    queue = make_queue()
    queue.start_worker()
    orders.app.dependency_overrides[tasks] = queue
    try:
        with serve_here(orders.app) as server:
            httpx.post(f"{server.url}/nap", json={"seconds": 0}, trust_env=False)
            until(lambda: server.recorder.timeline.tasks[0].status == "finished", "the task to finish")
    finally:
        orders.app.dependency_overrides.clear()
    assertions.assert_ran_in(server.recorder.timeline, orders.nap, "worker")


def test_the_environment_gives_all_routes_a_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BGDEMO_BROKER", "embedded")
    dependency.queue_of_environment.cache_clear()
    with TestClient(orders.app) as client:
        client.post("/nap", json={"seconds": 0})
        timeline = client.drain(timeout=20)
    assertions.assert_ran_in(timeline, orders.nap, "worker")
    queue = dependency.queue_of_environment()
    queue.close()
    dependency.queue_of_environment.cache_clear()


def test_the_worker_starts_by_itself_and_says_where_its_files_are_and_close_removes_them(
    make_queue: MakeQueue,
) -> None:
    queue = make_queue()
    done = queue.folder.parent / f"{queue.folder.name}.txt"
    assert repr(queue) == f"<Queue on embedded, its files in {queue.folder}>"
    try:
        queue.add_task(orders.write_log, str(done), "written")
        assert len(queue.workers) == 1
        queue.close()
        assert done.read_text(encoding="utf-8") == "written\n"
    finally:
        done.unlink(missing_ok=True)
    assert not queue.workers[0].alive
    assert not queue.folder.exists()


def test_what_a_task_has_registered_for_the_end_of_its_process_is_done_then(
    make_queue: MakeQueue, tmp_path: Path
) -> None:
    queue = make_queue()
    queue.add_task(orders.write_log_at_the_end, str(tmp_path / "log"), "the worker ends")
    queue.close()
    assert (tmp_path / "log").read_text(encoding="utf-8") == "the worker ends\n"


def test_a_worker_finds_the_modules_of_the_folder_that_a_notebook_works_in(
    make_queue: MakeQueue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shop_here.py").write_text("def sell(path):\n    open(path, 'x').close()\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    queue = make_queue()
    queue.add_task(importlib.import_module("shop_here").sell, str(tmp_path / "sold"))
    queue.close()
    assert (tmp_path / "sold").exists()


@pytest.mark.parametrize(("module", "broker"), [("celery", "embedded"), ("redis", "redis://127.0.0.1:1/0")])
def test_what_is_not_installed_is_said_with_the_line_that_installs_it(
    module: str, broker: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    line = engine.NEEDS[module]
    with pytest.raises(QueueError, match=f'{module} is not installed. Install it: python -m pip install "{line}"'):
        Queue(broker)
    assert list(tmp_path.iterdir()) == []
    assert f'"{line}"' in PYPROJECT.read_text(encoding="utf-8").partition("queue = [")[2]


def test_a_folder_of_one_s_own_stays_with_what_has_failed_in_it(make_queue: MakeQueue, tmp_path: Path) -> None:
    queue = make_queue(folder=tmp_path / "文件", retries=0)
    queue.add_task(orders.fail, 1, str(tmp_path / "count"))
    queue.close()
    (failure,) = Queue(folder=tmp_path / "文件").failures()
    assert (failure.function, failure.args, failure.attempts) == ("orders:fail", (1, str(tmp_path / "count")), 1)
    assert failure.error == "ValueError: no such address, try 1"
    assert 'orders.py", line' in failure.traceback
    assert "celery" not in failure.traceback


@needs_proc
def test_when_the_process_is_killed_the_worker_finishes_what_was_added_and_leaves_nothing(tmp_path: Path) -> None:
    code = """if True:
        import os, signal, sys
        import orders
        from bgdemo.queue import Queue
        queue = Queue()
        queue.start_worker()
        for number in range(6):  # more than it does at a time
            queue.add_task(orders.write_log, sys.argv[1], "written", seconds=0.2)
        print(queue.folder, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    log = tmp_path / "log.txt"
    done = subprocess.run([sys.executable, "-c", code, str(log)], env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == -signal.SIGKILL, done.stderr
    folder = Path(done.stdout.strip())
    until(lambda: not folder.exists() and processes_of(folder) == [], "the worker to clean up and end")
    assert log.read_text(encoding="utf-8") == 6 * "written\n"


@needs_proc
def test_a_queue_that_nobody_holds_any_more_ends_its_worker(tmp_path: Path) -> None:
    queue = Queue(folder=tmp_path)
    worker = queue.start_worker()
    del queue
    gc.collect()
    assert worker.wait(20)


def test_a_simulated_clock_is_refused_since_a_worker_s_seconds_are_real(make_queue: MakeQueue) -> None:
    queue = make_queue()
    orders.app.dependency_overrides[tasks] = queue
    try:
        with TestClient(orders.app, clock="simulated") as client:
            with pytest.raises(QueueError, match=r"simulated clock: .*let the route have its Backgr"):
                client.post("/nap", json={"seconds": 0})
            assert client.drain().tasks == ()
    finally:
        orders.app.dependency_overrides.clear()
    assert queue.workers == ()


def test_what_a_dead_worker_had_is_lost_and_another_one_does_what_still_waits(
    make_queue: MakeQueue, make_client: MakeClient
) -> None:
    queue = make_queue(threads=1)
    client = make_client(queue)
    client.post("/nap", json={"seconds": 30})
    until(lambda: client.timeline.tasks[0].status == "running", "the task to run")
    client.post("/nap", json={"seconds": 0})
    queue.workers[0].kill()
    with pytest.raises(QueuedTaskFailed, match="the embedded broker gives no task to a worker twice"):
        client.drain(timeout=30)
    lost, finished = client.timeline.tasks
    assert (lost.status, finished.status) == ("lost", "finished")
    assert (lost.process, finished.process) == tuple(worker.process for worker in queue.workers)
    assert lost.ended is not None


def test_a_worker_that_does_not_start_says_why(
    make_queue: MakeQueue, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    queue = make_queue()
    (tmp_path / "celery.py").write_text("raise ImportError('it is broken')", encoding="utf-8")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])  # of the worker too
    with pytest.raises(QueueError, match=r"The worker did not start[\s\S]*it is broken"):
        queue.start_worker()
    orders.app.dependency_overrides[tasks] = queue
    try:
        with TestClient(orders.app) as client:
            client.post("/nap", json={"seconds": 0})
            with pytest.raises(QueuedTaskFailed, match=r"The worker did not start[\s\S]*it is broken"):
                client.drain(timeout=20)
    finally:
        orders.app.dependency_overrides.clear()
    assert client.timeline.tasks[0].status == "lost"


def test_what_a_task_raises_is_raised_by_drain_once_with_its_traceback(
    make_queue: MakeQueue, make_client: MakeClient, tmp_path: Path
) -> None:
    client = make_client(make_queue(retries=0))
    client.post("/fail", json={"times": 1, "counter": str(tmp_path / "count")})
    with pytest.raises(QueuedTaskFailed, match=r"ValueError: no such address, try 1, in a worker[\s\S]*in fail\n"):
        client.drain(timeout=20)
    client.post("/leave", json={"path": ""})
    with pytest.raises(QueuedTaskFailed, match="SystemExit: 3"):
        client.drain(timeout=20)
    assert [task.error for task in client.drain().tasks] == ["ValueError: no such address, try 1", "SystemExit: 3"]


def test_a_task_may_add_tasks_and_what_a_worker_imports_starts_no_workers(
    make_queue: MakeQueue, make_client: MakeClient, tmp_path: Path
) -> None:
    queue = make_queue(retries=0, name=NAME)
    client = make_client(queue)
    client.post("/add_another", json={"path": str(tmp_path / "log")})
    client.drain(timeout=20)
    until(lambda: (tmp_path / "log").exists(), "the task of the task")
    client.post("/start_a_worker", json={})
    with pytest.raises(QueuedTaskFailed, match=r"start_worker\(\) was called in a worker"):
        client.drain(timeout=20)
    assert len(queue.workers) == 1


def test_a_queued_task_does_not_wait_for_the_end_of_the_route_nor_for_its_success(
    make_queue: MakeQueue, tmp_path: Path
) -> None:
    """BackgroundTasks are dropped where the route raises; what was sent was sent."""
    from fastapi import FastAPI, HTTPException

    from bgdemo.queue import Tasks

    app = FastAPI()

    @app.post("/order")
    def order(background_tasks: Tasks) -> None:
        background_tasks.add_task(orders.write_log, str(tmp_path / "log"), "ordered")
        deadline = time.monotonic() + 20
        while not (tmp_path / "log").exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        raise HTTPException(409)

    queue = make_queue()
    queue.start_worker()
    app.dependency_overrides[tasks] = queue
    with TestClient(app) as client:
        assert client.post("/order").status_code == 409
        timeline = client.drain(timeout=20)
    assert timeline.tasks[0].status == "finished"
    assert timeline.requests[0].responded is not None
    assert timeline.tasks[0].started is not None
    assert timeline.tasks[0].started < timeline.requests[0].responded
