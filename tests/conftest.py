"""What holds for all tests."""

import os
import re
import signal
from collections.abc import Generator

import pytest

pytest_plugins = ["pytester"]
collect_ignore = ["example_project"]  # test_example_project.py runs a copy of it

ALLOWED_SKIPS = {
    r"Skipping benchmark \(--benchmark-skip active\)": "benchmarks are a job of their own: make bench",
    r"could not import 'trio'": "trio is only refused, by its name, and nothing asks for it to be installed",
    r"not a git checkout": "an archive of the source has no history to compare with",
    r"a pseudo-terminal|a signal to one process|terminate\(\) would end the command|make is not here": "not on Windows",
}
"""Where CI=true, a skipped test has failed unless its reason is one of these: patterns, each with why it is allowed."""

STARTED_BY = {"chromium": "Chromium", "redis": "Redis", "rabbitmq": "RabbitMQ", "packages": "pip"}
"""Fixtures that need more than Python, and what they start: a test that uses one is marked, so none is forgotten."""

# A shell starts its background jobs with Ctrl-C ignored, and what they start inherits it; the tests send Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_itemcollected(item: pytest.Item) -> None:
    for fixture in getattr(item, "fixturenames", ()):
        if fixture in STARTED_BY:
            item.add_marker(pytest.mark.starts(STARTED_BY[fixture]))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    return (os.cpu_count() or 1) + 1  # some tests wait for real seconds, and another worker has the processor meanwhile


@pytest.hookimpl(trylast=True)  # pytest-randomly has made its order by then
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Or one worker has a long file left when the others have nothing to do.
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Packages that pip can get: for tests that set up a machine."""
    from fresh import need_packages

    need_packages(tmp_path_factory.mktemp("packages"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _fail_if_skipped(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _fail_if_skipped(report)
    return report


def _fail_if_skipped(report: pytest.TestReport | pytest.CollectReport) -> None:
    if os.environ.get("CI") != "true" or not report.skipped or hasattr(report, "wasxfail"):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    if not any(re.search(allowed, reason) for allowed in ALLOWED_SKIPS):
        report.outcome = "failed"
        report.longrepr = (
            f"{reason}\nWhere CI=true, that counts as failed: it is not in ALLOWED_SKIPS, tests/conftest.py."
        )
