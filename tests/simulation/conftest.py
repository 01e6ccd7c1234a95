"""What the tests of the simulated clock share."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bgdemo import TestClient
from bgdemo.simulation import SimulatedClock

MakeClient = Callable[..., TestClient]

_real_sleep = time.sleep


@pytest.fixture
def make_client() -> Iterator[MakeClient]:
    """Make clients on simulated clocks, which are closed at the end."""
    clients: list[TestClient] = []

    def make(app: Any, clock: Any = None, *, real_timeout: float | None = 5.0, **options: Any) -> TestClient:
        client = TestClient(app, clock=clock or SimulatedClock(real_timeout=real_timeout), **options)
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.close()


_OURS = ("AnyIO", "bgdemo", "asyncio")


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    """No test leaves a replaced function or a thread of an app behind."""
    before = set(threading.enumerate())  # tests of other clients leave threads behind on purpose
    yield
    assert time.sleep is _real_sleep
    for _ in range(100):
        left = [t for t in threading.enumerate() if t not in before and t.name.startswith(_OURS)]
        if not left:
            return
        _real_sleep(0.02)
    raise AssertionError(f"threads left: {left}")
