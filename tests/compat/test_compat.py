"""Each borrowed name is still there, nothing is borrowed unseen, and what happens without it is what is said."""

import ast
import asyncio
import dataclasses
import importlib
import io
import re
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import BackgroundTasks, FastAPI

import bgdemo
from bgdemo import ClientError, Recorder, SimulatedClock, TestClient
from bgdemo._compat import borrowed as borrowing
from bgdemo._compat import celery, cpython, ipython, starlette
from bgdemo._compat import pytest as compat_pytest
from bgdemo._compat import uvicorn as compat_uvicorn
from bgdemo._compat.borrowed import Borrowed, Gone, require, version_of

SOURCE = Path(bgdemo.__file__).parent
COMPAT = SOURCE / "_compat"
FILES = sorted(path.stem for path in COMPAT.glob("*.py") if path.stem not in ("__init__", "borrowed"))
BORROWED = {name: importlib.import_module(f"bgdemo._compat.{name}").BORROWED for name in FILES}
ALL: list[Borrowed] = [one for names in BORROWED.values() for one in names]
UPSTREAM = {
    "cpython": sys.stdlib_module_names,
    "anyio": {"anyio", "starlette", "fastapi"},
    "ipython": {"IPython", "ipykernel"},
    "starlette_testclient": {"starlette"},
}
"""Where the symbols of a file begin, if that is not its own name."""

DOCUMENTED = {"_exit": "os.", "_fields_": "ctypes.Structure", "_repr_mimebundle_": "IPython's protocol"}
"""Private by their looks alone: their documentation names them."""


# -- one test a name: which one is gone


