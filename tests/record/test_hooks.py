"""The seams in Starlette: in place while somebody records, and never for anybody else."""

import inspect
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi import BackgroundTasks as FastAPIBackgroundTasks
from fastapi import FastAPI
from starlette.background import BackgroundTask, BackgroundTasks

from bgdemo import Recorder, TestClient
from bgdemo.record import hooks
from gates import DEADLINE, Gate, Threads, forget_clients, in_thread, until

ORIGINAL = (BackgroundTask.__init__, BackgroundTask.__call__, BackgroundTasks.__init__, BackgroundTasks.add_task)


def seams() -> tuple[object, ...]:
    return (BackgroundTask.__init__, BackgroundTask.__call__, BackgroundTasks.__init__, BackgroundTasks.add_task)


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    forget_clients()
    assert seams() == ORIGINAL
    yield
    forget_clients()
    assert seams() == ORIGINAL


def task_app() -> FastAPI:
    app = FastAPI()

    @app.get("/")
    def index(background_tasks: FastAPIBackgroundTasks) -> None:
        background_tasks.add_task(int)

    return app


def test_importing_and_making_a_client_hooks_nothing() -> None:
    TestClient(task_app())
    Recorder(task_app())
    assert seams() == ORIGINAL


def test_signatures_stay_what_they_were() -> None:
    """FastAPI reads them where an app says Depends(BackgroundTasks), and refuses it."""
    before = [inspect.signature(seam) for seam in ORIGINAL[:3]], inspect.signature(FastAPIBackgroundTasks)
    hooks.install()
    now = [inspect.signature(seam) for seam in seams()[:3]], inspect.signature(FastAPIBackgroundTasks)
    hooks.uninstall()
    assert now == before


def test_each_install_needs_its_own_uninstall() -> None:
    hooks.install()
    hooks.install()
    hooks.uninstall()
    assert BackgroundTask.__init__ is not ORIGINAL[0]
    assert BackgroundTask.__call__ is not ORIGINAL[1]
    hooks.uninstall()
    assert seams() == ORIGINAL


def test_installing_from_many_threads_adds_up() -> None:
    def use() -> None:
        for _ in range(200):
            hooks.install()
            assert BackgroundTask.__init__ is not ORIGINAL[0]
            hooks.uninstall()

    for call in [in_thread(use) for _ in range(8)]:
        call.result(DEADLINE)


def test_the_first_request_hooks_and_close_unhooks() -> None:
    client = TestClient(task_app())
    client.get("/")
    assert seams() != ORIGINAL
    client.close()


def test_the_last_of_two_clients_unhooks() -> None:
    one, other = TestClient(task_app()), TestClient(task_app())
    one.get("/")
    other.get("/")
    one.close()
    assert seams() != ORIGINAL
    assert other.get("/").status_code == 200
    assert other.drain().tasks[-1].status == "finished"
    other.close()


def test_a_task_still_in_its_thread_when_starlette_is_unhooked_ends_quietly() -> None:
    threads = Threads()
    gate = Gate()
    app = FastAPI()

    @app.get("/")
    def index(background_tasks: FastAPIBackgroundTasks) -> None:
        background_tasks.add_task(gate.hold)

    client = TestClient(app, close_timeout=0)
    client.get("/")
    gate.wait_until_reached()
    client.close()
    gate.open()
    until(lambda: not threads.new(), "the worker thread")


@pytest.mark.parametrize("hooked", [False, True])
def test_tasks_of_nobody_are_starlettes_own(hooked: bool) -> None:
    import asyncio

    if hooked:
        hooks.install()
    ran: list[object] = []
    listed = BackgroundTasks([BackgroundTask(ran.append, 1)])
    listed.add_task(ran.append, 2)
    asyncio.run(listed())
    asyncio.run(BackgroundTask(ran.append, 3)())
    if hooked:
        hooks.uninstall()
    assert ran == [1, 2, 3]
    assert hooks.current.get() is None


def test_a_wrong_call_of_add_task_raises_starlettes_error() -> None:
    hooks.install()
    try:
        with pytest.raises(TypeError, match="func"):
            BackgroundTasks().add_task()  # type: ignore[call-arg]
        with pytest.raises(TypeError, match="func"):
            BackgroundTask()  # type: ignore[call-arg]
    finally:
        hooks.uninstall()


def test_a_subclass_that_calls_super_is_seen_and_keeps_its_behaviour() -> None:
    class Counting(BackgroundTask):
        calls = 0

        async def __call__(self) -> None:
            type(self).calls += 1
            await super().__call__()

    ran = threading.Event()
    app = FastAPI()

    @app.get("/")
    def index() -> object:
        from fastapi.responses import JSONResponse

        return JSONResponse(None, background=Counting(ran.set))

    with TestClient(app) as client:
        client.get("/")
        (task,) = client.drain().tasks
    assert (task.status, Counting.calls, ran.is_set()) == ("finished", 1, True)


class TestBesideSomebodyElse:
    """Telemetry puts its own `__call__` in the place of BackgroundTask's, as OpenTelemetry's instrumentation does."""

    @pytest.fixture
    def seen(self) -> Iterator[list[str]]:
        yield (names := [])
        assert BackgroundTask.__call__ is ORIGINAL[1], names

    def instrument(self, seen: list[str]) -> object:
        before = BackgroundTask.__call__

        async def traced(task: BackgroundTask) -> None:
            seen.append(task.func.__name__)
            await before(task)

        BackgroundTask.__call__ = traced  # type: ignore[method-assign]
        return before

    def run_task(self) -> list[str | None]:
        with TestClient(task_app()) as client:
            client.get("/")
            return [task.status for task in client.drain().tasks]

    def test_what_was_there_before_stays_in_use_and_sees_the_tasks_own_name(self, seen: list[str]) -> None:
        before = self.instrument(seen)
        traced = BackgroundTask.__call__
        assert self.run_task() == ["finished"]
        assert seen == ["int"]
        assert BackgroundTask.__call__ is traced
        BackgroundTask.__call__ = before  # type: ignore[method-assign,assignment]

    def test_what_is_put_above_stays_there_and_a_task_is_noted_once(self, seen: list[str]) -> None:
        hooks.install()
        self.instrument(seen)
        traced = BackgroundTask.__call__
        assert self.run_task() == ["finished"]
        hooks.uninstall()
        assert BackgroundTask.__call__ is traced
        assert self.run_task() == ["finished"]
        assert seen == ["int", "int"]
        BackgroundTask.__call__ = ORIGINAL[1]  # type: ignore[method-assign]


def test_somebody_who_instruments_while_a_client_is_open_and_stops_after_it_leaves_no_pile_of_hooks() -> None:
    original = BackgroundTask.__call__
    for _ in range(1_000):  # each left one call more: after some 900, a task was a RecursionError
        recorder = Recorder(task_app())
        recorder.open()
        instrumented = BackgroundTask.__call__

        async def call(self: BackgroundTask, below: Callable[..., Any] = instrumented) -> None:
            await below(self)

        BackgroundTask.__call__ = call  # type: ignore[method-assign]
        recorder.close()
        BackgroundTask.__call__ = instrumented  # type: ignore[method-assign]
    with TestClient(task_app()) as client:
        client.get("/")
        assert [task.status for task in client.drain().tasks] == ["finished"]
    assert inspect.unwrap(BackgroundTask.__call__) is inspect.unwrap(original)
    assert BackgroundTask.__call__ is original
