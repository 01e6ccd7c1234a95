"""Notebook 08 as it is where Redis and RabbitMQ are installed: it starts both, and shows the same."""

import pytest

from course import assert_rebuilt_alike, executed
from test_notebook_08 import assert_it_asks_nothing_without_an_answer, assert_it_shows_what_it_claims

pytestmark = [
    pytest.mark.timeout(400),  # real seconds, and real servers
    pytest.mark.long,
    pytest.mark.starts("Redis and RabbitMQ"),
]


def test_it_shows_what_it_claims() -> None:
    assert_it_shows_what_it_claims(executed("08"))


def test_it_asks_nothing_without_an_answer() -> None:
    assert_it_asks_nothing_without_an_answer(executed("08"))


def test_it_has_the_same_outputs_when_it_is_built_again() -> None:
    assert_rebuilt_alike("08")
