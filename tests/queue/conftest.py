"""Brokers, queues and clients for the tests of this folder, each ended by its own handle, whatever a test does."""

import os
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from orders import app

from bgdemo import TestClient
from bgdemo.lessons.brokers import BrokerServer, RabbitMQ, Redis
from bgdemo.queue import ProcessClient, Queue, tasks

SERVERS = [
    pytest.param("redis", marks=pytest.mark.starts("Redis")),
    pytest.param("rabbitmq", marks=pytest.mark.starts("RabbitMQ")),
]
BROKERS = ["embedded", *SERVERS]


def need(server: type[BrokerServer]) -> None:
    """Skip where a server is not installed, and say what to install; on CI that is a failure."""
    if server.is_installed():
        return
    message = f"{server.__name__} is not installed: apt-get install {server.package}"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


def running(server: BrokerServer) -> Iterator[BrokerServer]:
    try:
        server.start()
        yield server
    finally:
        server.kill()


@pytest.fixture(scope="session")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrokerServer]:
    need(Redis)
    yield from running(Redis(tmp_path_factory.mktemp("redis")))


@pytest.fixture(scope="session")
def rabbitmq(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrokerServer]:
    need(RabbitMQ)
    yield from running(RabbitMQ(tmp_path_factory.mktemp("rabbitmq")))


@pytest.fixture(params=BROKERS)
def broker(request: pytest.FixtureRequest) -> str:
    """A broker, for a Queue."""
    return "embedded" if request.param == "embedded" else str(request.getfixturevalue(request.param).url)


@pytest.fixture
def make_queue() -> Iterator[Callable[..., Queue]]:
    """Makes queues, each with a name of its own at its broker; their workers are killed at the end."""
    made: list[Queue] = []

    def make(broker: str = "embedded", **options: Any) -> Queue:
        queue = Queue(broker, **{"name": f"test-{uuid.uuid4().hex[:8]}", **options})
        made.append(queue)
        return queue

    yield make
    for queue in made:
        for worker in queue.workers:
            worker.kill()
        queue.close()


@pytest.fixture
def make_client(make_queue: Callable[..., Queue]) -> Iterator[Callable[..., TestClient]]:
    """Makes clients of the app of orders.py, each with a queue, whose worker is ready."""
    made: list[TestClient] = []

    def make(queue: Queue, *, workers: int = 1) -> TestClient:
        for _ in range(workers):
            queue.start_worker()
        app.dependency_overrides[tasks] = queue
        made.append(TestClient(app, close_timeout=0.1))
        return made[-1]

    yield make
    app.dependency_overrides.clear()
    for client in made:
        client.close()


@pytest.fixture
def serve() -> Iterator[Callable[..., ProcessClient]]:
    """Serves the app of orders.py in processes of its own."""
    made: list[ProcessClient] = []

    def make(**options: Any) -> ProcessClient:
        made.append(ProcessClient("orders:app", **options))
        return made[-1]

    yield make
    for client in made:
        client.kill()
        client.close()
