"""What holds for every assertion."""

import traceback
from collections.abc import Callable
from typing import Any

import pytest

from assertions.timelines import SENT, TWICE, write_log
from bgdemo import assertions

EVERY = [getattr(assertions, name) for name in assertions.__all__]


def test_pytest_shows_the_line_of_the_caller() -> None:
    calls: dict[str, Callable[[Any], object]] = {
        "assert_nothing_added": lambda claim: claim(SENT),
        "assert_response_within": lambda claim: claim(SENT, -1),
        "assert_order": lambda claim: claim(SENT, print, len),
        "assert_ran_in": lambda claim: claim(SENT, print, "worker"),
        "assert_not_added": lambda claim: claim(SENT, write_log),
    }
    for claim in EVERY:
        call = calls.get(claim.__name__, lambda claim: claim(SENT, print))
        with pytest.raises(AssertionError) as caught:
            call(claim)
        frames = [frame for frame, _ in traceback.walk_tb(caught.value.__traceback__)]
        shown = [frame.f_code.co_name for frame in frames if not frame.f_locals.get("__tracebackhide__")]
        assert shown[-1] == "<lambda>", claim


def test_asking_changes_no_timeline() -> None:
    before = TWICE.to_dict()
    for claim in EVERY[:3]:
        with pytest.raises((AssertionError, TypeError)):
            claim(TWICE, print, times=7)
    assert TWICE.to_dict() == before
