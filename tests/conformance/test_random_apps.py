"""Random apps do on the clients, event by event, what they do on uvicorn.

`make fuzz` runs as many as you like: BGDEMO_APPS says how many. An app that differs is shrunk, and printed as data with
the line that runs it again.
"""

import os

from hypothesis import HealthCheck, given, settings

from conformance.random_apps import AppSpec, apps, scenario
from conformance.runners import IN_PROCESS, run_on_uvicorn

APPS = int(os.environ.get("BGDEMO_APPS", "50"))


@given(spec=apps())
@settings(
    max_examples=APPS,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
def test_the_clients_show_what_uvicorn_shows(spec: AppSpec) -> None:
    played = scenario(spec)
    on_uvicorn = run_on_uvicorn(played)
    for name, run in IN_PROCESS.items():
        assert comparable(str(run(played))) == comparable(str(on_uvicorn)), f"{name} shows something else than uvicorn"


def comparable(seen: str) -> str:
    """What was seen, but for the words in which a server refuses a response, which are its own."""
    return "\n".join(
        line if "LocalProtocolError" not in line and "AppError" not in line else REFUSED for line in seen.splitlines()
    )


REFUSED = "refused"