def started_server(app: Any) -> uvicorn.Server:
    """A server that has begun to serve, and has stopped."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))

    async def begin() -> None:
        serving = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        server.should_exit = True
        await serving

    asyncio.run(begin())
    return server


@pytest.mark.parametrize("one", ALL, ids=[one.symbol for one in ALL])
def test_it_is_there(one: Borrowed, request: pytest.FixtureRequest) -> None:
    samples: dict[str, Callable[[], Any]] = {
        "pytest.Function()": lambda: request.node,
        "uvicorn.Server()": lambda: started_server(FastAPI()),
    }
    sample = samples.get(one.symbol.rpartition(".")[0], one.sample)
    try:
        dataclasses.replace(one, sample=sample).look()
    except Gone as error:
        pytest.fail(f"{version_of(one.symbol)} has no {error} any more: {one.line}")


# -- nothing is borrowed unseen


@pytest.mark.parametrize("name", FILES)
def test_each_line_says_what_for_until_when_and_what_then(name: str) -> None:
    for one in BORROWED[name]:
        assert one.symbol.partition(".")[0] in UPSTREAM.get(name, {name}), one.symbol
        for part in (one.needed_for, one.breaks_when, one.then):
            assert part, one.symbol
            assert (
                part[0] in "`"
                or part[0].islower()
                or part.split()[0]
                in ("AnyIO", "Celery", "FastAPI", "IPython", "Rich", "RealBlockingError", "RealIOError", "Starlette")
            ), one.line
            assert not part.endswith("."), one.line


@pytest.mark.parametrize("name", FILES)
def test_a_file_reaches_no_private_name_that_it_does_not_list(name: str) -> None:
    tree = ast.parse((COMPAT / f"{name}.py").read_text(encoding="utf-8"))
    listed = set(re.findall(r"\w+", " ".join(f"{one.symbol} {one.or_else}" for one in BORROWED[name])))
    unlisted = {found for found, _ in private_names(tree)} - listed - defined(tree) - {"_compat"}
    assert not unlisted


def private_names(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Names with an underscore that are looked up in something, or imported, each with its line."""
    for node in ast.walk(tree):
        found: list[str] = []
        if isinstance(node, ast.Attribute):
            found = [node.attr]
        elif isinstance(node, ast.ImportFrom):
            found = [*(node.module or "").split("."), *(alias.name for alias in node.names)]
        elif isinstance(node, ast.Import):
            found = [part for alias in node.names for part in alias.name.split(".")]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in LOOK_UP:
            strings = [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
            found = [text for text in strings if isinstance(text, str)]
        for name in found:
            if re.match(r"_[^_]", name):
                yield name, getattr(node, "lineno", 0)


LOOK_UP = {"getattr", "hasattr", "setattr", "delattr", "attrgetter", "methodcaller", "import_module", "_replace"}


def defined(tree: ast.AST) -> set[str]:
    """Names that a file gives to something of its own."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            found |= {node.attr} if ast.unparse(node.value) in ("self", "cls") else set()
    return found


def test_no_other_file_reaches_a_private_name_of_somebody_else() -> None:
    trees = {
        path: ast.parse(path.read_text(encoding="utf-8")) for path in SOURCE.rglob("*.py") if COMPAT not in path.parents
    }
    own = set().union(*map(defined, trees.values())) | {path.stem for path in trees} | {"_compat"}
    theirs = {name for one in ALL for name in re.findall(r"\b_[a-z]\w*", f"{one.symbol} {one.or_else}")}
    for path, tree in trees.items():
        methods = (method for node in ast.walk(tree) if isinstance(node, ast.ClassDef) for method in node.body)
        overridden = {method.name for method in methods if isinstance(method, ast.FunctionDef)} & theirs
        assert not overridden, f"{path.name} defines {overridden}, which other packages call by that name"
        for name, line in private_names(tree):
            where = f"{path.relative_to(SOURCE)}, line {line}: {name}"
            assert name in own or name in DOCUMENTED, f"{where} is private to somebody else: reach it by _compat/"


# -- what happens without a name: in this process, where a look-up can be made to fail


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Borrowed], None]]:
    """Let a borrowed name not be found."""
    find = borrowing.find

    def take_away(one: Borrowed) -> None:
        def find_another(symbol: str, sample: Any = None) -> Any:
            if symbol in (one.symbol, one.or_else):
                raise Gone(symbol)
            return find(symbol, sample)

        monkeypatch.setattr(borrowing, "find", find_another)
        require.cache_clear()

    yield take_away
    require.cache_clear()


OF_THE_CLOCK = [one for name in ("cpython", "asyncio", "anyio") for one in BORROWED[name]]


@pytest.mark.parametrize("one", OF_THE_CLOCK, ids=[one.symbol for one in OF_THE_CLOCK])
def test_a_simulated_clock_refuses_to_start_without_it_or_goes_on(one: Borrowed, without: Any) -> None:
    without(one)
    if one.has_fallback:
        SimulatedClock()
        return
    message = re.escape(f"{version_of(one.symbol)} has no {one.symbol}, ") + ".*use clock='real'"
    with pytest.raises(ClientError, match=message):
        TestClient(FastAPI(), clock="simulated")
    with TestClient(FastAPI()) as client:  # on the real clock
        assert client.get("/").status_code == 404


OF_THE_RECORDER = [one for one in starlette.BORROWED if not one.has_fallback]


@pytest.mark.parametrize("one", OF_THE_RECORDER, ids=[one.symbol for one in OF_THE_RECORDER])
def test_a_client_refuses_without_a_seam_of_starlette(one: Borrowed, without: Any) -> None:
    without(one)
    with pytest.raises(ClientError, match=re.escape(f"has no {one.symbol}, ") + ".*install a FastAPI"):
        TestClient(FastAPI())
    with pytest.raises(ClientError, match="no Recorder and no client starts"):
        Recorder(FastAPI())


def test_a_worker_refuses_without_a_name_of_celery(without: Any) -> None:
    (one,) = [one for one in celery.BORROWED if "ready_callback" in one.symbol]
    without(one)
    with pytest.raises(bgdemo.QueueError, match=r"has no celery.worker.worker.*a queue's worker refuses to start"):
        celery.make_worker(None, print)


def test_the_embedded_broker_refuses_without_a_name_of_kombu(without: Any) -> None:
    from bgdemo.queue import Queue

    (one,) = [one for one in BORROWED["kombu"] if one.symbol.endswith("._put")]
    without(one)
    with pytest.raises(bgdemo.QueueError, match=r"filesystem.Channel._put, .*use Redis or RabbitMQ"):
        Queue()


@pytest.mark.parametrize("name", ["started", "servers", "should_exit"])
def test_a_server_says_which_attribute_uvicorn_lacks(name: str) -> None:
    class Server:
        started, servers, should_exit = True, (), False

    delattr(Server, name)

    def watch() -> str | None:
        return compat_uvicorn.url_of(Server()) if compat_uvicorn.has_started(Server()) else None

    with pytest.raises(ClientError, match=rf"uvicorn .* has no uvicorn.Server\(\).{name}, .*0.50 or later"):
        watch()


def test_a_test_that_says_nothing_of_its_fixtures_uses_none() -> None:
    item = object()
    assert list(compat_pytest.fixture_names(item)) == []
    assert compat_pytest.fixture_functions(item) == {}
    assert compat_pytest.function_of(item) is None


def test_a_stream_that_ipython_left_alone_has_no_write_of_its_own() -> None:
    stream = io.StringIO()
    assert ipython.replaced_write(stream) is None
    stream.write = print
    assert ipython.replaced_write(stream) is print
    assert ipython.replaced_write(None) is None


def test_a_pool_whose_jobs_are_not_simply_called_has_no_options(monkeypatch: pytest.MonkeyPatch) -> None:
    class PlainContext:
        initializer, initargs = print, ("begun",)

    monkeypatch.setattr("concurrent.futures.thread.WorkerContext", PlainContext, raising=False)
    pool = ThreadPoolExecutor(2, "mine")
    del pool._initializer, pool._initargs  # type: ignore[attr-defined]
    pool._create_worker_context = PlainContext  # type: ignore[attr-defined]
    assert cpython.options_of(pool) == (2, "mine", print, ("begun",))
    pool._create_worker_context = object  # type: ignore[attr-defined]
    assert cpython.options_of(pool) is None


def test_such_a_pool_does_its_jobs_in_real_time(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = ThreadPoolExecutor(1)
    pool.submit(int).result()  # its thread is there before the clock
    monkeypatch.setattr("bgdemo.simulation.pools.options_of", lambda pool: None)
    seen = []

    def task() -> None:
        seen.append(pool.submit(threading.get_ident).result())

    app = FastAPI()

    @app.post("/")
    def route(background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(task)

    with TestClient(app, clock="simulated") as client:
        client.post("/")
        client.drain()
    assert seen == [thread.ident for thread in pool._threads]
    pool.shutdown()


# -- what happens without a name: in another process, where it is really gone

APP = """
    import asyncio, sys, threading, time
    from fastapi import BackgroundTasks, FastAPI, WebSocket
    from bgdemo import ClientError, Recorder, RealIOError, SimulatedClock, TestClient

    app = FastAPI()

    def task(): time.sleep(7)

    @app.post("/")
    async def route(background_tasks: BackgroundTasks):
        background_tasks.add_task(task)

    @app.websocket("/ws")
    async def talk(websocket: WebSocket):
        await websocket.accept()
        await websocket.close()
"""


def run_without(gone: str, code: str) -> str:
    """What a process prints that has lost a name before it imports bgdemo."""
    before = f"""
        import asyncio, atexit, concurrent.futures.thread, ctypes, queue, sys, threading
        import anyio._backends._asyncio, fastapi, httpx, rich.progress, starlette._utils, starlette.exceptions
        del {gone}
    """
    script = textwrap.dedent(before) + textwrap.dedent(APP) + textwrap.dedent(code)
    command = [sys.executable, "-W", "error", "-c", script]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=25)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


SIMULATED = """
    with TestClient(app, clock="simulated") as client:
        client.post("/")
        print(client.drain().tasks[0].ended)
"""


@pytest.mark.parametrize(
    "gone",
    [
        "asyncio._get_running_loop",
        "concurrent.futures.thread._threads_queues",
        "ctypes.pythonapi",
        "starlette._utils.is_async_callable",
        "starlette.exceptions.StarletteDeprecationWarning",
        "sys._current_frames",
        "sys._getframe",
    ],
)
def test_a_simulated_client_goes_on_without_it(gone: str) -> None:
    assert run_without(gone, SIMULATED) == "7.0"


@pytest.mark.parametrize("gone", ["threading._time", "queue.time", "threading._register_atexit"])
def test_a_real_client_goes_on_where_a_simulated_one_refuses(gone: str) -> None:
    code = """
        try:
            TestClient(app, clock="simulated")
        except ClientError as error:
            print(error)
        with TestClient(FastAPI()) as client, client:
            print(client.get("/").status_code)
    """
    refused, status = run_without(gone, code).splitlines()
    assert re.match(rf"Python 3\S+ has no {re.escape(gone)}, which is needed for .*: use clock='real', or a ", refused)
    assert status == "404"


def test_websocket_connect_refuses_without_starlettes_session() -> None:
    code = """
        with TestClient(app) as client:
            for _ in range(2):
                try:
                    client.websocket_connect("/ws")
                except ClientError as error:
                    print(error)
    """
    gone = "starlette.testclient.WebSocketTestSession._raise_on_close"
    said = run_without(f"sys.path[:0]; import starlette.testclient; del {gone}", code).splitlines()
    assert len(said) == 2
    assert all(line.startswith("starlette ") and f"has no {gone}, " in line for line in said)


def test_an_error_names_no_line_where_stacks_cannot_be_seen() -> None:
    code = """
        import socket

        async def listen():
            ours, theirs = socket.socketpair()
            asyncio.get_running_loop().add_reader(ours, print)
            try:
                await asyncio.sleep(1)
            finally:
                asyncio.get_running_loop().remove_reader(ours)
                ours.close()
                theirs.close()

        try:
            SimulatedClock().run(listen)
        except RealIOError as error:
            print(error)
    """
    assert "by code that is not the app's own" in run_without("sys._getframe", code)
