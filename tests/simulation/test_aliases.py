"""time.sleep under other names."""

import functools
import subprocess
import sys
import textwrap
import time
from time import sleep
from time import sleep as pause
from types import BuiltinFunctionType, FunctionType

import pytest
from fastapi import BackgroundTasks, FastAPI

from bgdemo.errors import RealBlockingError

from .apps import app_with, ends

five_seconds = functools.partial(time.sleep, 5)
in_a_list = [time.sleep]


def early() -> None:
    sleep(2)
    pause(3)


async def early_async() -> None:
    sleep(2)


def test_from_time_import_sleep_follows(make_client):
    client = make_client(app_with(early, early_async))
    client.post("/early")
    client.post("/early_async")
    assert ends(client.drain()) == [5.0, 2.0]


def test_the_module_has_its_own_sleep_back_afterwards(make_client):
    client = make_client(app_with(early))
    client.post("/early")
    assert isinstance(sleep, FunctionType)
    client.drain()
    client.close()
    assert isinstance(sleep, BuiltinFunctionType)
    assert isinstance(pause, BuiltinFunctionType)


def test_sleep_itself_as_a_task_and_in_a_partial(make_client):
    app = FastAPI()

    @app.post("/")
    def route(background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(five_seconds)
        background_tasks.add_task(in_a_list[0], 2)
        background_tasks.add_task(time.sleep, 1)

    client = make_client(app)
    client.post("/")
    assert ends(client.drain()) == [5.0, 7.0, 8.0]


def with_default(wait=time.sleep) -> None:
    wait(0.001)


def with_keyword_default(*, wait=time.sleep) -> None:
    wait(0.001)


def _enclosed(wait):
    def with_closure() -> None:
        wait(0.001)

    return with_closure


def _decorated(function):
    @functools.wraps(function)
    def decorated() -> None:
        function()

    decorated.__name__ = "decorated"
    return decorated


async def async_with_default(wait=time.sleep) -> None:
    wait(0.001)


class Robot:
    nap = time.sleep
    other = staticmethod(time.sleep)

    def works(self, wait=time.sleep) -> None:
        wait(0.001)


def calls_a_helper() -> None:
    with_default()


def calls_an_attribute() -> None:
    Robot().nap(0.001)


def calls_a_static_method() -> None:
    Robot.other(0.001)


def passes_a_sleep_in(client=None) -> None:
    with_default(time.sleep)
    with_keyword_default(wait=time.sleep)


def test_the_replaced_sleep_as_a_task_leaves_the_clock_its_own(make_client):
    app = FastAPI()

    @app.post("/")
    async def add(background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(time.sleep, 7)  # looked up now: it is the clock's already

    client = make_client(app)
    client.post("/")
    assert ends(client.drain()) == [7.0]
    time.sleep(0)  # on a thread that takes no part


def test_a_sleep_that_is_passed_in_follows(make_client):
    client = make_client(app_with(passes_a_sleep_in))
    client.post("/passes_a_sleep_in")
    assert ends(client.drain()) == [0.002]


def test_what_is_refused_works_outside_and_is_put_back(make_client):
    before = with_default.__defaults__, dict(with_keyword_default.__kwdefaults__), Robot.nap, Robot.__dict__["other"]
    client = make_client(app_with(calls_a_helper))
    client.post("/calls_a_helper")
    assert with_default.__defaults__ != before[0]
    with_default()
    Robot().nap(0.001)
    Robot.other(0.001)
    with pytest.raises(RealBlockingError):
        client.drain()
    client.close()
    after = with_default.__defaults__, dict(with_keyword_default.__kwdefaults__), Robot.nap, Robot.__dict__["other"]
    assert after == before


@pytest.mark.parametrize(
    ("function", "where"),
    [
        (with_default, "the default of the argument `wait`"),
        (with_keyword_default, "the default of the argument `wait`"),
        (_enclosed(time.sleep), "the variable `wait` of the function around"),
        (_enclosed(functools.partial(time.sleep)), "the variable `wait` of the function around"),
        (_decorated(with_default), "the default of the argument `wait`"),
        (async_with_default, "the default of the argument `wait`"),
        (calls_a_helper, "the default of the argument `wait` of `with_default`"),
        (Robot().works, "the default of the argument `wait` of `Robot.works`"),
        (calls_an_attribute, "the attribute `nap` of class `Robot`"),
        (calls_a_static_method, "the attribute `other` of class `Robot`"),
    ],
)
def test_what_is_bound_out_of_reach_is_refused_by_name(make_client, function, where):
    app = FastAPI()

    @app.post("/")
    async def route(background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(function)

    client = make_client(app)
    client.post("/")
    with pytest.raises(RealBlockingError) as raised:
        client.drain()
    assert where in str(raised.value)
    assert "class" in where or "test_aliases.py:" in str(raised.value)
    assert client.clock.time() == 0.0


def test_a_module_that_is_imported_meanwhile(make_client, tmp_path, monkeypatch):
    (tmp_path / "late_module.py").write_text("from time import sleep\ndef late(): sleep(4)\n")
    monkeypatch.syspath_prepend(tmp_path)

    def task() -> None:
        import late_module

        late_module.late()

    client = make_client(app_with(task))
    client.post("/task")
    assert ends(client.drain()) == [4.0]
    client.close()
    import late_module

    assert isinstance(late_module.sleep, BuiltinFunctionType)


def test_main_as_in_a_notebook_where_names_come_later():
    program = """
        from fastapi import BackgroundTasks, FastAPI
        from bgdemo import TestClient
        app = FastAPI()
        @app.post("/")
        def route(tasks: BackgroundTasks):
            tasks.add_task(task)
        def task(): pass
        client = TestClient(app, clock="simulated")
        client.post("/")
        client.drain()
        real = __import__("bgdemo.simulation.sleeping", fromlist=["x"]).real_sleep
        sleep = real
        async def task(): sleep(30)
        client.post("/")
        assert client.drain().tasks[-1].ended == 30.0
        client.close()
        assert sleep is real
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=True, timeout=20)


class Unbound:
    """Like a web framework's request proxy outside of a request."""

    @property
    def __class__(self):
        raise RuntimeError("working outside of a request")


proxy = Unbound()


def takes_a_proxy(given) -> None:
    time.sleep(2)


def test_proxies_that_have_nothing_yet_are_left_alone(make_client):
    app = FastAPI()

    @app.post("/")
    async def route(background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(takes_a_proxy, proxy)

    client = make_client(app)
    client.post("/")
    assert ends(client.drain()) == [2.0]
