"""After a run, the ratios that CONTRIBUTING.md holds: they stay when the machine is slow, and seconds do not."""

from collections.abc import Iterable
from typing import Any

RATIOS = (
    # what, the benchmark, what it is compared with, at most
    ("AsyncTestClient and drain, against httpx.ASGITransport", "async_client", "asgi_transport", 1.15),
    ("TestClient and drain, against Starlette's TestClient", "client", "stock_client", 1 / 3),
    ("AsyncTestClient and drain, against the raw ASGI call", "async_client", "raw_asgi", None),
    ("TestClient and drain, against the raw ASGI call", "client", "raw_asgi", None),
    ("from bgdemo import TestClient, against fastapi and httpx", "import_bgdemo", "import_fastapi_and_httpx", 1.1),
)


def ratios(benchmarks: Iterable[Any]) -> list[tuple[str, str, float, float | None]]:
    """What, the group, the ratio of the fastest rounds, and what it may be at most."""
    fastest: dict[str, dict[str, float]] = {}
    for one in benchmarks:
        fastest.setdefault(one.group, {})[one.name.removeprefix("test_").partition("[")[0]] = one.stats.min
    found = []
    for what, ours, theirs, most in RATIOS:
        for group, known in fastest.items():
            if ours in known and theirs in known:
                found.append((what, group, known[ours] / known[theirs], most))
    return found


def pytest_terminal_summary(terminalreporter: Any, config: Any) -> None:
    session = getattr(config, "_benchmarksession", None)
    found = ratios(session.benchmarks) if session is not None else []
    if found:
        terminalreporter.section("ratios of the fastest rounds")
    for what, group, ratio, most in found:
        limit = "" if most is None else f"   at most {most:.2f}{'' if ratio <= most else '   MISSED'}"
        terminalreporter.write_line(f"{what:56} {group:14} {ratio:6.2f}{limit}")
