"""The log and how it is read back: order, snapshots and error texts."""

import threading
import tracemalloc
from typing import Any

import pytest

from bgdemo.clock import RealClock
from bgdemo.record.log import Log, describe
from gates import DEADLINE, in_thread


class SetClock:
    simulated = True
    now = 0.0

    def start(self) -> None: ...

    def time(self) -> float:
        return self.now


def function() -> None: ...


class Silent(Exception):
    pass


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("no"), "ValueError: no"),
        (Silent(), "Silent"),
        (KeyError("a"), "KeyError: 'a'"),
        (SystemExit(3), "SystemExit: 3"),
        (ExceptionGroup("two", [ValueError()]), "ExceptionGroup: two (1 sub-exception)"),
    ],
)
def test_an_error_is_described_by_type_and_message(error: BaseException, text: str) -> None:
    assert describe(error) == text


def test_an_error_that_cannot_say_its_message_is_described_all_the_same() -> None:
    class Broken(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no words")

    assert describe(Broken()).startswith("Broken")


def test_events_are_ordered_by_time_and_then_by_sequence() -> None:
    clock = SetClock()
    log = Log(clock)
    log.append("request_sent", 1, None, ("GET", "/"))
    log.append("task_added", 1, 1, (function, (), {}))
    clock.now = 2.0
    log.append("task_ended", 1, 1, ("finished", None))
    clock.now = 1.0
    log.append("task_started", 1, 1, "threadpool")
    events = log.timeline().events
    assert [(event.time, event.sequence, event.kind) for event in events] == [
        (0.0, 0, "request_sent"),
        (0.0, 1, "task_added"),
        (1.0, 3, "task_started"),
        (2.0, 2, "task_ended"),
    ]


def test_a_snapshot_does_not_change_later_though_it_is_read_later() -> None:
    log = Log(SetClock())
    log.append("request_sent", 1, None, ("GET", "/"))
    log.append("task_added", 1, 1, (function, (1,), {"a": 2}))
    snapshot = log.timeline()
    log.append("task_started", 1, 1, "event_loop")
    log.append("task_printed", 1, 1, "late")
    log.append("task_ended", 1, 1, ("finished", None))
    log.append("request_sent", 2, None, ("GET", "/"))
    assert len(snapshot.requests) == 1
    (task,) = snapshot.tasks
    assert (task.status, task.started, task.printed) == ("added", None, "")
    assert log.timeline().tasks[0].status == "finished"


def test_two_snapshots_of_the_same_moment_are_equal() -> None:
    log = Log(SetClock())
    log.append("request_sent", 1, None, ("GET", "/"))
    assert log.timeline() == log.timeline()


def test_the_real_clock_is_zero_before_it_starts_and_starts_once() -> None:
    clock = RealClock()
    assert clock.time() == 0.0
    clock.start()
    first = clock.time()
    clock.start()
    assert clock.time() >= first
    assert not clock.simulated


def test_reading_while_other_threads_note_always_finds_a_consistent_whole() -> None:
    log = Log(RealClock())
    log.clock.start()
    stop = threading.Event()

    def note(request_id: int) -> None:
        log.append("request_sent", request_id, None, ("GET", "/"))
        task_id = request_id * 1_000_000
        while not stop.is_set():
            task_id += 1
            log.append("task_added", request_id, task_id, (function, (), {}))
            log.append("task_started", request_id, task_id, "threadpool")
            log.append("task_ended", request_id, task_id, ("finished", None))
            if task_id % 1_000_000 > 2000:
                break

    calls = [in_thread(lambda n=n: note(n)) for n in range(1, 5)]  # type: ignore[misc]
    try:
        while not all(call.done() for call in calls):
            timeline = log.timeline()
            assert list(timeline.events) == sorted(timeline.events, key=lambda event: (event.time, event.sequence))
            assert all(task.ended is not None for task in timeline.tasks if task.status == "finished")
    finally:
        stop.set()
    for call in calls:
        call.result(DEADLINE)


def test_a_task_costs_at_most_3_kilobytes() -> None:
    log = Log(RealClock())
    log.clock.start()
    log.append("request_sent", 1, None, ("GET", "/"))
    arguments: tuple[Any, ...] = ((function, (), {}),)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for task_id in range(1000):
        log.append("task_added", 1, task_id, *arguments)
        log.append("task_started", 1, task_id, "threadpool")
        log.append("task_ended", 1, task_id, ("finished", None))
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert (after - before) / 1000 <= 3 * 1024


def a_request(log: Log, number: int, *, ends: bool = True) -> None:
    """A request with one task."""
    log.append("request_sent", number, None, ("GET", f"/{number}", None))
    log.append("task_added", number, number, (function, (), {}))
    if ends:
        log.append("task_started", number, number, "threadpool")
        log.append("task_ended", number, number, ("finished", None))
        log.append("request_ended", number)
        log.forget_the_oldest()


def test_what_has_been_read_is_not_read_again() -> None:
    log = Log(SetClock())
    a_request(log, 1)
    a_request(log, 2, ends=False)
    first = log.timeline()
    assert first.tasks[1].status == "added"
    log.append("task_started", 2, 2, "threadpool")
    second = log.timeline()
    assert second.requests[0] is first.requests[0]
    assert second.tasks[0] is first.tasks[0]
    assert second.events[0] is first.events[0]
    assert (first.tasks[1].status, second.tasks[1].status) == ("added", "running")


def test_a_snapshot_that_is_looked_at_after_a_later_one_shows_what_was_there() -> None:
    log = Log(SetClock())
    snapshots = [log.timeline()]
    for number in range(1, 4):
        a_request(log, number, ends=False)
        snapshots.append(log.timeline())
    assert len(snapshots[3].requests) == 3
    assert [len(snapshot.requests) for snapshot in snapshots] == [0, 1, 2, 3]


def test_the_newest_requests_are_kept_and_the_others_counted() -> None:
    log = Log(SetClock(), keep=2)
    for number in range(1, 6):
        a_request(log, number)
    timeline = log.timeline()
    assert [request.id for request in timeline.requests] == [4, 5]
    assert [task.id for task in timeline.tasks] == [4, 5]
    assert {event.request_id for event in timeline.events} == {4, 5}
    assert timeline.forgotten == 3
    assert Log(SetClock()).timeline().forgotten == 0


def test_a_request_that_goes_on_is_not_forgotten() -> None:
    log = Log(SetClock(), keep=2)
    a_request(log, 1, ends=False)
    for number in range(2, 6):
        a_request(log, number)
    assert [request.id for request in log.timeline().requests] == [1, 5]
    log.append("task_printed", 1, 1, "still there")
    log.append("task_printed", 2, 2, "too late")  # of a request that was forgotten
    assert log.timeline().tasks[0].printed == "still there"


def test_a_log_that_nobody_reads_stays_small() -> None:
    log = Log(SetClock(), keep=10)
    tracemalloc.start()
    try:
        for number in range(1, 2_000):
            a_request(log, number)
        before = tracemalloc.get_traced_memory()[0]
        for number in range(2_000, 12_000):
            a_request(log, number)
        assert tracemalloc.get_traced_memory()[0] < before + 1_000_000
    finally:
        tracemalloc.stop()
    assert (len(log.timeline().requests), log.timeline().forgotten) == (10, 11_989)
