"""The fixture bg_client: clients that live as long as a test, on the clock and in the mode that it asks for."""

import inspect

import fastapi  # noqa: F401 (pytester forgets what a run imports: half of a package must not stay behind)
import pytest

from bgdemo import AsyncTestClient, TestClient
from bgdemo.testing.fixtures import Options
from testing.projects import Run, failures


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


def test_a_fixture_that_is_used_as_a_client_says_that_it_makes_them(run: Run) -> None:
    result = run(
        """
        import pytest

        def test_forgotten(bg_client):
            with pytest.raises(AttributeError, match=r"makes clients.*`client = bg_client\\(app\\)`.*client.post"):
                bg_client.post("/")

        def test_forgotten_async(async_bg_client):
            with pytest.raises(AttributeError, match=r"`await client.get\\(...\\)`"):
                async_bg_client.get("/")

        def test_a_name_that_no_client_has(bg_client):
            with pytest.raises(AttributeError, match="the fixture bg_client has no attribute 'posts'"):
                bg_client.posts
        """
    )
    result.assert_outcomes(passed=3)
