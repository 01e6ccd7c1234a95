"""Which code is the user's own."""

import json

import pytest

from bgdemo.lessons import add_task
from bgdemo.record import own_code


@pytest.mark.parametrize(
    "filename",
    ["<stdin>", "<python-input-0>", "<doctest shop[1]>", "<ipython-input-1-abc>", __file__, add_task.__file__],
)
def test_what_was_typed_in_a_file_of_the_user_and_a_lesson_are_own_code(filename: str) -> None:
    assert own_code.is_own_code(filename)


@pytest.mark.parametrize(
    "filename", ["<frozen importlib._bootstrap>", "<__array_function__ internals>", json.__file__, own_code.__file__]
)
def test_python_libraries_and_this_package_are_not(filename: str) -> None:
    assert not own_code.is_own_code(filename)
