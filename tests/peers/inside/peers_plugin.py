"""pytest's side of a run of a peer's tests: writes down how each test ended; see run.py."""

import json
import os
import re
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

outcomes: dict[str, dict[str, Any]] = {}
"""By a test's id: how it ended, what it said, and the seconds that it took, on the wall and on a processor."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """xdist carries an item's properties over to the process that writes everything down."""
    began = time.process_time()
    try:
        return (yield)
    finally:
        item.user_properties.append(("processor_seconds", time.process_time() - began))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """A test is set up, called and torn down; the first that is not passed is how it ended."""
    name = re.sub(r"@\w+$", "", report.nodeid)  # xdist's group
    outcome = outcomes.setdefault(name, {"how": "passed", "said": "", "seconds": 0.0, "processor_seconds": 0.0})
    outcome["seconds"] += report.duration
    outcome.update(report.user_properties if report.when == "call" else ())
    if outcome["how"] == "passed":
        crash = getattr(report.longrepr, "reprcrash", None)
        outcome["how"] = "xfailed" if hasattr(report, "wasxfail") else report.outcome
        outcome["said"] = (getattr(crash, "message", None) or str(report.longrepr or ""))[:2000]


def pytest_sessionfinish(session: pytest.Session) -> None:
    if not hasattr(session.config, "workerinput"):  # xdist's workers tell their controller
        Path(os.environ["BGDEMO_PEERS_OUTCOMES"]).write_text(json.dumps(outcomes), encoding="utf-8")


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any]) -> Generator[Any, Any, Any]:
    """A test that would be refused its client is refused it before it begins: it would leave other things open."""
    factory = yield
    if fixturedef.argname == "test_client_factory" and os.environ["BGDEMO_PEERS_CLIENT"] != "stock":
        factory(_no_app)
    return factory


async def _no_app(scope: object, receive: object, send: object) -> None:
    """Is never called."""
