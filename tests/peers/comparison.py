"""The tables of tests that are excepted, and whether a run of a peer's tests keeps to them."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a test ended."""

    how: str
    """passed, failed, skipped or xfailed."""
    said: str = ""
    """What its failure says."""
    seconds: float = 0.0
    """How long it took on the wall."""
    processor_seconds: float = 0.0
    """How long its process was on a processor, from the test's first line to its last."""


Outcomes = Mapping[str, Outcome]
"""By a test's id."""


@dataclass(frozen=True, slots=True)
class Excepted:
    """Why a test that passes with Starlette's client does not pass with this package's."""

    reason: str
    error: str = ""
    """A part of what the failure says; of any failure if empty."""
    races: bool = False
    """True if it passes where the app happens to be faster than the test; it does not if the app is held up."""
    rarely: bool = False
    """True if it passes as a rule, whether the app is held up or not: two requests have to meet at a bad moment."""


def read_table(path: Path, client: str) -> dict[str, Excepted]:
    """The tests that are excepted from a run with this client, "waiting" or "default".

    What holds where the client waits for tasks holds where it does not.

    Raises:
        ValueError: a test is named twice, or a reason is missing.
    """
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    excepted: dict[str, Excepted] = {}
    for section in [*table.get("waiting", []), *(table.get("default", []) if client == "default" else [])]:
        if not section["reason"].strip():
            raise ValueError(f"{path.name}: a reason is missing, before {section['tests'][0]}")
        for test in section["tests"]:
            if test in excepted:
                raise ValueError(f"{path.name} names {test} twice")
            excepted[test] = Excepted(**{key: value for key, value in section.items() if key != "tests"})
    return excepted


def problems(stock: Outcomes, own: Outcomes, excepted: Mapping[str, Excepted], *, late: bool = False) -> Iterator[str]:
    """What is not as the table says, one line each.

    Args:
        stock: with Starlette's client. A test that does not pass there is not compared.
        own: with this package's client.
        excepted: the table.
        late: the app was held up, so that all that race have to fail.
    """
    for test in excepted:
        if stock.get(test, _NOT_RUN).how != "passed":
            yield f"{test}: a table names it, and with Starlette's client it does not pass"
    for test, outcome in stock.items():
        if outcome.how == "passed":
            problem = _problem(own.get(test, _NOT_RUN), excepted.get(test), late)
            if problem is not None:
                yield f"{test}: {problem}"


def ratios(stock: Outcomes, own: Outcomes) -> tuple[float, float]:
    """How long the tests that pass in both runs took, in terms of how long they took with Starlette's client.

    Returns:
        On the wall, which says little where other work goes on beside the tests, and on a processor.
    """
    both = [(it, own[test]) for test, it in stock.items() if it.how == own.get(test, _NOT_RUN).how == "passed"]
    wall = sum(ours.seconds for _, ours in both) / sum(it.seconds for it, _ in both)
    return wall, sum(ours.processor_seconds for _, ours in both) / sum(it.processor_seconds for it, _ in both)


_NOT_RUN = Outcome("not run")


def _problem(outcome: Outcome, excepted: Excepted | None, late: bool) -> str | None:
    if outcome.how == "passed":
        if excepted is None or excepted.rarely or (excepted.races and not late):
            return None
        return "passes, and a table says that it does not"
    first_line = outcome.said.partition("\n")[0]
    if excepted is None:
        return f"{outcome.how}, and no table names it: {first_line}"
    if excepted.error not in outcome.said:
        return f"{outcome.how}, and not with {excepted.error!r}, as a table says: {first_line}"
    return None
