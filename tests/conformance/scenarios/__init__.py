"""The scenarios, by what they are about; each is one row of BEHAVIOURS.md, or a part of one."""

from conformance.scenario import Scenario
from conformance.scenarios import (
    dependencies,
    dropped,
    middleware,
    refused,
    requests,
    responses,
    sockets,
    streams,
    tasks,
)

SCENARIOS: list[Scenario] = [
    *tasks.SCENARIOS,
    *dropped.SCENARIOS,
    *dependencies.SCENARIOS,
    *middleware.SCENARIOS,
    *refused.SCENARIOS,
    *requests.SCENARIOS,
    *sockets.SCENARIOS,
    *streams.SCENARIOS,
    *responses.SCENARIOS,
]
