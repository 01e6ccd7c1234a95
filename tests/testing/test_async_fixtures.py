"""The fixture async_bg_client: the same, awaited, on the loop of the test."""

import inspect

import fastapi  # noqa: F401 (pytester forgets what a run imports: half of a package must not stay behind)
import pytest

from testing.projects import IT_WAITED, NOBODY_LOOKED, Run, failures

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
