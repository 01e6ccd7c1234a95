"""The pytest plugin: found by itself, free for those who do not use it, and at home beside other plugins."""

import subprocess
import sys
from importlib.metadata import entry_points, version
from pathlib import Path

import fastapi  # noqa: F401 (pytester forgets what a run imports: half of a package must not stay behind)
import pytest

from testing.projects import NOBODY_LOOKED, Run, failures


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


def test_the_marker_is_registered(run: Run) -> None:
    result = run("", "--markers")
    result.stdout.fnmatch_lines(
        ["@pytest.mark.bgdemo(clock=None, mode=None): the clock ('real' or 'simulated') and the mode ('live', or *"]
    )


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
    cache = Path(__file__).parents[2] / ".mypy_cache" / f"typed-{version('mypy')}"
    found = pytester.run(
        sys.executable, "-m", "mypy", "--strict", "--no-error-summary", f"--cache-dir={cache}", "typed.py"
    )
    assert [line for line in found.outlines if "defined" not in line] == [
        'typed.py:7: note: Revealed type is "bgdemo.client.testclient.TestClient"',
        'typed.py:8: error: Unexpected keyword argument "speed" for "__call__" of "BgClient"  [call-arg]',
        'typed.py:12: note: Revealed type is "bgdemo.client.async_testclient.AsyncTestClient"',
    ]
