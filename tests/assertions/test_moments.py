"""Where tasks ran, and when."""

import re

import pytest

from assertions.timelines import (
    FAILED,
    NOTHING,
    REFUSED,
    SENT,
    TWICE,
    app,
    count_mail,
    message_of,
    pointed_at,
    send_mail,
    task,
    timeline_of,
    with_tasks,
    write_log,
)
from bgdemo import Event, Request, TestClient, Timeline
from bgdemo.assertions import (
    assert_order,
    assert_ran_after_response,
    assert_ran_in,
    assert_response_within,
)


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
