"""What was added, and what came nearest to it."""

from typing import Any

import pytest

from assertions.timelines import (
    FAILED,
    NOTHING,
    REFUSED,
    SENT,
    TWICE,
    message_of,
    pointed_at,
    send_mail,
    task,
    timeline_of,
    with_tasks,
    write_log,
)
from bgdemo import Request, Timeline
from bgdemo.assertions import (
    assert_added,
    assert_not_added,
    assert_nothing_added,
)


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
        f"Nearest: {send_mail.__module__}.send_mail, as send_mail('nobody', subject='Hello'), "
        "which failed at 3.0 s with NoSuchAddress: nobody"
    )
    assert pointed_at(assert_added, FAILED, "send_mails") == ["send_mail"]
    assert pointed_at(assert_added, FAILED, "quite_another") == []


def test_another_function_of_the_same_name_is_the_nearest() -> None:
    timeline = with_tasks(task(1, "send_mail", "x", function="app.sms.send_mail"))
    assert message_of(assert_added, timeline, send_mail) == (
        "Expected send_mail to be added, but it was not; added was send_mail.\n"
        "Nearest: app.sms.send_mail, as send_mail('x'); "
        f"another function of that name than {send_mail.__module__}.send_mail"
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
