"""What cannot cross over to another process is refused at add_task, by name."""

import datetime
import decimal
import functools
import math
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orders
import pytest
from fastapi import UploadFile

from bgdemo.errors import QueueError
from bgdemo.queue import Queue
from bgdemo.queue.broker.arguments import importable, refuse_unsendable


class Mailer:
    def send(self, email: str) -> None: ...

    @classmethod
    def make(cls) -> None: ...

    @staticmethod
    def help(email: str) -> None: ...


def send_mail(email: str, *copies: str, hidden: object = None) -> None: ...


def local() -> Callable[[], None]:
    def inner() -> None: ...

    return inner


def made_in(module: str) -> Callable[[], None]:
    function = local()
    function.__module__, function.__qualname__ = module, "write_notification"
    return function


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (orders.nap, "orders:nap"),
        (orders.nap_async, "orders:nap_async"),
        (Mailer.make, "test_arguments:Mailer.make"),
        (Mailer.help, "test_arguments:Mailer.help"),
        (time.sleep, "time:sleep"),
    ],
)
def test_a_worker_finds_what_a_module_has(function: Callable[..., Any], name: str) -> None:
    assert importable(function) == name


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (lambda: None, "cannot import a lambda"),
        (local(), "cannot import inner, which is defined inside another function"),
        (functools.partial(orders.nap, 1), "cannot import nap, which is a partial"),
        (Mailer().send, r"imports test_arguments.Mailer.send finds something else"),
        (made_in("__main__"), "cannot import inner: it is in a notebook's cell.*Put it into a module"),
        (made_in("orders"), "imports orders.write_notification finds something else"),
        (orders.nap(0), "None, which is no function: pass the function and its arguments separately"),
    ],
)
def test_what_a_worker_could_not_import_is_refused_by_its_name(function: Any, says: str) -> None:
    with pytest.raises(QueueError, match=says):
        importable(function)


@pytest.mark.parametrize(
    "value",
    [
        None,
        "提醒",
        1,
        1.5,
        math.nan,
        [1, "two", {"three": [math.nan]}],
        datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC),
        datetime.date(2026, 1, 2),
        uuid.UUID(int=7),
        decimal.Decimal("1.10"),
        b"bytes",
    ],
)
def test_what_arrives_as_it_is_may_be_sent(value: Any) -> None:
    refuse_unsendable(send_mail, (value,), {"hidden": value})


@pytest.mark.parametrize(
    ("args", "kwargs", "says"),
    [
        ((UploadFile(file=None),), {}, "argument email is a UploadFile, which cannot be sent"),  # type: ignore[arg-type]
        (("a", "b", object()), {}, r"argument copies\[1\] is a object, which cannot be sent"),
        (("a",), {"hidden": Path("file.txt")}, "argument hidden is a PosixPath|WindowsPath, which cannot be sent"),
        (((1, 2),), {}, r"argument email is the tuple \(1, 2\), which would arrive as \[1, 2\]"),
        (({1: "one"},), {}, r"argument email is the dict \{1: 'one'\}, which would arrive as \{'1': 'one'\}"),
        (("a",), {"hidden": {"a", "b"}}, "argument hidden is a set"),
    ],
)
def test_what_would_not_arrive_as_it_is_is_refused_by_its_name(
    args: tuple[Any, ...], kwargs: dict[str, Any], says: str
) -> None:
    with pytest.raises(QueueError, match=says):
        refuse_unsendable(send_mail, args, kwargs)


def test_the_route_that_adds_such_a_task_fails_and_nothing_is_sent(make_queue: Callable[..., Queue]) -> None:
    queue = make_queue()
    with pytest.raises(QueueError, match=r"add_task\(nap, ...\): the argument seconds is a object"):
        queue.add_task(orders.nap, object())
    assert queue.workers == ()
    assert list((queue.folder / "messages").iterdir()) == []


def test_a_broker_that_is_none_is_refused() -> None:
    with pytest.raises(
        QueueError, match="'mysql://localhost' is no broker: give 'embedded', or a URL such as redis://"
    ):
        Queue("mysql://localhost")
