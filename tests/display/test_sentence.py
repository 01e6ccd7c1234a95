"""A timeline made by hand, as one sentence."""

import pytest

from bgdemo.display import summary
from bgdemo.model import Event, Task
from bgdemo.record.timeline import Timeline
from display.timelines import EVERY_STATUS, ONE_TASK, a_request, a_task, never_started, simulated


def test_no_request_is_said() -> None:
    assert summary(Timeline()) == "No request yet."


def test_a_task_that_ended_after_the_response_kept_nobody_waiting() -> None:
    assert summary(ONE_TASK) == "Response at 0.0 s; write_notification ended at 7.0 s: the client did not wait."


def test_a_route_that_waits_makes_the_client_wait() -> None:
    timeline = simulated(a_request(responded=7.0))
    assert summary(timeline) == "Response at 7.0 s: the client waited 7.0 s; no task was added."


def test_a_wait_in_the_route_is_told_apart_from_the_task() -> None:
    timeline = simulated(a_request(responded=3.0), a_task(started=3.0, ended=9.0), now=9.0)
    wanted = "Response at 3.0 s; write_notification ended at 9.0 s: the client waited 3.0 s, but not for the task."
    assert summary(timeline) == wanted


def test_a_short_wait_on_a_real_clock_is_none() -> None:
    timeline = Timeline((a_request(responded=0.09),), (a_task(started=0.1, ended=7.1),), now=7.2)
    assert summary(timeline) == "Response at 0.1 s; write_notification ended at 7.1 s: the client did not wait."


def test_a_request_without_a_response_yet_waits() -> None:
    timeline = simulated(a_request(status=None, responded=None, ended=None), now=3.0)
    assert summary(timeline) == "No response yet at 3.0 s: the client waits; no task was added so far."


def test_an_error_without_a_response_is_named() -> None:
    timeline = simulated(a_request(status=None, responded=None, ended=2.0, error="RuntimeError: no"), now=2.0)
    assert summary(timeline) == "No response (RuntimeError: no); no task was added."


def test_a_client_that_left_has_no_response() -> None:
    left = Event(1.0, 2, "client_left", 1)
    timeline = simulated(a_request(status=None, responded=None, ended=2.0), now=2.0, events=(left,))
    assert summary(timeline) == "The client left at 1.0 s, before the response; no task was added."


def test_a_websocket_connection_has_no_response() -> None:
    route = a_request(method="WEBSOCKET", status=None, responded=None, ended=2.0)
    timeline = simulated(route, never_started(1, "dropped"), now=2.0)
    wanted = "The WebSocket connection was closed at 2.0 s; write_notification was dropped: it never ran."
    assert summary(timeline) == wanted


@pytest.mark.parametrize(
    ("task", "words"),
    [
        (
            a_task(ended=None, status="running"),
            "write_notification is still running at 3.0 s: the client did not wait.",
        ),
        (never_started(1, "added"), "write_notification was added and has not started."),
        (never_started(1, "skipped"), "write_notification was skipped: an earlier task failed."),
        (never_started(1, "dropped"), "write_notification was dropped: it never ran."),
        (never_started(1, "cancelled"), "write_notification was cancelled before it started."),
        (a_task(ended=2.0, status="cancelled"), "write_notification was cancelled at 2.0 s: the client did not wait."),
        (
            a_task(ended=None, status="abandoned"),
            "write_notification was abandoned, still in its thread when the client closed: the client did not wait.",
        ),
        (
            a_task(ended=2.0, status="failed", error="ValueError: no"),
            "write_notification failed at 2.0 s (ValueError: no): the client already had its response.",
        ),
    ],
    ids=lambda value: value.status if isinstance(value, Task) else "",
)
def test_one_task_is_told_by_its_status(task: Task, words: str) -> None:
    assert summary(simulated(a_request(ended=3.0), task, now=3.0)) == f"Response at 0.0 s; {words}"


def test_an_error_response_is_named_by_its_status() -> None:
    timeline = simulated(a_request(status=400), never_started(1, "dropped"))
    assert summary(timeline) == "Response 400 at 0.0 s; write_notification was dropped: it never ran."


def test_several_tasks_are_counted_up_to_the_last() -> None:
    timeline = simulated(a_request(), a_task(1, ended=2.0), a_task(2, started=2.0, ended=9.0), now=9.0)
    assert summary(timeline) == "Response at 0.0 s; 2 tasks ended, the last at 9.0 s: the client did not wait."


def test_several_outcomes_are_counted_each() -> None:
    assert summary(EVERY_STATUS) == (
        "Response at 0.5 s; 9 tasks at 7.0 s (1 finished, 1 failed, 1 skipped, 1 dropped, 2 cancelled, 1 abandoned, "
        "1 running, 1 not started): the client waited 0.5 s, but not for the tasks."
    )


def test_several_requests_are_summed_up() -> None:
    timeline = simulated(
        a_request(1),
        a_request(2, sent=1.0, responded=1.25),
        a_request(3, sent=4.0, responded=None, status=None, ended=None),
        a_task(),
    )
    assert summary(timeline) == (
        "3 requests: 2 responses from 0.00 s to 1.25 s, the longest wait 0.25 s; write_notification ended at 7.00 s: "
        "the client did not wait for it."
    )


def test_where_another_request_waits_beside_a_task_nobody_is_said_not_to_have_waited() -> None:
    timeline = simulated(a_request(1), a_request(2, sent=1.0, responded=7.0), a_task())
    assert summary(timeline) == (
        "2 requests: responses from 0.0 s to 7.0 s, the longest wait 6.0 s; write_notification ended at 7.0 s."
    )


def test_nothing_is_said_about_waiting_while_a_response_is_still_to_come() -> None:
    open_request = a_request(2, status=None, responded=None, ended=None)
    timeline = simulated(a_request(1, ended=0.0), open_request, a_task(request_id=2))
    assert summary(timeline).endswith("write_notification ended at 7.0 s.")


def test_several_requests_may_have_no_tasks() -> None:
    timeline = simulated(a_request(1, ended=0.0), a_request(2, ended=0.0), now=0.0)
    assert summary(timeline) == "2 requests: all responses at 0.0 s, the longest wait 0.0 s; no task was added."


def test_at_one_instant_the_sequence_decides_what_came_after() -> None:
    def timeline(response: int, task: int) -> Timeline:
        events = (Event(7.0, response, "response_ended", 1), Event(7.0, task, "task_ended", 1, 1))
        return simulated(a_request(responded=7.0), a_task(), events=events)

    before, after = summary(timeline(4, 3)), summary(timeline(3, 4))
    assert before == "Response at 7.0 s; write_notification ended at 7.0 s: the client waited 7.0 s."
    assert after.endswith("ended at 7.0 s: the client waited 7.0 s, but not for the task.")
