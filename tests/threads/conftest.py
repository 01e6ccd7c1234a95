"""What the tests of threads share."""

from collections.abc import Iterator

import pytest

from gates import Gate


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.open()
