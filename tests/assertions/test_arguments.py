"""Which arguments are meant: by value, nearly, or by a predicate."""

import re
import threading
from collections.abc import Callable
from typing import Any
from unittest.mock import ANY, Mock

import pytest

from assertions.timelines import SENT, send_mail, task, with_tasks
from bgdemo.assertions import (
    assert_added,
    assert_not_added,
)


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [
        (("a@b.c",), None),
        (["a@b.c"], None),
        (None, {"subject": "Hello"}),
        (("a@b.c",), {"subject": "Hello"}),
        ((ANY,), {"subject": ANY}),
        ((lambda email: email.endswith(".c"),), {"subject": str.istitle}),
    ],
)
def test_arguments_are_matched_by_value_and_by_predicate(args: Any, kwargs: Any) -> None:
    assert assert_added(SENT, send_mail, args=args, kwargs=kwargs) == (SENT.tasks[1],)


def test_a_number_is_matched_as_nearly_as_approx_says() -> None:
    assert_added(with_tasks(task(1, "work", 0.1 + 0.2)), "work", args=(pytest.approx(0.3),))


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [((), None), (("a@b.c", "x"), None), (None, {}), (None, {"subject": "Hello", "cc": None}), (("A@b.c",), None)],
)
def test_arguments_are_matched_exactly(args: Any, kwargs: Any) -> None:
    assert_not_added(SENT, send_mail, args=args, kwargs=kwargs)


def test_a_callable_that_was_the_argument_is_a_value_and_is_not_called() -> None:
    called = Mock(return_value=True)
    timeline = with_tasks(task(1, "work", called))
    assert_added(timeline, "work", args=(called,))
    assert_not_added(timeline, "work", args=(lambda seen: True,))
    assert_not_added(with_tasks(task(1, "work", print)), "work", args=(called,))
    called.assert_not_called()


def test_equal_bound_methods_are_the_same_argument() -> None:
    event = threading.Event()
    assert_added(with_tasks(task(1, "work", event.set)), "work", args=(event.set,))


def test_a_class_is_a_value_and_never_a_predicate() -> None:
    assert_added(with_tasks(task(1, "work", dict)), "work", args=(dict,))
    assert_not_added(with_tasks(task(1, "work", [("a", 1)])), "work", args=(dict,))


def test_a_predicate_that_returns_neither_true_nor_false_is_refused() -> None:
    words = "<lambda> was taken for a predicate, and returned 'a@b.c': a predicate returns True or False."
    with pytest.raises(TypeError, match=f"^{re.escape(words)}") as caught:
        assert_added(SENT, send_mail, args=(lambda email: email,))
    assert caught.value.__notes__ == ["Raised while an assertion compared the arguments of task 2, send_mail."]


@pytest.mark.parametrize("claim", [assert_added, assert_not_added])
def test_what_a_predicate_raises_is_raised(claim: Callable[..., object]) -> None:
    with pytest.raises(AttributeError, match="strat"):
        claim(SENT, send_mail, args=(lambda email: email.strat,))


def test_what_cannot_be_arguments_is_refused() -> None:
    with pytest.raises(
        TypeError, match=re.escape("args='a@b.c' is neither a tuple nor a list: write args=('a@b.c',).")
    ):
        assert_added(SENT, send_mail, args="a@b.c")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=re.escape("kwargs=['subject'] is no dict of the keyword arguments by their")):
        assert_added(SENT, send_mail, kwargs=["subject"])  # type: ignore[arg-type]
