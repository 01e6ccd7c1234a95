"""Assertions over timelines: what passes, what fails, and what a failure says, word for word."""

import functools
import re
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from unittest.mock import ANY, Mock

import pytest
from fastapi import BackgroundTasks, FastAPI, HTTPException
from fastapi.responses import JSONResponse

from bgdemo import Event, Request, Task, TestClient, Timeline, assertions
from bgdemo.assertions import (
    assert_added,
    assert_dropped,
    assert_failed,
    assert_finished,
    assert_not_added,
    assert_nothing_added,
    assert_order,
    assert_ran_after_response,
    assert_ran_in,
    assert_response_within,
    assert_skipped,
)

app = FastAPI()


class NoSuchAddress(LookupError):
    pass


def write_log(message: str, level: str = "info") -> None:
    time.sleep(1)


def send_mail(email: str, *, subject: str = "") -> None:
    time.sleep(2)
    if "@" not in email:
        raise NoSuchAddress(email)


async def count_mail(number: int) -> None: ...


@app.post("/mail")
def mail(to: str, background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(write_log, "found it")
    background_tasks.add_task(send_mail, to, subject="Hello")
    background_tasks.add_task(count_mail, 1)


@app.post("/refused")
def refused(background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(write_log, message="refused")
    raise HTTPException(400)


@app.post("/replaced")
def replaced(background_tasks: BackgroundTasks) -> JSONResponse:
    background_tasks.add_task(write_log, "replaced")
    return JSONResponse({}, background=BackgroundTasks())


@app.post("/raises")
def raises(background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(write_log, "raises")
    raise KeyError("no shelf")


def timeline_of(*paths: str) -> Timeline:
    client = TestClient(app, clock="simulated", raise_server_exceptions=False)
    for path in paths:
        client.post(path)
    timeline = client.drain()
    client.close()
    return timeline


NOTHING = Timeline()
SENT = timeline_of("/mail?to=a@b.c")
FAILED = timeline_of("/mail?to=nobody")
REFUSED = timeline_of("/refused")
TWICE = timeline_of("/mail?to=a@b.c", "/mail?to=nobody")


def task(id: int, name: str = "work", *args: Any, **changes: Any) -> Task:
    made = Task(id, 1, name, f"app.{name}", args, {}, 0.0, 0.0, 1.0, "finished", None, "threadpool")
    return replace(made, **changes)


def with_tasks(*tasks: Task) -> Timeline:
    return Timeline((Request(1, "POST", "/", 200, 0.0, 0.0, 9.0),), tasks, now=9.0, simulated=True)


def never_started(id: int, status: Any, **changes: Any) -> Task:
    return task(id, started=None, ended=None, ran_in=None, status=status, **changes)


def message_of(claim: Callable[..., object], *args: Any, **kwargs: Any) -> str:
    """What a claim that does not hold says, above the drawing."""
    with pytest.raises(AssertionError) as caught:
        claim(*args, **kwargs)
    return str(caught.value).split("\n\n")[0]


def pointed_at(claim: Callable[..., object], *args: Any, **kwargs: Any) -> list[str]:
    """The names in the rows that a failure points at."""
    with pytest.raises(AssertionError) as caught:
        claim(*args, **kwargs)
    return re.findall(r"^→ +(\S+(?: /\S*)?)", str(caught.value), re.MULTILINE)


# -- which function


@pytest.mark.parametrize(
    "function",
    [write_log, functools.partial(write_log, level="debug"), f"{__name__}.write_log", "write_log"],
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


# -- which arguments


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


# -- what was added


def test_added_returns_the_tasks_in_their_order() -> None:
    assert assert_added(TWICE, write_log) == (TWICE.tasks[0], TWICE.tasks[3])
    assert assert_added(TWICE, write_log, times=2) == (TWICE.tasks[0], TWICE.tasks[3])
    assert assert_added(TWICE, send_mail, args=("nobody",), times=1) == (TWICE.tasks[4],)
    assert assert_added(TWICE, print, times=0) == ()


def test_a_task_that_never_ran_was_added() -> None:
    assert_added(REFUSED, write_log)
    with pytest.raises(AssertionError):
        assert_not_added(REFUSED, write_log)


def test_the_whole_text_of_a_failure() -> None:
    with pytest.raises(AssertionError) as caught:
        assert_added(TWICE, send_mail, args=("x@y.z",))
    assert (
        f"\n{caught.value}\n"
        == """
Expected send_mail with args ('x@y.z',) to be added, but it was added with other arguments only.
Nearest: send_mail('a@b.c', subject='Hello')
  argument 1: expected 'x@y.z', seen 'a@b.c'

2 requests: all responses at 0.0 s, the longest wait 0.0 s; 6 tasks (4 finished, 1 failed, 1
skipped), the last ended at 3.0 s: the client waited for none of them.
● response   + task added   · waits to start   █ task runs   x failed

                                                                           added  ended  ran in
  POST /mail    ●                                                200 at 0.0 s
    write_log   ████████████████                                 finished    0.0    1.0  thread pool
→   send_mail   +··············████████████████████████████████  finished    0.0    3.0  thread pool
    count_mail  +·············································█  finished    0.0    3.0  event loop
  POST /mail    ●                                                200 at 0.0 s
    write_log   ████████████████                                 finished    0.0    1.0  thread pool
    send_mail   +··············███████████████████████████████x  failed      0.0    3.0  thread pool
                error: NoSuchAddress: nobody
    count_mail  +                                                skipped     0.0      -  -
                ┴──────────────┴───────────────┴──────────────┴
                0              1               2              3  seconds (simulated)
"""
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            {"args": ()},
            "Expected send_mail with args () to be added, but it was added with other arguments only.\n"
            "Nearest: send_mail('a@b.c', subject='Hello')\n"
            "  argument 1: not expected, seen 'a@b.c'",
        ),
        (
            {"args": ("a@b.c", 2)},
            "Expected send_mail with args ('a@b.c', 2) to be added, but it was added with other arguments only.\n"
            "Nearest: send_mail('a@b.c', subject='Hello')\n"
            "  argument 2: expected 2, not given",
        ),
        (
            {"kwargs": {"cc": "x"}},
            "Expected send_mail with kwargs {'cc': 'x'} to be added, but it was added with other arguments only.\n"
            "Nearest: send_mail('a@b.c', subject='Hello')\n"
            "  keyword cc: expected 'x', not given\n"
            "  keyword subject: not expected, seen 'Hello'",
        ),
        (
            {"args": (lambda email: "@" not in email,)},
            "Expected send_mail with args (<lambda>,) to be added, but it was added with other arguments only.\n"
            "Nearest: send_mail('a@b.c', subject='Hello')\n"
            "  argument 1: expected to satisfy <lambda>, seen 'a@b.c'",
        ),
        (
            {"kwargs": {"email": "a@b.c", "subject": "Hello"}},
            "Expected send_mail with kwargs {'email': 'a@b.c', 'subject': 'Hello'} to be added, "
            "but it was added with other arguments only.\n"
            "Nearest: send_mail('a@b.c', subject='Hello')\n"
            "  keyword email: expected 'a@b.c', and it was given, as argument 1: 'a@b.c'",
        ),
        (
            {"kwargs": {"email": "x", "subject": "Hello"}, "times": 2},
            "Expected send_mail with kwargs {'email': 'x', 'subject': 'Hello'} to be added twice, "
            "but it was added with other arguments only.\n"
            "Nearest: send_mail('a@b.c', subject='Hello')\n"
            "  keyword email: expected 'x', seen as argument 1: 'a@b.c'",
        ),
    ],
)
def test_other_arguments_are_named_one_by_one(arguments: dict[str, Any], words: str) -> None:
    assert message_of(assert_added, SENT, send_mail, **arguments) == words


def test_an_argument_that_was_given_as_a_keyword_is_the_nearest() -> None:
    assert message_of(assert_added, timeline_of("/mail?to=a@b.c", "/refused"), write_log, args=("refused",)) == (
        "Expected write_log with args ('refused',) to be added, but it was added with other arguments only.\n"
        "Nearest: write_log(message='refused'), which was dropped: its request was answered 400\n"
        "  argument 1: expected 'refused', and it was given, as keyword message: 'refused'"
    )
    assert message_of(assert_added, REFUSED, write_log, args=("found it",)).endswith(
        "\n  argument 1: expected 'found it', seen as keyword message: 'refused'"
    )


def test_without_the_function_itself_keywords_are_not_guessed() -> None:
    assert message_of(assert_added, REFUSED, "write_log", args=("refused",)).endswith(
        "\n  argument 1: expected 'refused', not given"
    )


def test_a_function_without_a_signature_can_be_asked_for() -> None:
    timeline = with_tasks(task(1, "type", function="builtins.type"))
    assert message_of(assert_added, timeline, type, args=(1,)).endswith("\n  argument 1: expected 1, not given")


def test_a_like_name_is_the_nearest() -> None:
    assert message_of(assert_added, FAILED, "send_mails") == (
        "Expected send_mails to be added, but it was not; added were write_log, send_mail and count_mail.\n"
        f"Nearest: {__name__}.send_mail, as send_mail('nobody', subject='Hello'), "
        "which failed at 3.0 s with NoSuchAddress: nobody"
    )
    assert pointed_at(assert_added, FAILED, "send_mails") == ["send_mail"]
    assert pointed_at(assert_added, FAILED, "quite_another") == []


def test_another_function_of_the_same_name_is_the_nearest() -> None:
    timeline = with_tasks(task(1, "send_mail", "x", function="app.sms.send_mail"))
    assert message_of(assert_added, timeline, send_mail) == (
        "Expected send_mail to be added, but it was not; added was send_mail.\n"
        f"Nearest: app.sms.send_mail, as send_mail('x'); another function of that name than {__name__}.send_mail"
    )


def test_where_nothing_was_added_the_answers_may_say_why() -> None:
    assert message_of(assert_added, NOTHING, write_log) == "Expected write_log to be added, but no request was sent."
    assert message_of(assert_added, timeline_of("/mail", "/nowhere"), write_log) == (
        "Expected write_log to be added, but no task was added.\n"
        "POST /mail was answered 422 and POST /nowhere was answered 404."
    )
    answered = Timeline((Request(1, "GET", "/", 200, 0.0, 0.0, 0.0),))
    assert message_of(assert_added, answered, write_log) == "Expected write_log to be added, but no task was added."


def test_another_number_of_tasks() -> None:
    assert message_of(assert_added, TWICE, send_mail, times=3) == (
        "Expected send_mail to be added 3 times, but it was added twice.\n"
        "Added: send_mail('a@b.c', subject='Hello') and send_mail('nobody', subject='Hello')"
    )
    assert message_of(assert_added, TWICE, send_mail, args=("nobody",), times=0) == (
        "Expected send_mail with args ('nobody',) to be added 0 times, but it was added once.\n"
        "Added: send_mail('nobody', subject='Hello')"
    )


def test_not_added() -> None:
    assert_not_added(NOTHING, write_log)
    assert_not_added(SENT, print)
    assert_not_added(SENT, send_mail, args=("nobody",))
    assert message_of(assert_not_added, TWICE, "send_mail", args=("nobody",)) == (
        "Expected send_mail with args ('nobody',) not to be added, but it was added once.\n"
        "Added: send_mail('nobody', subject='Hello')"
    )
    assert pointed_at(assert_not_added, TWICE, write_log) == ["write_log", "write_log"]


def test_nothing_added() -> None:
    assert_nothing_added(NOTHING)
    assert_nothing_added(timeline_of("/mail"))
    assert message_of(assert_nothing_added, TWICE) == (
        "Expected no task to be added; added were write_log (twice), send_mail (twice) and count_mail (twice)."
    )
    assert message_of(assert_nothing_added, REFUSED) == "Expected no task to be added; added was write_log."


def test_of_many_tasks_the_first_are_named_and_pointed_at() -> None:
    timeline = with_tasks(*(task(number, f"work_{number}") for number in range(1, 1001)))
    words = "Expected no task to be added; added were work_1, work_2, work_3 and 997 more."
    assert message_of(assert_nothing_added, timeline) == words
    assert pointed_at(assert_nothing_added, timeline) == ["work_1", "work_2", "work_3"]
    assert pointed_at(assert_not_added, timeline, "work_500") == ["work_500"]


def test_long_and_hostile_values_are_shown_on_one_line() -> None:
    class Hostile:
        def __repr__(self) -> str:
            raise RuntimeError

    timeline = with_tasks(task(1, "work", "x" * 1000, Hostile(), "two\nlines", print))
    assert message_of(assert_not_added, timeline, "work").splitlines()[1] == (
        f"Added: work('{'x' * 78}…, <Hostile whose repr raised RuntimeError>, 'two\\nlines', print)"
    )


# -- what became of the tasks


def test_finished() -> None:
    assert assert_finished(SENT, send_mail) == (SENT.tasks[1],)
    assert assert_finished(TWICE, write_log) == (TWICE.tasks[0], TWICE.tasks[3])
    assert assert_finished(TWICE, send_mail, times=1) == (TWICE.tasks[1],)
    assert assert_finished(TWICE, send_mail, args=("a@b.c",)) == (TWICE.tasks[1],)
    assert assert_finished(FAILED, count_mail, times=0) == ()


def test_finished_is_a_claim_about_each_task() -> None:
    assert message_of(assert_finished, TWICE, send_mail) == (
        "Expected each of the 2 tasks of send_mail to finish, "
        "but send_mail('nobody', subject='Hello') failed at 3.0 s with NoSuchAddress: nobody."
    )
    with pytest.raises(AssertionError) as caught:
        assert_finished(TWICE, send_mail)
    assert [line for line in str(caught.value).splitlines() if "→" in line] == [
        "→   send_mail   +··············███████████████████████████████x  failed      0.0    3.0  thread pool"
    ]


@pytest.mark.parametrize(
    ("tasks", "words"),
    [
        ([task(1, status="failed", error="ValueError: Ouch.")], "failed at 1.0 s with ValueError: Ouch."),
        ([task(1, status="failed", error="ValueError")], "failed at 1.0 s with ValueError."),
        (
            [task(1, "check", status="failed", error="OSError: full"), never_started(2, "skipped")],
            "was skipped, since check before it failed with OSError: full.",
        ),
        ([never_started(1, "skipped")], "was skipped, since a task before it failed."),
        ([task(1, status="cancelled")], "was cancelled at 1.0 s."),
        ([never_started(1, "cancelled")], "was cancelled."),
        ([task(1, status="abandoned")], "was abandoned, still in its thread when the client was closed."),
        ([task(1, ended=2.0, status="lost")], "was lost at 2.0 s, when its process died."),
        (
            [task(1, ended=None, status="waiting", error="OSError: full")],
            "was waiting for its next attempt at 9.0 s, after OSError: full.\n"
            "The timeline was taken before that: client.drain() waits, and returns one in which all tasks have ended. "
            "In mode 'fake', client.run_tasks() runs them.",
        ),
        (
            [never_started(1, "dropped")],
            "was dropped: it never ran.\n"
            "Has the response a background= of its own? It takes the place of all tasks that were added.",
        ),
        (
            [task(1, ended=None, status="running")],
            "was still running at 9.0 s.\n"
            "The timeline was taken before that: client.drain() waits, and returns one in which all tasks have ended. "
            "In mode 'fake', client.run_tasks() runs them.",
        ),
        (
            [never_started(1, "added")],
            "had not started at 9.0 s.\n"
            "The timeline was taken before that: client.drain() waits, and returns one in which all tasks have ended. "
            "In mode 'fake', client.run_tasks() runs them.",
        ),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "",
)
def test_what_became_of_a_task_that_did_not_finish(tasks: list[Task], words: str) -> None:
    assert message_of(assert_finished, with_tasks(*tasks), "work") == f"Expected work to finish, but it {words}"


def test_why_a_task_was_dropped() -> None:
    def words(path: str) -> str:
        return message_of(assert_finished, timeline_of(path), write_log).partition("but it ")[2]

    assert words("/refused") == "was dropped: its request was answered 400."
    assert words("/raises") == "was dropped: its request was answered 500."
    assert words("/replaced").startswith("was dropped: it never ran.\nHas the response a background= of its own?")
    unanswered = replace(with_tasks().requests[0], status=None, error="KeyError: 'shelf'")
    dropped = Timeline((unanswered,), (never_started(1, "dropped"),))
    assert message_of(assert_finished, dropped, "work").endswith("was dropped: its request raised KeyError: 'shelf'.")


def test_what_was_not_added_did_not_finish() -> None:
    for claim, words in [
        (assert_finished, "to finish"),
        (assert_failed, "to fail"),
        (assert_skipped, "to be skipped"),
        (assert_dropped, "to be dropped"),
        (assert_ran_after_response, "to run after the response"),
    ]:
        assert message_of(claim, NOTHING, write_log) == f"Expected write_log {words}, but no request was sent."
        assert message_of(claim, SENT, write_log, args=()) == (
            f"Expected write_log with args () {words}, but it was added with other arguments only.\n"
            "Nearest: write_log('found it')\n"
            "  argument 1: not expected, seen 'found it'"
        )


def test_a_number_of_outcomes() -> None:
    assert message_of(assert_finished, TWICE, send_mail, times=2) == (
        "Expected send_mail to finish twice, but that was seen once; "
        "send_mail('nobody', subject='Hello') failed at 3.0 s with NoSuchAddress: nobody."
    )
    assert message_of(assert_finished, TWICE, write_log, times=1) == (
        "Expected write_log to finish once, but that was seen twice."
    )
    assert message_of(assert_finished, SENT, write_log, times=0) == (
        "Expected write_log to finish 0 times, but that was seen once."
    )
    assert message_of(assert_finished, FAILED, send_mail, times=1) == (
        "Expected send_mail to finish, but it failed at 3.0 s with NoSuchAddress: nobody."
    )


@pytest.mark.parametrize(
    "exception", [None, NoSuchAddress, LookupError, Exception, "NoSuchAddress", "nobody", "NoSuchAddress: nobody"]
)
def test_failed(exception: Any) -> None:
    assert assert_failed(FAILED, send_mail, exception) == (FAILED.tasks[1],)


def test_failed_otherwise() -> None:
    seen = "but it failed at 3.0 s with NoSuchAddress: nobody."
    assert message_of(assert_failed, FAILED, send_mail, KeyError) == f"Expected send_mail to fail with KeyError, {seen}"
    assert message_of(assert_failed, FAILED, send_mail, "x@y.z") == f"Expected send_mail to fail with x@y.z, {seen}"


def test_failed_but_it_finished() -> None:
    assert message_of(assert_failed, SENT, send_mail) == "Expected send_mail to fail, but it finished at 3.0 s."
    assert message_of(assert_failed, TWICE, send_mail) == (
        "Expected each of the 2 tasks of send_mail to fail, but send_mail('a@b.c', subject='Hello') finished at 3.0 s."
    )
    assert assert_failed(TWICE, send_mail, times=1) == (TWICE.tasks[4],)


@pytest.mark.parametrize("exception", [NoSuchAddress("nobody"), int, 7])
def test_what_is_no_exception_class_is_refused(exception: Any) -> None:
    words = f"{exception!r} is neither an exception's class nor a part of its text."
    with pytest.raises(TypeError, match=f"^{re.escape(words)}$"):
        assert_failed(FAILED, send_mail, exception)


def test_skipped() -> None:
    assert assert_skipped(FAILED, count_mail) == (FAILED.tasks[2],)
    assert message_of(assert_skipped, SENT, count_mail) == (
        "Expected count_mail to be skipped, but it finished at 3.0 s."
    )


def test_dropped() -> None:
    assert assert_dropped(REFUSED, write_log) == (REFUSED.tasks[0],)
    assert_dropped(timeline_of("/replaced"), write_log)
    assert message_of(assert_dropped, SENT, write_log) == "Expected write_log to be dropped, but it finished at 1.0 s."


# -- where and when


def test_ran_in() -> None:
    assert assert_ran_in(SENT, send_mail, "threadpool") == (SENT.tasks[1],)
    assert assert_ran_in(SENT, count_mail, "event_loop") == (SENT.tasks[2],)
    assert_ran_in(with_tasks(task(1, ran_in="worker")), "work", "worker")
    assert message_of(assert_ran_in, SENT, count_mail, "worker") == (
        "Expected count_mail to run in a worker, but it ran in the event loop."
    )
    assert message_of(assert_ran_in, SENT, count_mail, "threadpool", args=(1,)) == (
        "Expected count_mail with args (1,) to run in the thread pool, but it ran in the event loop."
    )
    assert message_of(assert_ran_in, FAILED, count_mail, "event_loop") == (
        "Expected count_mail to run in the event loop, but it was skipped, "
        "since send_mail before it failed with NoSuchAddress: nobody."
    )


def test_a_place_where_nothing_runs_is_refused() -> None:
    words = "'thread' is no place where tasks run: those are 'threadpool', 'event_loop', 'worker'."
    with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
        assert_ran_in(SENT, send_mail, "thread")  # type: ignore[arg-type]


def events(*kinds: tuple[float, str]) -> tuple[Event, ...]:
    return tuple(
        Event(time, sequence, kind, 1, 1 if kind.startswith("task") else None)  # type: ignore[arg-type]
        for sequence, (time, kind) in enumerate(kinds)
    )


def test_after_is_decided_by_the_order_of_events_at_one_time() -> None:
    assert assert_ran_after_response(SENT, write_log) == (SENT.tasks[0],)
    assert SENT.requests[0].responded == SENT.tasks[0].started
    before = Timeline(
        SENT.requests,
        (task(1),),
        events((0.0, "request_sent"), (0.0, "task_started"), (0.0, "response_ended"), (1.0, "task_ended")),
        now=1.0,
    )
    assert message_of(assert_ran_after_response, before, "work") == (
        "Expected work to run after the response, but it started at 0.0 s, before the response left at 0.0 s."
    )


def test_a_task_that_did_not_run_did_not_run_after_the_response() -> None:
    assert message_of(assert_ran_after_response, REFUSED, write_log) == (
        "Expected write_log to run after the response, but it was dropped: its request was answered 400."
    )
    without_response = Timeline(
        (Request(1, "POST", "/", None, 0.0, None, 1.0),), (task(1),), events((0.0, "task_started"), (1.0, "task_ended"))
    )
    assert message_of(assert_ran_after_response, without_response, "work") == (
        "Expected work to run after the response, but it started at 0.0 s, and no response left."
    )


def test_order() -> None:
    assert assert_order(SENT, write_log, send_mail, count_mail) == SENT.tasks
    assert assert_order(SENT, write_log, "count_mail") == (SENT.tasks[0], SENT.tasks[2])
    assert assert_order(TWICE, write_log, send_mail) == TWICE.tasks[:2]
    assert_order(TWICE, TWICE.tasks[0], TWICE.tasks[4])


def test_a_task_stands_at_one_place_of_an_order_only() -> None:
    in_turn = timeline_of("/mail?to=a@b.c")
    assert message_of(assert_order, in_turn, write_log, write_log) == (
        "Expected the order write_log, write_log, but write_log was added once."
    )


def test_the_other_order() -> None:
    assert message_of(assert_order, SENT, send_mail, write_log) == (
        "Expected the order send_mail, write_log, but write_log started at 0.0 s, before send_mail ended at 3.0 s."
    )
    assert pointed_at(assert_order, SENT, send_mail, write_log) == ["write_log", "send_mail"]


def test_tasks_that_overlap_have_no_order() -> None:
    assert message_of(assert_order, TWICE, TWICE.tasks[0], TWICE.tasks[3]) == (
        "Expected the order write_log, write_log, but write_log started at 0.0 s, before write_log ended at 1.0 s."
    )


def test_an_order_needs_tasks_that_ran() -> None:
    assert message_of(assert_order, FAILED, write_log, count_mail) == (
        "Expected the order write_log, count_mail, but count_mail was skipped, "
        "since send_mail before it failed with NoSuchAddress: nobody."
    )
    assert message_of(assert_order, NOTHING, write_log, send_mail) == (
        "Expected write_log to run, but no request was sent."
    )
    client = TestClient(app, clock="simulated")
    client.post("/mail?to=a@b.c")
    client.clock.advance(1.5)  # type: ignore[attr-defined]
    amid = client.timeline
    client.close()
    assert message_of(assert_order, amid, send_mail, count_mail).startswith(
        "Expected the order send_mail, count_mail, but count_mail had not started at 1.5 s.\n"
        "The timeline was taken before that: client.drain() waits"
    )
    assert message_of(assert_order, amid, send_mail, write_log) == (
        "Expected the order send_mail, write_log, but write_log started at 0.0 s, before send_mail had ended."
    )


def test_the_order_finds_the_tasks_that_fit() -> None:
    spans = {1: ("a", 0, 9), 2: ("b", 1, 2), 3: ("a", 3, 4), 4: ("b", 5, 6)}
    tasks = [task(id, name, started=float(start), ended=float(end)) for id, (name, start, end) in spans.items()]
    noted = [
        (float(at), kind, one.id) for one in tasks for at, kind in ((one.started or 0, "s"), (one.ended or 0, "e"))
    ]
    happened = tuple(
        Event(at, sequence, "task_started" if kind == "s" else "task_ended", 1, id)
        for sequence, (at, kind, id) in enumerate(sorted(noted))
    )
    timeline = Timeline(with_tasks().requests, tasks, happened, now=9.0)
    assert [one.id for one in assert_order(timeline, "b", "a", "b")] == [2, 3, 4]
    assert [one.id for one in assert_order(timeline, "a", "b")] == [3, 4]


def test_response_within() -> None:
    assert_response_within(TWICE, 0)
    shifted = Timeline((Request(1, "GET", "/", 200, 0.1, 0.4, 0.4),))
    assert_response_within(shifted, 0.3)  # though 0.4 - 0.1 is a little more, as floats


def test_a_response_that_took_too_long() -> None:
    requests = [
        Request(1, "GET", "/fast", 200, 0.0, 0.5, 0.5),
        Request(2, "GET", "/slow", 200, 1.0, 3.0, 3.0),
        Request(3, "GET", "/never", None, 1.0, None, 4.0),
        Request(4, "WEBSOCKET", "/ws", 101, 0.0, 9.0, 9.0),
    ]
    timeline = Timeline(requests, now=9.0, simulated=True)
    assert message_of(assert_response_within, timeline, 1) == (
        "Expected each response within 1 s, but GET /slow took 2.0 s and GET /never had no response."
    )
    assert pointed_at(assert_response_within, timeline, 1) == ["GET /slow", "GET /never"]


def test_no_response_is_not_within_any_time() -> None:
    words = "Expected each response within 0.5 s, but no request was sent."
    assert message_of(assert_response_within, NOTHING, 0.5) == words
    connected = Timeline((Request(1, "WEBSOCKET", "/ws", 101, 0.0, 0.0, 0.0),))
    assert message_of(assert_response_within, connected, 0.5) == words


# -- all of them


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
