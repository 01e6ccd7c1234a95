"""The plugin, as a project sees it: each test runs a project of its own through pytester."""

import inspect
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import entry_points, version
from pathlib import Path

import fastapi  # noqa: F401 (pytester forgets what a run imports: half of a package must not stay behind)
import pytest

from bgdemo import AsyncTestClient, TestClient
from bgdemo.testing.fixtures import Options

SHOP = """
import asyncio
import sys
import time
from contextlib import asynccontextmanager

from fastapi import BackgroundTasks, FastAPI, WebSocket

seen = []


@asynccontextmanager
async def lifespan(app):
    seen.append("up")
    yield
    seen.append("down")


app = FastAPI(lifespan=lifespan)


def pack(what):
    time.sleep(1)
    seen.append(f"packed {what}")


def send(what):
    time.sleep(2)
    raise LookupError("no parcel")


def count(what):
    return int(what)


def leave():
    sys.exit(3)


async def search():
    await asyncio.sleep(1000)


@app.post("/pack")
def route_pack(background_tasks: BackgroundTasks):
    background_tasks.add_task(pack, "tea")


@app.post("/send")
def route_send(background_tasks: BackgroundTasks):
    background_tasks.add_task(send, "tea")
    background_tasks.add_task(pack, "tea")


@app.post("/search")
def route_search(background_tasks: BackgroundTasks):
    background_tasks.add_task(search)


@app.post("/quick-failure")
def route_quick_failure(background_tasks: BackgroundTasks):
    background_tasks.add_task(count, "three")


@app.post("/exit")
def route_exit(background_tasks: BackgroundTasks):
    background_tasks.add_task(leave)


@app.websocket("/ws")
async def talk(websocket: WebSocket):
    await websocket.accept()
    await websocket.close()
"""
HEAD = """
import asyncio
import time
import unittest

import pytest

from bgdemo.assertions import *
from shop import app, pack, search, seen, send
"""
NOBODY_LOOKED = (
    "E   The test had ended when this was found: the app raised it after its response, and nobody had looked. "
    "Expect it, `with pytest.raises(...): client.drain()`, or make the client with raise_server_exceptions=False."
)
IT_WAITED = (
    "E   The test had ended, and its client waited for what the app still did. Let that end, "
    "or give the client a longer close_timeout."
)

WARNINGS = ("-W", "error", "-W", "ignore::pytest.PytestAssertRewriteWarning")
"""The plugins are imported before a run inside this process begins."""

Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a test file in a project with the shop; other plugins are off unless they are named."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    pytester.makepyfile(shop=SHOP)

    def run(code: str, *arguments: str, plugins: tuple[str, ...] = (), apart: bool = False) -> pytest.RunResult:
        pytester.makepyfile(test_shop=HEAD + inspect.cleandoc(code))
        named = [part for plugin in ("bgdemo", *plugins) for part in ("-p", plugin)]
        line = [*named, "--strict-markers", "--tb=short", "--color=no", *WARNINGS, *arguments]
        return pytester.runpytest_subprocess(*line) if apart else pytester.runpytest_inprocess(*line)

    return run


def failures(result: pytest.RunResult) -> str:
    """What is said about failures and errors, without the closing lines."""
    text = "\n".join(result.outlines)
    start = min(at for at in (text.find("= FAILURES ="), text.find("= ERRORS =")) if at >= 0)
    return text[text.index("\n", start) + 1 : text.index("= short test summary")].rpartition("\n")[0]


# -- what it costs those who do not use it


def test_pytest_finds_the_plugin_by_itself() -> None:
    (found,) = [point for point in entry_points(group="pytest11") if point.name == "bgdemo"]
    assert found.value == "bgdemo.pytest_plugin"


PLUGIN = ["bgdemo", "bgdemo._compat", "bgdemo._compat.borrowed", "bgdemo._compat.pytest", "bgdemo.pytest_plugin"]
"""What pytest loads in every project: the plugin, and what it borrows of pytest."""


