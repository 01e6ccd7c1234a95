"""What the in-process clients show is what a real server shows, for each behaviour of BEHAVIOURS.md."""

import pytest

from conformance.runners import IN_PROCESS, run_on_uvicorn
from conformance.scenario import Scenario
from conformance.scenarios import SCENARIOS


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_the_server_and_the_clients_show_the_same(scenario: Scenario) -> None:
    on_uvicorn = run_on_uvicorn(scenario)
    assert str(on_uvicorn) == str(scenario.expected), "uvicorn shows something else than the scenario expects"
    assert sorted(on_uvicorn.logged or ()) == sorted(scenario.errors.values())
    for name, run in IN_PROCESS.items():
        in_process = run(scenario)
        assert str(in_process) == str(on_uvicorn), f"{name} shows something else than uvicorn"
        assert in_process.headers == on_uvicorn.headers, f"{name} has other response headers than uvicorn"
