"""What a task prints is on its row, and standard output is as it was."""

import asyncio
import contextlib
import io
import sys
import threading
from collections.abc import Iterator

import pytest
from fastapi import BackgroundTasks, FastAPI

from bgdemo import TestClient, Timeline
from gates import DEADLINE, Gate
from record.apps import fail, served, statuses


class TestPrinted:
    def test_what_a_task_prints_is_on_its_row_and_on_standard_output(self, capsys: pytest.CaptureFixture[str]) -> None:
        async def also() -> None:
            print("from async", 1, sep="|")

        def index(background_tasks: BackgroundTasks) -> None:
            background_tasks.add_task(print, "提醒", end="!")
            background_tasks.add_task(also)

        assert [task.printed for task in served(index).tasks] == ["提醒!", "from async|1\n"]
        assert capsys.readouterr().out == "提醒!from async|1\n"

    def test_what_the_route_prints_is_no_tasks(self, gate: Gate, capsys: pytest.CaptureFixture[str]) -> None:
        app = FastAPI()

        @app.get("/")
        def index(background_tasks: BackgroundTasks) -> None:
            print("route")
            background_tasks.add_task(gate.hold)

        with TestClient(app) as client:
            client.get("/")
            gate.wait_until_reached()
            client.get("/")
            print("test")
            gate.open()
            assert [task.printed for task in client.drain().tasks] == ["", ""]
        assert capsys.readouterr().out == "route\nroute\ntest\n"

    @pytest.mark.parametrize("is_async", [False, True])
    def test_two_tasks_at_once_keep_their_own(self, is_async: bool) -> None:
        turn = threading.Barrier(2, timeout=DEADLINE)
        async_turn = asyncio.Barrier(2)

        def task(name: str) -> None:
            for line in range(20):
                turn.wait()
                print(name, line)

        async def async_task(name: str) -> None:
            for line in range(20):
                await async_turn.wait()
                print(name, line)

        app = FastAPI()

        @app.get("/{name}")
        def index(name: str, background_tasks: BackgroundTasks) -> None:
            background_tasks.add_task(async_task if is_async else task, name)

        with TestClient(app) as client:
            client.get("/a")
            client.get("/b")
            timeline = client.drain()
        for name, printed in zip("ab", [task.printed for task in timeline.tasks], strict=True):
            assert printed == "".join(f"{name} {line}\n" for line in range(20))

    def test_what_a_task_printed_so_far_can_be_read_while_it_runs(self, gate: Gate) -> None:
        def task() -> None:
            print("before")
            gate.hold()
            print("after")

        app = FastAPI()

        @app.get("/")
        def index(background_tasks: BackgroundTasks) -> None:
            background_tasks.add_task(task)

        with TestClient(app) as client:
            client.get("/")
            gate.wait_until_reached()
            assert client.timeline.tasks[0].printed == "before\n"
            gate.open()
            assert client.drain().tasks[0].printed == "before\nafter\n"

    def test_standard_output_is_the_same_object_afterwards(self) -> None:
        before = sys.stdout

        def index(background_tasks: BackgroundTasks) -> None:
            background_tasks.add_task(print, "x")
            background_tasks.add_task(fail)

        served(index)
        assert sys.stdout is before

    def test_redirected_output_goes_where_it_was_sent(self) -> None:
        def index(background_tasks: BackgroundTasks) -> None:
            background_tasks.add_task(print, "redirected")

        with contextlib.redirect_stdout(io.StringIO()) as out:
            assert served(index).tasks[0].printed == "redirected\n"
        assert out.getvalue() == "redirected\n"

    def test_a_task_that_redirects_its_own_output_may(self) -> None:
        out = io.StringIO()

        def task() -> None:
            with contextlib.redirect_stdout(out):
                print("for the task")

        def index(background_tasks: BackgroundTasks) -> None:
            background_tasks.add_task(task)

        before = sys.stdout
        served(index)
        assert out.getvalue() == "for the task\n"
        assert sys.stdout is before

    @pytest.mark.parametrize("ends", ["inside", "outside"])
    def test_standard_output_is_restored_though_a_redirection_and_a_task_overlap(self, gate: Gate, ends: str) -> None:
        app = FastAPI()

        @app.get("/")
        def index(background_tasks: BackgroundTasks) -> None:
            background_tasks.add_task(gate.hold)

        before = sys.stdout
        try:
            with TestClient(app) as client:
                if ends == "inside":  # the task begins before the redirection and ends within it
                    client.get("/")
                    gate.wait_until_reached()
                    with contextlib.redirect_stdout(io.StringIO()):
                        gate.open()
                        client.drain()
                else:  # the task begins within the redirection and ends after it
                    with contextlib.redirect_stdout(io.StringIO()):
                        client.get("/")
                        gate.wait_until_reached()
                    gate.open()
                    client.drain()
            assert sys.stdout is before
        finally:
            sys.stdout = before

    def test_standard_output_is_as_it_was_after_close_though_a_thread_was_abandoned(self, gate: Gate) -> None:
        app = FastAPI()

        @app.get("/")
        def index(background_tasks: BackgroundTasks) -> None:
            background_tasks.add_task(gate.hold)

        before, write = sys.stdout, sys.stdout.write
        try:
            client = TestClient(app, close_timeout=0)
            client.get("/")
            gate.wait_until_reached()
            client.close()
            assert sys.stdout is before
            assert sys.stdout.write == write
        finally:
            sys.stdout = before

    def test_a_write_that_is_put_in_and_taken_out_does_not_take_ours_along(self, gate: Gate) -> None:
        """IPython does so in every cell, and a task may go on after its cell."""

        class Stream(io.TextIOWrapper):
            pass

        out = io.BytesIO()
        with contextlib.redirect_stdout(Stream(out, write_through=True)) as stream:
            own = stream.write
            stream.write = own  # type: ignore[method-assign] # as IPython leaves it

            @contextlib.contextmanager
            def cell() -> Iterator[None]:
                before = stream.write
                stream.write = lambda text: before(text)  # type: ignore[method-assign]
                yield
                stream.write = before  # type: ignore[method-assign]

            def task() -> None:
                gate.hold()
                print("x")

            app = FastAPI()

            @app.get("/")
            def index(background_tasks: BackgroundTasks) -> None:
                background_tasks.add_task(task)

            with cell():
                client = TestClient(app)
                client.get("/")
                gate.wait_until_reached()
            for _ in range(3):
                with cell():
                    pass
            gate.open()
            assert client.drain().tasks[0].printed == "x\n"
            with cell():
                client.get("/")
                assert client.drain().tasks[1].printed == "x\n"
            client.close()
            assert type(stream) is Stream
            assert stream.write == own
        assert out.getvalue() == b"x\nx\n"

    def test_lines_that_are_written_count_as_printed(self) -> None:
        def task() -> None:
            sys.stdout.write("write\n")
            sys.stdout.writelines(["write", "lines\n"])

        def index(background_tasks: BackgroundTasks) -> None:
            background_tasks.add_task(task)

        assert served(index).tasks[0].printed == "write\nwritelines\n"

    def test_a_client_inside_a_task_has_prints_of_its_own(self) -> None:
        inner: list[Timeline] = []

        def inner_index(background_tasks: BackgroundTasks) -> None:
            print("inner route")
            background_tasks.add_task(print, "inner task")

        def task() -> None:
            print("outer")
            inner.append(served(inner_index))

        def index(background_tasks: BackgroundTasks) -> None:
            background_tasks.add_task(task)

        assert served(index).tasks[0].printed == "outer\n"
        assert inner[0].tasks[0].printed == "inner task\n"

    def test_no_standard_output_is_no_problem(self) -> None:
        def index(background_tasks: BackgroundTasks) -> None:
            background_tasks.add_task(print, "nowhere")

        with contextlib.redirect_stdout(None):
            assert statuses(served(index)) == [("print", "finished")]
