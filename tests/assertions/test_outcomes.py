"""What became of the tasks."""

import re
from dataclasses import replace
from typing import Any

import pytest

from assertions.timelines import (
    FAILED,
    NOTHING,
    REFUSED,
    SENT,
    TWICE,
    NoSuchAddress,
    count_mail,
    message_of,
    send_mail,
    task,
    timeline_of,
    with_tasks,
    write_log,
)
from bgdemo import Task, Timeline
from bgdemo.assertions import (
    assert_dropped,
    assert_failed,
    assert_finished,
    assert_ran_after_response,
    assert_skipped,
)


def never_started(id: int, status: Any, **changes: Any) -> Task:
    return task(id, started=None, ended=None, ran_in=None, status=status, **changes)


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
