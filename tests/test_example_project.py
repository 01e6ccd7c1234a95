"""A project that uses the plugin, with its own tests: they pass, and they use all that there is to use."""

from pathlib import Path

import fastapi  # noqa: F401 (pytester forgets what a run imports: half of a package must not stay behind)
import pytest

import bgdemo.testing.fixtures  # noqa: F401
from bgdemo import assertions

EXAMPLE = Path(__file__).parent / "example_project"


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A copy of the project, in which no plugin is loaded that is not named."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.copy_example(str(EXAMPLE))
    return pytester


WARNINGS = ("-W", "error", "-W", "ignore::pytest.PytestAssertRewriteWarning")
OPTIONS = ("-p", "bgdemo", "-p", "anyio", "--strict-markers", *WARNINGS)


def test_its_tests_pass(project: pytest.Pytester) -> None:
    project.runpytest_inprocess(*OPTIONS).assert_outcomes(passed=12)


def test_its_tests_pass_in_other_orders_and_in_several_processes(project: pytest.Pytester) -> None:
    result = project.runpytest_subprocess(*OPTIONS, "-p", "xdist", "-n2", "-p", "randomly")
    result.assert_outcomes(passed=12)


def test_it_shows_every_assertion_and_every_fixture() -> None:
    text = (EXAMPLE / "test_app.py").read_text(encoding="utf-8")
    shown = [
        *(f"{name}(" for name in assertions.__all__),
        ": BgClient",
        ": AsyncBgClient",
        "run_tasks(",
        "mode=",
        "clock=",
    ]
    assert [name for name in shown if name not in text] == []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("background_tasks.add_task(send_itinerary, email, ", "send_itinerary(email, "),
        ("background_tasks.add_task(tell_agencies, destination)", "background_tasks.add_task(tell_agencies)"),
        ("* 0.9", "* 0.8"),
        ("audit_log.append(line)", "audit_log.append(lime)"),
        ("Depends(audited)", '"web"'),
    ],
)
def test_a_mistake_in_the_app_fails_its_tests(project: pytest.Pytester, right: str, wrong: str) -> None:
    app = project.path / "app.py"
    before = app.read_text(encoding="utf-8")
    assert before.count(right) == 1
    app.write_text(before.replace(right, wrong), encoding="utf-8")
    assert project.runpytest_inprocess(*OPTIONS).parseoutcomes()["failed"] >= 1
