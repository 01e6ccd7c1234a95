"""The end of a test: it fails if nobody looked, and its report shows the timelines."""

import fastapi  # noqa: F401 (pytester forgets what a run imports: half of a package must not stay behind)
import pytest

from testing.projects import IT_WAITED, NOBODY_LOOKED, Run, failures


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
