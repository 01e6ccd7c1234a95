"""What a queue costs and gives: the same app on BackgroundTasks, on the embedded broker, on Redis and on RabbitMQ.

The app runs in a process of its own, under uvicorn. `make bench` prints the table that notebook 08 and CONTRIBUTING.md
have; its seconds are this machine's, so that only the ratios between the lines carry over.
"""

import statistics
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psutil
import pytest

from bgdemo.lessons.brokers import BrokerServer, RabbitMQ, Redis
from bgdemo.queue import ProcessClient
from bgdemo.record.timeline import Timeline

LATENCY, THROUGHPUT = 100, 200
"""How many requests are measured one by one, and how many tasks are added as fast as they go."""

THREADS = 40
"""Of a worker: as many as BackgroundTasks have."""

CASES = [
    ("BackgroundTasks", None, 0),
    ("embedded", "embedded", 1),
    ("embedded, 2 workers", "embedded", 2),
    ("Redis", Redis, 1),
    ("Redis, 2 workers", Redis, 2),
    ("RabbitMQ", RabbitMQ, 1),
    ("RabbitMQ, 2 workers", RabbitMQ, 2),
]
COLUMNS = "response ms", "task start ms", "waiting tasks/s", "computing tasks/s", "meanwhile ms", "MB app", "MB workers"


@pytest.fixture(scope="module")
def table(request: pytest.FixtureRequest) -> Iterator[dict[str, list[float]]]:
    """What was measured, by case; printed when all have been."""
    rows: dict[str, list[float]] = {}
    yield rows
    plugins = request.config.pluginmanager
    reporter = plugins.getplugin("terminalreporter")
    with plugins.getplugin("capturemanager").global_and_fixture_disabled():
        reporter.ensure_newline()
        reporter.write_line(f"{'':22}" + "".join(f"{name:>19}" for name in COLUMNS))
        for name, values in rows.items():
            reporter.write_line(f"{name:22}" + "".join(f"{value:19.1f}" for value in values))


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[type[BrokerServer], BrokerServer]]:
    started: dict[type[BrokerServer], BrokerServer] = {}
    try:
        for kind in (Redis, RabbitMQ):
            if kind.is_installed():
                started[kind] = kind(tmp_path_factory.mktemp(kind.__name__))
                started[kind].start()
        yield started
    finally:
        for server in started.values():
            server.kill()


def measured(client: ProcessClient) -> list[float]:
    for _ in range(5):
        client.post("/nothing")
    client.drain()
    warm = len(client.timeline.requests)
    for _ in range(LATENCY):
        client.post("/nothing")
    latency = client.drain()
    requests, tasks = latency.requests[warm:], latency.tasks[warm:]
    response = statistics.median([one.responded - one.sent for one in requests])
    start = statistics.median([task.started - one.sent for one, task in zip(requests, tasks, strict=True)])
    waiting, _ = throughput(client, "/wait")
    computing, meanwhile = throughput(client, "/compute")
    app = psutil.Process(client._process.pid)
    workers = sum(child.memory_info().rss for child in app.children() if "bgdemo.queue.worker" in child.cmdline())
    megabytes = [app.memory_info().rss / 1e6, workers / 1e6]
    return [1000 * response, 1000 * start, waiting, computing, 1000 * meanwhile, *megabytes]


def throughput(client: ProcessClient, path: str) -> tuple[float, float]:
    """Tasks a second, and the median wait for a response while they ran."""
    before = len(client.timeline.requests)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: client.post(path), range(THROUGHPUT)))
    timeline: Timeline = client.drain()
    requests, tasks = timeline.requests[before:], timeline.tasks[before:]
    seconds = max(task.ended or 0.0 for task in tasks) - requests[0].sent
    return len(tasks) / seconds, statistics.median([(one.responded or 0.0) - one.sent for one in requests])


@pytest.mark.benchmark(group="queue")
@pytest.mark.parametrize(("name", "broker", "workers"), CASES, ids=[case[0] for case in CASES])
def test_queue(
    name: str,
    broker: str | type[BrokerServer] | None,
    workers: int,
    benchmark: Any,
    servers: dict[type[BrokerServer], BrokerServer],
    table: dict[str, list[float]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if isinstance(broker, type):
        if broker not in servers:
            pytest.skip(f"{broker.__name__} is not installed: apt-get install {broker.package}")
        broker = servers[broker].url
    monkeypatch.setenv("BENCH_BROKER", broker or "")
    monkeypatch.setenv("BENCH_WORKERS", str(workers))
    monkeypatch.setenv("BENCH_THREADS", str(THREADS))
    with ProcessClient("queue_app:app") as client:
        table[name] = benchmark.pedantic(measured, (client,), rounds=1)
