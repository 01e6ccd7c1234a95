"""What the tests of the clients share."""

from collections.abc import Iterator

import pytest

from gates import Gate, Threads, forget_clients


@pytest.fixture(autouse=True)
def _no_client_is_left() -> None:
    forget_clients()


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.open()


@pytest.fixture
def threads() -> Threads:
    return Threads()
