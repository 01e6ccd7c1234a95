"""Which function is meant: by itself, or by its name."""

import functools
import re
from collections.abc import Callable
from typing import Any

import pytest

from assertions.timelines import SENT, app, send_mail, task, with_tasks, write_log
from bgdemo import TestClient
from bgdemo.assertions import (
    assert_added,
    assert_finished,
    assert_not_added,
    assert_nothing_added,
    assert_order,
    assert_response_within,
)


@pytest.mark.parametrize(
    "function",
    [write_log, functools.partial(write_log, level="debug"), f"{write_log.__module__}.write_log", "write_log"],
    ids=["itself", "partial", "full name", "bare name"],
)
def test_a_function_is_matched_by_itself_and_by_its_name(function: Any) -> None:
    assert assert_added(SENT, function) == (SENT.tasks[0],)


def test_a_method_is_matched_by_the_end_of_its_name() -> None:
    method = task(1, "send", function="app.mail.Mailer.send")
    for name in ("send", "Mailer.send", "mail.Mailer.send"):
        assert assert_added(with_tasks(method), name) == (method,)
    assert_not_added(with_tasks(method), "ailer.send")


def test_a_full_name_is_never_ambiguous() -> None:
    one, two = task(1, "send", function="send"), task(2, "send", function="app.send")
    assert assert_added(with_tasks(one, two), "send") == (one,)


def test_a_name_that_several_functions_share_is_refused() -> None:
    timeline = with_tasks(task(1, "send", function="app.mail.send"), task(2, "send", function="app.sms.send"))
    for claim in (assert_added, assert_not_added, assert_finished):
        with pytest.raises(ValueError, match=r"^'send' could be app\.mail\.send or app\.sms\.send: give more of the"):
            claim(timeline, "send")
    assert_added(timeline, "sms.send", times=1)


@pytest.mark.parametrize("what", [None, 7, b"write_log"])
def test_what_is_no_function_is_refused(what: Any) -> None:
    words = f"{what!r} is no function: pass the function itself, `write_log` and not `write_log(...)`, or its name."
    with pytest.raises(TypeError, match=f"^{re.escape(words)}$"):
        assert_added(SENT, what)


@pytest.mark.parametrize(
    "claim",
    [
        lambda timeline: assert_added(timeline, write_log),
        lambda timeline: assert_order(timeline, write_log, send_mail),
        assert_nothing_added,
        lambda timeline: assert_response_within(timeline, 1),
    ],
)
def test_what_is_no_timeline_is_refused(claim: Callable[[Any], object]) -> None:
    client = TestClient(app)
    words = "is no Timeline: pass `client.timeline`, or what `client.drain()` returned."
    with pytest.raises(TypeError, match=re.escape(words)):
        claim(client)
