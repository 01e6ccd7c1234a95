"""How a borrowed name is found, and what is said when it is gone."""

import threading

import pytest

from bgdemo._compat.borrowed import Borrowed, Gone, find, gone, require
from bgdemo.errors import ClientError

HERE = Borrowed("threading.Condition()._waiters", needed_for="waits", breaks_when="it rains", then="nothing starts")
GONE = Borrowed("threading.Condition()._sleepers", needed_for="waits", breaks_when="it rains", then="nothing starts")


@pytest.mark.parametrize(
    ("symbol", "missing"),
    [
        ("threading._never", "threading._never"),
        ("threading.Condition()._never", "threading.Condition()._never"),
        ("concurrent.futures.never.name", "concurrent.futures.never"),
        ("no_such_package.name", "no_such_package"),
        ("threading.Thread.join(deadline)", "threading.Thread.join(deadline)"),
    ],
)
def test_what_is_not_there_is_named(symbol: str, missing: str) -> None:
    with pytest.raises(Gone) as raised:
        find(symbol)
    assert str(raised.value) == missing


def test_a_module_a_member_an_object_and_a_parameter_are_found() -> None:
    assert find("threading") is threading
    assert find("concurrent.futures.thread.threading.Condition") is threading.Condition
    assert list(find("threading.Condition()._waiters")) == []
    assert find("threading.Thread.join(timeout)") is threading.Thread.join


def test_a_name_that_other_versions_have_elsewhere_is_there() -> None:
    Borrowed("threading._never", or_else="threading.Thread", needed_for="", breaks_when="", then="").look()
    with pytest.raises(Gone, match=r"threading\._neither"):
        Borrowed("threading._never", or_else="threading._neither", needed_for="", breaks_when="", then="").look()


def test_a_feature_refuses_without_a_name_that_it_needs_and_says_what_to_do() -> None:
    require(ClientError, HERE)
    with pytest.raises(ClientError) as raised:
        require(ClientError, HERE, GONE)
    assert str(raised.value) == gone(GONE)
    assert str(raised.value).startswith("Python 3.")
    assert str(raised.value).endswith(
        " has no threading.Condition()._sleepers, which is needed for waits: nothing starts."
    )


def test_a_feature_starts_without_a_name_that_it_can_do_without() -> None:
    require(ClientError, Borrowed("threading._never", needed_for="", breaks_when="", then="", has_fallback=True))


def test_the_installed_version_of_a_package_is_named() -> None:
    missing = Borrowed("starlette.background._never", needed_for="x", breaks_when="x", then="x")
    assert gone(missing).startswith("starlette 1.") or gone(missing).startswith("starlette 0.")
