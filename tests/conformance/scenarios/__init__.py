"""The scenarios, by what they are about; each is one row of BEHAVIOURS.md, or a part of one."""

from conformance.scenario import Scenario
from conformance.scenarios import tasks

SCENARIOS: list[Scenario] = [*tasks.SCENARIOS]
