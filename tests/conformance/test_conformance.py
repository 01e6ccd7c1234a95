"""What the in-process clients show is what a real server shows, for each behaviour of BEHAVIOURS.md."""

import pytest

from conformance.runners import RUNNERS, reference
from conformance.scenario import Scenario
from conformance.scenarios import SCENARIOS


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_real_server_shows_what_the_scenario_says(scenario: Scenario) -> None:
    seen = reference(scenario)
    assert seen == scenario.expected
    assert sorted(seen.logged or ()) == sorted(scenario.errors.values())


@pytest.mark.parametrize("runner", [name for name in RUNNERS if name != "uvicorn"])
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_an_in_process_client_shows_what_a_real_server_shows(scenario: Scenario, runner: str) -> None:
    seen = RUNNERS[runner](scenario)
    assert seen == scenario.expected
    assert seen == reference(scenario)
    assert seen.headers == reference(scenario).headers
