"""What the in-process clients show is what a real server shows, for each behaviour of BEHAVIOURS.md."""

import dataclasses

import pytest

from conformance.runners import IN_PROCESS, run_on_uvicorn
from conformance.scenario import Observation, Scenario
from conformance.scenarios import SCENARIOS

REFUSED = "REFUSED"
"""An error in the app whose words differ from server to server."""

KNOWN = {
    "scope of an app that is mounted at a root_path": "as in the stock client, path leaves root_path out",
}
"""Scenarios in which a client differs from the server today, and how; for one that passes, delete its line."""


def known(name: str) -> list[pytest.MarkDecorator]:
    return [pytest.mark.xfail(reason=KNOWN[name])] if name in KNOWN else []


def in_own_words(seen: Observation, scenario: Scenario) -> Observation:
    """What was seen, where h11 and this package each have words of their own for what a server refuses."""
    refused = {number for number, error in scenario.errors.items() if error == REFUSED}
    errors = {number: REFUSED if number in refused else error for number, error in seen.errors.items()}
    logged = None if seen.logged is None else tuple(REFUSED if refused else error for error in seen.logged)
    return dataclasses.replace(seen, errors=errors, logged=logged)


@pytest.mark.parametrize(
    "scenario", [pytest.param(scenario, id=scenario.name, marks=known(scenario.name)) for scenario in SCENARIOS]
)
def test_the_server_and_the_clients_show_the_same(scenario: Scenario) -> None:
    on_uvicorn = in_own_words(run_on_uvicorn(scenario), scenario)
    assert str(on_uvicorn) == str(scenario.expected), "uvicorn shows something else than the scenario expects"
    assert sorted(on_uvicorn.logged or ()) == sorted(scenario.errors.values())
    for name, run in IN_PROCESS.items():
        in_process = in_own_words(run(scenario), scenario)
        assert str(in_process) == str(on_uvicorn), f"{name} shows something else than uvicorn"
        assert in_process.headers == on_uvicorn.headers, f"{name} has other response headers than uvicorn"
