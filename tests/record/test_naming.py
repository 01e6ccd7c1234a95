"""What functions are called, and which one a name means."""

import functools
import threading
from typing import Any

import pytest

from bgdemo.record.naming import full_name, names


def function() -> None: ...


async def coroutine_function() -> None: ...


class Callable:
    def __call__(self) -> None: ...

    def method(self) -> None: ...


@pytest.mark.parametrize(
    ("func", "name", "full_name"),
    [
        (function, "function", f"{__name__}.function"),
        (coroutine_function, "coroutine_function", f"{__name__}.coroutine_function"),
        (functools.partial(function), "function", f"{__name__}.function"),
        (functools.partial(functools.partial(function), 1), "function", f"{__name__}.function"),
        (Callable(), "Callable", f"{__name__}.Callable"),
        (functools.partial(Callable()), "Callable", f"{__name__}.Callable"),
        (Callable().method, "method", f"{__name__}.Callable.method"),
        (Callable, "Callable", f"{__name__}.Callable"),
        (lambda: None, "<lambda>", f"{__name__}.<lambda>"),
        (print, "print", "builtins.print"),
        ([].append, "append", "builtins.list.append"),
        (None, "NoneType", "builtins.NoneType"),
        (threading.Event().set, "set", "threading.Event.set"),
    ],
)
def test_every_function_has_a_short_and_a_full_name(func: Any, name: str, full_name: str) -> None:
    assert names(func) == (name, full_name)


def test_a_mock_has_a_name() -> None:
    from unittest.mock import AsyncMock, Mock

    assert names(Mock()) == ("Mock", "unittest.mock.Mock")
    assert names(AsyncMock())[0] == "AsyncMock"


def test_a_proxy_that_answers_every_attribute_has_a_name_of_text() -> None:
    class Proxy:
        def __getattr__(self, name: str) -> "Proxy":
            return self

        def __call__(self) -> None: ...

    assert [type(name) for name in names(Proxy())] == [str, str]


@pytest.mark.parametrize(
    ("given", "known"),
    [
        ("app.send", "app.send"),
        ("send", "app.send"),
        ("Mailer.post", "app.Mailer.post"),
        ("end", "end"),
        ("app.sen", "app.sen"),
        (function, f"{__name__}.function"),
    ],
)
def test_a_name_means_the_function_that_it_is_the_end_of(given: Any, known: str) -> None:
    assert full_name(given, ["app.send", "app.Mailer.post"]) == known


def test_a_name_that_two_functions_share_means_neither() -> None:
    with pytest.raises(ValueError, match=r"^'send' could be a\.send or b\.send: give more of the name"):
        full_name("send", ["b.send", "a.send", "a.send"])