def test_the_plugin_imports_what_it_borrows_of_pytest_and_nothing_else() -> None:
    code = (
        "import sys, pytest; before = set(sys.modules); import bgdemo.pytest_plugin;"
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == PLUGIN


def test_a_project_that_does_not_use_it_does_not_import_it(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import sys

        def test_it(pytestconfig):
            assert pytestconfig.pluginmanager.has_plugin("bgdemo")
            assert sorted(name for name in sys.modules if name.startswith("bgdemo")) == PLUGIN
            assert "fastapi" not in sys.modules
        """.replace("PLUGIN", repr(PLUGIN))
    )
    pytester.runpytest_subprocess("-p", "no:asyncio").assert_outcomes(passed=1)


def test_what_a_fixture_needs_is_imported_before_any_test(run: Run) -> None:
    result = run(
        """
        @pytest.fixture(autouse=True)
        def no_time_passes(monkeypatch):
            monkeypatch.setattr(time, "sleep", lambda seconds: None)

        def test_it(bg_client):
            import bgdemo.simulation.sleeping
            assert "lambda" not in repr(vars(bgdemo.simulation.sleeping))
        """,
        apart=True,
    )
    result.assert_outcomes(passed=1)


# -- bg_client


def test_bg_client_makes_clients_on_the_simulated_clock(run: Run) -> None:
    result = run(
        """
        def test_it(bg_client):
            client = bg_client(app)
            assert client.post("/pack").status_code == 200
            assert client.timeline.tasks[0].status == "added"
            client.clock.advance(0.5)
            assert client.timeline.tasks[0].status == "running"
            (task,) = assert_finished(client.drain(), pack)
            assert task.ended == 1.0

        def test_two_clients_have_their_own_time(bg_client):
            one, other = bg_client(app), bg_client(app)
            one.post("/pack")
            assert one.drain().now == 1.0
            assert other.clock.time() == 0.0
        """
    )
    result.assert_outcomes(passed=2)


def test_its_options_are_the_client_s(run: Run) -> None:
    for client in (TestClient, AsyncTestClient):
        assert set(Options.__annotations__) == set(inspect.signature(client).parameters) - {"app"}
    result = run(
        """
        def test_it(bg_client):
            client = bg_client(app, base_url="http://shop.test/", headers={"x-from": "Li"}, wait_for_tasks=True)
            request = client.post("/pack").request
            assert request.url == "http://shop.test/pack"
            assert request.headers["x-from"] == "Li"
            assert client.timeline.tasks[0].status == "finished"
        """
    )
    result.assert_outcomes(passed=1)


def test_the_lifespan_is_around_the_client_s_life(run: Run) -> None:
    result = run(
        """
        @pytest.fixture(autouse=True)
        def before_and_after():
            seen.clear()
            yield
            print(*seen)

        def test_from_the_call_to_the_end(bg_client):
            bg_client(app)
            assert seen == ["up"]

        def test_within_with(bg_client):
            with bg_client(app) as client:
                client.post("/pack")
                assert seen == ["up"]
            assert seen == ["up", "packed tea", "down"]
            client.post("/pack")

        def test_none(bg_client):
            client = bg_client(app, lifespan=False)
            client.post("/pack")

        def test_only_within_with(bg_client):
            client = bg_client(app, lifespan=False)
            assert seen == []
            with client:
                assert seen == ["up"]
            assert seen == ["up", "down"]
        """,
        "-rP",
    )
    result.assert_outcomes(passed=4)
    said = [line for line in result.outlines if line.split(" ")[0] in ("up", "packed")]
    assert said == ["up down", "up packed tea down packed tea", "packed tea", "up down"]


def test_a_start_up_that_fails_fails_the_call(run: Run) -> None:
    result = run(
        """
        from fastapi import FastAPI

        async def lifespan(app):
            raise OSError("no database")
            yield

        def test_it(bg_client):
            with pytest.raises(OSError, match="no database"):
                bg_client(FastAPI(lifespan=lifespan))
        """,
        "-W",
        "ignore::DeprecationWarning",
    )
    result.assert_outcomes(passed=1)


def test_a_shutdown_that_fails_is_an_error_of_the_fixture_and_the_others_still_end(run: Run) -> None:
    result = run(
        """
        from contextlib import asynccontextmanager
        from fastapi import FastAPI

        @asynccontextmanager
        async def lifespan(other):
            yield
            raise OSError("the database has gone")

        def test_it(bg_client):
            bg_client(app)
            bg_client(FastAPI(lifespan=lifespan))
            bg_client(app)
            seen.clear()

        def test_all_have_ended():
            assert seen == ["down", "down"]
        """
    )
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["E   OSError: the database has gone"])


def test_fixtures_that_use_a_client_can_use_it_to_their_end(run: Run) -> None:
    result = run(
        """
        @pytest.fixture
        def client(bg_client):
            client = bg_client(app)
            yield client
            assert client.post("/pack").status_code == 200
            assert_finished(client.drain(), pack, times=1)

        def test_it(client):
            assert_nothing_added(client.timeline)
        """
    )
    result.assert_outcomes(passed=1)


def test_a_client_is_closed_after_its_test(run: Run) -> None:
    result = run(
        """
        clients = []

        def test_it(bg_client):
            clients.append(bg_client(app))

        def test_later():
            assert clients[0].is_closed
        """
    )
    result.assert_outcomes(passed=2)


def test_the_stock_client_lives_beside_it(run: Run) -> None:
    result = run(
        """
        from starlette.testclient import TestClient as StockClient

        def test_it(bg_client, monkeypatch):
            monkeypatch.setattr("shop.time.sleep", lambda seconds: None)
            client = bg_client(app, clock="real")
            client.post("/pack")
            with StockClient(app) as stock:
                stock.post("/pack")
            assert_added(client.drain(), pack, times=1)
            assert seen.count("packed tea") == 2
        """
    )
    result.assert_outcomes(passed=1)


# -- the clock and the mode


@pytest.mark.parametrize(
    ("ini", "mark", "call", "clock", "mode"),
    [
        ("", "", "", "simulated", "live"),
        ("bgdemo_clock = real\nbgdemo_mode = fake", "", "", "real", "fake"),
        ("bgdemo_clock = real", "clock='simulated'", "", "simulated", "live"),
        ("bgdemo_clock = real", "mode='fake'", "", "real", "fake"),
        ("", "clock='real', mode='fake'", "", "real", "fake"),
        ("", "clock='real', mode='fake'", "clock='simulated', mode='live'", "simulated", "live"),
        ("bgdemo_clock = real\nbgdemo_mode = fake", "", "clock=SimulatedClock(), mode='live'", "simulated", "live"),
    ],
)
def test_what_chooses_the_clock_and_the_mode(
    run: Run, pytester: pytest.Pytester, ini: str, mark: str, call: str, clock: str, mode: str
) -> None:
    pytester.makeini(f"[pytest]\n{ini}")
    result = run(
        f"""
        from bgdemo import SimulatedClock

        @pytest.mark.bgdemo({mark})
        def test_it(bg_client):
            client = bg_client(app, {call})
            client.post("/quick-failure")
            assert client.clock.simulated is {clock == "simulated"}
            if {mode == "fake"}:
                assert client.drain().tasks[0].status == "added"
            with pytest.raises(ValueError, match="three"):
                client.run_tasks() if {mode == "fake"} else client.drain()
        """
    )
    result.assert_outcomes(passed=1)


def test_the_closest_mark_wins_option_by_option(run: Run) -> None:
    result = run(
        """
        pytestmark = pytest.mark.bgdemo(clock="real")

        @pytest.mark.bgdemo(mode="fake")
        class TestThem:
            @pytest.mark.bgdemo(clock="simulated")
            def test_it(self, bg_client):
                client = bg_client(app)
                assert client.clock.simulated
                client.post("/send")
                assert client.run_tasks(only=pack).tasks[0].status == "added"

            def test_another(self, bg_client):
                assert not bg_client(app).clock.simulated
        """
    )
    result.assert_outcomes(passed=2)


def test_the_marker_is_registered(run: Run) -> None:
    result = run("", "--markers")
    result.stdout.fnmatch_lines(
        ["@pytest.mark.bgdemo(clock=None, mode=None): the clock ('real' or 'simulated') and the mode ('live', or *"]
    )


@pytest.mark.parametrize(
    ("mark", "given"),
    [
        ("'real'", "'real'"),
        ("speed=2, clock='real'", "speed=2"),
        ("clock='fast'", "clock='fast'"),
        ("mode=None", "mode=None"),
    ],
)
def test_a_mark_that_says_something_else_is_refused(run: Run, mark: str, given: str) -> None:
    result = run(
        f"""
        @pytest.mark.bgdemo({mark})
        def test_it(bg_client): ...
        """
    )
    result.assert_outcomes(errors=1)
    assert failures(result).splitlines()[1:] == [
        f"@pytest.mark.bgdemo({given}): it takes clock='real' or 'simulated', and mode='live' or 'fake'."
    ]


@pytest.mark.parametrize(
    ("ini", "words"),
    [
        ("bgdemo_clock = fast", "ERROR: bgdemo_clock = fast: it is real or simulated."),
        ("bgdemo_mode = sad", "ERROR: bgdemo_mode = sad: it is live or fake."),
    ],
)
def test_an_ini_file_that_says_something_else_is_refused(
    run: Run, pytester: pytest.Pytester, ini: str, words: str
) -> None:
    pytester.makeini(f"[pytest]\n{ini}")
    result = run("def test_it(): ...")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert words in result.errlines


# -- the end of a test


def test_a_test_fails_if_a_task_raised_and_nobody_looked(run: Run) -> None:
    result = run(
        """
        def test_it(bg_client):
            bg_client(app).post("/send")
        """
    )
    result.assert_outcomes(failed=1)
    assert (
        f"\n{failures(result)}\n"
        == f"""
___________________________________ test_it ____________________________________
shop.py:28: in send
    raise LookupError("no parcel")
E   LookupError: no parcel
{NOBODY_LOOKED}
------------------------------- bgdemo timelines -------------------------------
client 1 (simulated clock):
Response at 0.0 s; 2 tasks (1 failed, 1 skipped), the last ended at 2.0 s: the client did not wait.
● response   + task added   █ task runs   x failed

                                                                       added  ended  ran in
POST /send  ●                                                 200 at 0.0 s
  send      ███████████████████████████████████████████████x  failed     0.0    2.0  thread pool
            error: LookupError: no parcel
  pack      +                                                 skipped    0.0      -  -
            ┴───────────┴───────────┴──────────┴───────────┴
            0.0         0.5         1.0        1.5         2.0  seconds (simulated)
"""
    )


def test_a_test_fails_if_work_does_not_end(run: Run) -> None:
    result = run(
        """
        def test_it(bg_client):
            bg_client(app, close_timeout=20).post("/search")
        """
    )
    result.assert_outcomes(failed=1)
    said = failures(result)
    assert (
        "E   bgdemo.errors.DrainTimeout: After 20 s there was still background work: search of POST /search (running). "
        f"Nothing is lost: call drain() again, with a longer timeout or none.\n{IT_WAITED}\n" in said
    )
    assert "Response at 0.0 s; search is still running at 20.0 s: the client did not wait." in said
    assert "managed.py" not in said


def test_a_test_fails_if_the_simulated_clock_cannot_go_on(run: Run) -> None:
    result = run(
        """
        import threading
        from fastapi import BackgroundTasks, FastAPI

        other = FastAPI()

        @other.get("/")
        def route(background_tasks: BackgroundTasks):
            background_tasks.add_task(threading.Event().wait)

        def test_it(bg_client):
            bg_client(other).get("/")
        """
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E   bgdemo.errors.DeadlockError: *", IT_WAITED])


@pytest.mark.parametrize("look", ["client.drain()", "client.close()", "client.__exit__()"])
def test_a_test_passes_if_it_has_looked(run: Run, look: str) -> None:
    result = run(
        f"""
        def test_it(bg_client):
            client = bg_client(app)
            client.post("/send")
            with pytest.raises(LookupError):
                {look}
        """
    )
    result.assert_outcomes(passed=1)


def test_a_test_passes_if_its_client_does_not_want_to_know(run: Run) -> None:
    result = run(
        """
        def test_it(bg_client):
            client = bg_client(app, raise_server_exceptions=False)
            client.post("/send")
            assert_failed(client.drain(), send, LookupError)
        """
    )
    result.assert_outcomes(passed=1)


def test_what_is_kept_and_never_run_is_no_failure(run: Run) -> None:
    result = run(
        """
        @pytest.mark.bgdemo(mode="fake")
        def test_it(bg_client):
            client = bg_client(app)
            client.post("/send")
            assert_added(client.timeline, send, args=("tea",))
        """
    )
    result.assert_outcomes(passed=1)


def test_what_several_clients_found_is_told_at_once(run: Run) -> None:
    result = run(
        """
        def test_it(bg_client):
            bg_client(app).post("/send")
            bg_client(app).post("/search")
            bg_client(app).post("/quick-failure")
        """
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "E   LookupError: no parcel",
            NOBODY_LOOKED,
            "E   Besides, background work raised ValueError: invalid literal for int() with base 10: 'three'",
        ]
    )


def test_a_failing_test_says_what_was_found_besides(run: Run) -> None:
    result = run(
        """
        def test_it(bg_client):
            bg_client(app).post("/send")
            assert seen == 3
        """
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "test_shop.py:*: in test_it",
            "E   *assert * == 3",
            "E   Besides, background work raised LookupError: no parcel",
        ]
    )


def test_a_test_that_skips_or_is_expected_to_fail_is_left_alone(run: Run) -> None:
    result = run(
        """
        def test_skips(bg_client):
            bg_client(app).post("/pack")
            pytest.skip("for a reason")

        @pytest.mark.xfail
        def test_fails(bg_client):
            bg_client(app).post("/send")
            assert False

        @pytest.mark.xfail(raises=LookupError)
        def test_fails_at_its_end(bg_client):
            bg_client(app).post("/send")
        """
    )
    result.assert_outcomes(skipped=1, xfailed=2)


def test_what_comes_after_the_test_function_is_an_error_of_the_fixture(run: Run) -> None:
    result = run(
        """
        @pytest.fixture
        def client(bg_client):
            client = bg_client(app)
            yield client
            client.post("/send")

        def test_it(client): ...
        """
    )
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*ERROR at teardown of test_it*", "E   LookupError: no parcel", "*bgdemo timelines*"])


# -- the timelines in a report


def test_each_client_has_its_timeline_as_it_was_when_the_test_failed(run: Run) -> None:
    result = run(
        """
        def test_it(bg_client):
            bg_client(app).post("/pack")
            bg_client(app, clock="real", mode="fake")
            assert False
        """
    )
    result.assert_outcomes(failed=1)
    assert (
        failures(result).partition("bgdemo timelines -------------------------------")[2]
        == """
client 1 (simulated clock):
Response at 0.0 s; pack was added and has not started.
● response   + task added

                                                                     added  ended  ran in
POST /pack  ●                                                 200 at 0.0 s
  pack      +                                                 added    0.0      -  -
            ┴────────┴─────────┴────────┴─────────┴────────┴
            0.0      0.2       0.4      0.6       0.8      1.0  seconds (simulated)

client 2 (real clock, mode 'fake'):
No request yet."""
    )


def test_no_timelines_where_there_are_none_to_show(run: Run) -> None:
    result = run(
        """
        def test_passes(bg_client):
            bg_client(app).post("/pack")

        def test_fails_without_a_client(bg_client):
            assert False

        def test_fails_without_the_fixture():
            assert False
        """
    )
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.no_fnmatch_line("*bgdemo timelines*")


def test_a_fixture_that_fails_has_its_timelines(run: Run) -> None:
    result = run(
        """
        @pytest.fixture
        def client(bg_client):
            client = bg_client(app)
            client.post("/pack")
            assert False

        def test_it(client): ...
        """
    )
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*ERROR at setup of test_it*", "*bgdemo timelines*", "client 1 (simulated clock):"])


# -- async_bg_client


ON_ANYIO = "@pytest.mark.anyio\n@pytest.mark.parametrize('anyio_backend', ['asyncio'])\n"
ON_ASYNCIO = "@pytest.mark.asyncio\n"
ON_CLOCK = "@pytest.mark.bgdemo(clock='simulated')\n"
PLUGINS = ("anyio", "pytest_asyncio.plugin")

each_way = pytest.mark.parametrize(
    "how",
    [ON_ANYIO, ON_ASYNCIO, ON_CLOCK, ON_ANYIO + ON_CLOCK, ON_ASYNCIO + ON_CLOCK],
    ids=["anyio", "pytest-asyncio", "clock", "anyio and clock", "pytest-asyncio and clock"],
)


def on(how: str, code: str) -> str:
    return how + inspect.cleandoc(code)


@pytest.fixture
def run_async(run: Run, pytester: pytest.Pytester) -> Run:
    """Run a test file with the plugins for async tests."""
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function")
    return lambda code, *arguments, **options: run(code, *arguments, plugins=PLUGINS, **options)


@each_way
def test_an_async_client_is_on_the_loop_of_its_test(run_async: Run, how: str) -> None:
    body = """
    async def test_it(async_bg_client):
        seen.clear()
        client = async_bg_client(app)
        assert seen == []
        loop = asyncio.get_running_loop()
        await asyncio.gather(client.get("/nowhere"), client.get("/nowhere"))
        assert seen == ["up"]
        await client.post("/quick-failure")
        with pytest.raises(ValueError, match="three"):
            await client.drain()
        assert client.clock.simulated is SIMULATED

    def test_it_has_ended():
        assert seen == ["up", "down"]
    """
    result = run_async(on(how, body.replace("SIMULATED", str(ON_CLOCK in how))))
    result.assert_outcomes(passed=2)


def test_on_the_simulated_clock_an_async_test_has_exact_times_and_needs_no_plugin(run: Run) -> None:
    result = run(
        """
        @pytest.mark.bgdemo(clock="simulated")
        class TestThem:
            async def test_it(self, async_bg_client):
                client = async_bg_client(app)
                await client.post("/pack")
                await asyncio.sleep(7)
                await client.post("/pack")
                first, second = assert_finished(await client.drain(), pack)
                assert (first.ended, second.added, second.ended) == (1.0, 7.0, 8.0)

            @pytest.mark.parametrize("seconds", [10, 100])
            async def test_another(self, async_bg_client, seconds):
                client = async_bg_client(app)
                async with asyncio.timeout(1000):
                    await asyncio.sleep(seconds)
                assert client.clock.time() == seconds
        """
    )
    result.assert_outcomes(passed=3)


def test_on_the_simulated_clock_both_kinds_of_client_have_one_time(run: Run) -> None:
    result = run(
        """
        @pytest.mark.bgdemo(clock="simulated")
        async def test_it(bg_client, async_bg_client):
            one, other = bg_client(app), async_bg_client(app)
            one.post("/pack")
            await asyncio.sleep(3)
            await other.post("/pack")
            assert one.clock is other.clock
            assert assert_finished(one.drain(), pack)[0].ended == 1.0
            assert assert_finished(await other.drain(), pack)[0].ended == 4.0

        @pytest.mark.bgdemo(clock="simulated")
        async def test_hangs(async_bg_client):
            await asyncio.Event().wait()
        """
    )
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["E     - on the event loop: *test_shop.py:* in test_hangs: *"])


def test_the_ini_file_puts_async_tests_on_the_simulated_clock_too(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nbgdemo_clock = simulated\nbgdemo_mode = fake")
    result = run(
        """
        async def test_it(async_bg_client):
            client = async_bg_client(app)
            await client.post("/send")
            assert (await client.drain()).tasks[0].status == "added"
            with pytest.raises(LookupError):
                await client.run_tasks(only=send)
            assert client.clock.time() == 2.0
        """
    )
    result.assert_outcomes(passed=1)


@each_way
def test_an_async_test_fails_if_nobody_looked(run_async: Run, how: str) -> None:
    result = run_async(
        on(
            how,
            """
            async def test_it(async_bg_client):
                await async_bg_client(app).post("/quick-failure")
                await async_bg_client(app).post("/quick-failure")
            """,
        )
    )
    result.assert_outcomes(failed=1)
    said = failures(result)
    assert "\nE   ValueError: invalid literal for int() with base 10: 'three'\n" + NOBODY_LOOKED in said
    assert "\nE   Besides, background work raised ValueError: invalid literal for int()" in said
    assert "\nclient 2 (" in said
    assert [line for line in said.splitlines() if ".py:" in line] == ["shop.py:32: in count"]


@each_way
def test_a_task_that_exits_fails_its_async_test_and_no_other(run_async: Run, how: str) -> None:
    result = run_async(
        on(
            how,
            """
            async def test_it(async_bg_client):
                await async_bg_client(app).post("/exit")

            def test_it_has_ended():
                assert seen == ["up", "down"]
            """,
        )
    )
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["shop.py:*: in leave", "E   SystemExit: 3", NOBODY_LOOKED])


def test_an_async_test_fails_if_work_does_not_end(run: Run) -> None:
    result = run(
        """
        @pytest.mark.bgdemo(clock="simulated")
        async def test_it(async_bg_client):
            await async_bg_client(app).post("/search")

        def test_it_has_ended():
            assert seen == ["up", "down"]
        """
    )
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["E   bgdemo.errors.DrainTimeout: After 30 s there was still *", IT_WAITED])


@each_way
def test_a_failing_async_test_shows_its_own_line_and_its_timelines(run_async: Run, how: str) -> None:
    result = run_async(
        on(
            how,
            """
            async def test_it(async_bg_client):
                client = async_bg_client(app)
                await client.post("/quick-failure")
                assert client.timeline == 3
            """,
        )
    )
    result.assert_outcomes(failed=1)
    assert failures(result).splitlines()[1].startswith("test_shop.py:")
    result.stdout.fnmatch_lines(
        ["E   *assert * == 3", "E   Besides, background work raised ValueError: *", "*bgdemo timelines*", "client 1 (*"]
    )


@each_way
def test_async_with_ends_where_it_ends(run_async: Run, how: str) -> None:
    result = run_async(
        on(
            how,
            """
            async def test_it(async_bg_client):
                seen.clear()
                async with async_bg_client(app) as client:
                    await client.get("/nowhere")
                    assert seen == ["up"]
                assert seen == ["up", "down"]
                await client.get("/nowhere")
                bare = async_bg_client(app, lifespan=False)
                await bare.get("/nowhere")
                assert seen == ["up", "down"]
            """,
        )
    )
    result.assert_outcomes(passed=1)


def test_a_websocket_starts_the_app_up_too(run: Run) -> None:
    result = run(
        """
        @pytest.mark.bgdemo(clock="simulated")
        async def test_it(async_bg_client):
            seen.clear()
            async with async_bg_client(app).websocket_connect("/ws"):
                assert seen == ["up"]
        """
    )
    result.assert_outcomes(passed=1)


def test_a_start_up_that_fails_fails_the_first_request(run: Run) -> None:
    result = run(
        """
        from contextlib import asynccontextmanager
        from fastapi import FastAPI

        @asynccontextmanager
        async def lifespan(app):
            raise OSError("no database")
            yield

        @pytest.mark.bgdemo(clock="simulated")
        async def test_it(async_bg_client):
            client = async_bg_client(FastAPI(lifespan=lifespan))
            for _ in range(2):
                with pytest.raises(OSError, match="no database"):
                    await client.get("/")
        """
    )
    result.assert_outcomes(passed=1)


def test_a_shutdown_that_fails_fails_the_async_test(run: Run) -> None:
    result = run(
        """
        from contextlib import asynccontextmanager
        from fastapi import FastAPI

        @asynccontextmanager
        async def lifespan(app):
            yield
            raise OSError("the database has gone")

        @pytest.mark.bgdemo(clock="simulated")
        @pytest.mark.parametrize("fails", [True, False])
        async def test_it(async_bg_client, fails):
            await async_bg_client(FastAPI(lifespan=lifespan)).get("/")
            assert not fails
        """
    )
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["E   assert not True", "E   Besides, OSError: the database has gone"])
    result.stdout.fnmatch_lines(["E   OSError: the database has gone"])


@pytest.mark.parametrize(
    ("how", "decorator"),
    [(ON_ANYIO, "@pytest.fixture"), (ON_ASYNCIO, "@pytest_asyncio.fixture")],
    ids=["anyio", "pytest-asyncio"],
)
def test_an_async_fixture_can_hold_an_async_client(run_async: Run, how: str, decorator: str) -> None:
    result = run_async(
        f"""
        import pytest_asyncio

        {decorator}
        async def client(async_bg_client):
            async with async_bg_client(app) as client:
                yield client
                seen.append((await client.get("/nowhere")).status_code)

        {how.replace(chr(10), chr(10) + "        ")}
        async def test_it(client):
            assert (await client.get("/nowhere")).status_code == 404
            seen.clear()

        def test_it_has_ended():
            assert seen == [404, "down"]
        """
    )
    result.assert_outcomes(passed=2)


def test_a_test_on_the_simulated_clock_has_no_async_fixtures(run_async: Run) -> None:
    result = run_async(
        """
        @pytest.fixture
        async def database():
            yield 3

        @pytest.mark.anyio
        @pytest.mark.bgdemo(clock="simulated")
        @pytest.mark.parametrize("anyio_backend", ["asyncio"])
        async def test_it(database, async_bg_client): ...
        """
    )
    result.assert_outcomes(errors=1)
    assert failures(result).splitlines()[1:] == [
        "test_it[asyncio] runs on an event loop of the simulated clock, and its async fixture 'database' on another "
        "one: make the fixture an ordinary function, or leave the test on the real clock, "
        "@pytest.mark.bgdemo(clock='real')."
    ]


def test_the_seconds_of_a_loop_cannot_be_chosen_in_the_call(run_async: Run) -> None:
    result = run_async(
        """
        @pytest.mark.asyncio
        async def test_real(async_bg_client):
            async_bg_client(app, clock="simulated")

        @pytest.mark.bgdemo(clock="simulated")
        async def test_simulated(async_bg_client):
            async_bg_client(app, clock="real")

        def test_in_a_loop_of_one_s_own(async_bg_client):
            from bgdemo import SimulatedClock

            async def main():
                client = async_bg_client(app, clock="simulated")
                await client.post("/pack")
                assert_finished(await client.drain(), pack)
                await client.aclose()

            SimulatedClock().run(main)
        """
    )
    result.assert_outcomes(failed=2, passed=1)
    result.stdout.fnmatch_lines(
        [
            "E   bgdemo.errors.ClientError: This client is on the event loop of its test, whose seconds are real. For "
            "the simulated clock mark the async test function @pytest.mark.bgdemo(clock='simulated'): then bgdemo "
            "runs it, on a loop of that clock.",
            "E   bgdemo.errors.ClientError: This test runs on an event loop of the simulated clock, and its clients "
            "with it: leave clock='real' out, or mark the test @pytest.mark.bgdemo(clock='real').",
        ]
    )


def test_without_a_plugin_for_async_tests_only_those_on_the_real_clock_fail(run: Run) -> None:
    result = run(
        """
        async def test_it(async_bg_client): ...

        def test_ordinary(bg_client): ...
        """
    )
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["*async def functions are not natively supported*"])


def test_what_was_left_on_a_loop_that_runs_no_more_is_found_too(run: Run) -> None:
    result = run(
        """
        def test_raised(async_bg_client):
            async def main():
                client = async_bg_client(app)
                await client.post("/quick-failure")
                await client._loop_transport.drain(None)

            asyncio.run(main())

        def test_unended(async_bg_client):
            async def main():
                await async_bg_client(app).post("/search")

            loop = asyncio.new_event_loop()
            loop.run_until_complete(main())
            loops.append(loop)

        loops = []

        def test_the_loop_is_closed():
            left = asyncio.all_tasks(loops[0])
            for task in left:
                task.cancel()
            loops[0].run_until_complete(asyncio.wait(left))
            loops[0].close()
        """
    )
    result.assert_outcomes(passed=3, errors=2)
    result.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of test_raised*",
            "E   ValueError: invalid literal for int() with base 10: 'three'",
            NOBODY_LOOKED,
            "*ERROR at teardown of test_unended*",
            "E   bgdemo.errors.DrainTimeout: *: search of POST /search (running). *",
            IT_WAITED,
        ]
    )


# -- other ways to write and to run tests


def test_unittest_style_tests(run: Run) -> None:
    result = run(
        """
        class TestShop(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def clients(self, bg_client):
                self.client = bg_client(app)

            def test_passes(self):
                self.client.post("/pack")
                assert_finished(self.client.drain(), pack)

            def test_fails(self):
                self.client.post("/pack")
                self.assertEqual(1, 2)

            def test_fails_at_its_end(self):
                self.client.post("/send")

        @pytest.mark.usefixtures("client_of_the_class")
        class TestOther(unittest.TestCase):
            def test_passes(self):
                self.client.post("/pack")
                assert_finished(self.client.drain(), pack)

        @pytest.fixture
        def client_of_the_class(request, bg_client):
            request.instance.client = bg_client(app)
        """
    )
    result.assert_outcomes(passed=2, failed=2)
    said = failures(result)
    assert said.count("- bgdemo timelines -") == 2
    assert "E   AssertionError: 1 != 2\n" in said
    assert f"E   LookupError: no parcel\n{NOBODY_LOOKED}" in said


def test_unittest_s_async_tests(run: Run) -> None:
    result = run(
        """
        class TestShop(unittest.IsolatedAsyncioTestCase):
            @pytest.fixture(autouse=True)
            def clients(self, async_bg_client):
                self.async_bg_client = async_bg_client

            async def test_passes(self):
                async with self.async_bg_client(app) as client:
                    await client.get("/nowhere")

            async def test_fails_at_its_end(self):
                client = self.async_bg_client(app)
                await client.post("/quick-failure")
                await asyncio.sleep(0.5)
        """
    )
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["*ERROR at teardown of TestShop.test_fails_at_its_end*", NOBODY_LOOKED])


def test_in_several_processes_and_in_random_order(run: Run) -> None:
    result = run(
        """
        @pytest.mark.parametrize("number", range(8))
        def test_passes(bg_client, number):
            client = bg_client(app)
            client.post("/pack")
            assert client.drain().tasks[0].ended == 1.0

        def test_fails(bg_client):
            bg_client(app).post("/send")
        """,
        "-n2",
        plugins=("xdist", "randomly"),
        apart=True,
    )
    result.assert_outcomes(passed=8, failed=1)
    result.stdout.fnmatch_lines(["E   LookupError: no parcel", "*bgdemo timelines*", "client 1 (simulated clock):"])


def test_the_types_of_the_fixtures_can_be_named(run: Run) -> None:
    result = run(
        """
        from bgdemo.pytest_plugin import AsyncBgClient, BgClient

        def test_it(bg_client: BgClient, async_bg_client: AsyncBgClient) -> None: ...
        """
    )
    result.assert_outcomes(passed=1)


@pytest.mark.timeout(600)  # mypy, with nothing in its cache
def test_the_types_of_the_fixtures_hold(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        typed="""
        from bgdemo.pytest_plugin import AsyncBgClient, BgClient
        from fastapi import FastAPI

        app = FastAPI()

        def test_it(bg_client: BgClient) -> None:
            reveal_type(bg_client(app, clock="real", mode="fake", headers={"a": "b"}))
            bg_client(app, speed=2)
            bg_client(app).clock.advance(5)

        async def test_async(async_bg_client: AsyncBgClient) -> None:
            reveal_type(async_bg_client(app, lifespan=False))
        """
    )
    cache = Path(__file__).parents[1] / ".mypy_cache" / f"typed-{version('mypy')}"
    found = pytester.run(
        sys.executable, "-m", "mypy", "--strict", "--no-error-summary", f"--cache-dir={cache}", "typed.py"
    )
    assert [line for line in found.outlines if "defined" not in line] == [
        'typed.py:7: note: Revealed type is "bgdemo.client.testclient.TestClient"',
        'typed.py:8: error: Unexpected keyword argument "speed" for "__call__" of "BgClient"  [call-arg]',
        'typed.py:12: note: Revealed type is "bgdemo.client.async_testclient.AsyncTestClient"',
    ]
