"""A timeline over several processes: one row a process, in words and as a picture."""

from xml.etree import ElementTree

from bgdemo.assertions.words import fate
from bgdemo.display import summary, svg, text
from bgdemo.model import Event, EventKind, Request, Task, TaskStatus
from bgdemo.record.timeline import Timeline

Told = tuple[float, EventKind, int | None]


def told(status: TaskStatus, *events: Told, now: float = 16.0, error: str | None = None) -> Timeline:
    """A request and its task, as events tell it."""
    every: list[Told] = [(0.0, "request_sent", None), (0.0, "task_added", None), (0.0, "response_ended", None), *events]
    ends = [time for time, kind, _ in events if kind == "task_ended"]
    starts = [time for time, kind, _ in events if kind == "task_started"]
    processes = [process for _, kind, process in events if kind == "task_started"]
    task = Task(
        1, 1, "write_notification", "shop.write_notification", (), {}, 0.0,
        starts[0] if starts else None, ends[-1] if ends else None, status, error,
        "worker" if starts else None, "", processes[-1] if processes else None,
    )  # fmt: skip
    request = Request(1, "POST", "/send_info", 200, 0.0, 0.0, 0.0)
    records = [
        Event(time, at, kind, 1, None if kind.startswith("re") else 1, process)
        for at, (time, kind, process) in enumerate(every)
    ]
    return Timeline([request], [task], records, now=now)


REDELIVERED = told(
    "finished",
    (0.0, "task_started", 4711),
    (2.0, "task_interrupted", 4711),
    (8.0, "task_redelivered", 42),
    (8.0, "task_started", 42),
    (15.0, "task_ended", 42),
)
RETRIED = told(
    "failed",
    (0.0, "task_started", 4711),
    (1.0, "task_retried", 4711),
    (2.0, "task_started", 4711),
    (3.0, "task_retried", 4711),
    (5.0, "task_started", 4711),
    (6.0, "task_ended", 4711),
    error="ValueError: no such address",
)
WAITING = told("waiting", (0.0, "task_started", 4711), (2.0, "task_interrupted", 4711), now=6.0)
LOST = told("lost", (0.0, "task_started", 4711), (2.0, "task_ended", 4711))
LOST_UNSTARTED = told("lost", (2.0, "task_ended", 4711))
AT_ONCE = told(
    "finished",
    (0.0, "task_started", 4711),
    (4.0, "task_redelivered", 42),
    (4.0, "task_started", 42),
    (7.0, "task_ended", 4711),
    (11.0, "task_ended", 42),
)
UNWATCHED = told(
    "finished",
    (0.0, "task_started", 4711),
    (8.0, "task_redelivered", 42),
    (8.0, "task_started", 42),
    (15.0, "task_ended", 42),
)


def words(timeline: Timeline) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg(timeline)).iter() if element.text]


def rows(timeline: Timeline) -> list[str]:
    return [line for line in text(timeline).splitlines() if "write_notification  " in line]


def test_each_process_that_had_a_task_has_a_row_numbered_as_it_was_heard_of() -> None:
    first, second = rows(REDELIVERED)
    assert first.split()[-4:] == ["0.0", "2.0", "worker", "1"]
    assert "cut off" in first
    assert "!" in first
    assert second.split()[-5:] == ["finished", "2.0", "15.0", "worker", "2"]
    shown = words(REDELIVERED)
    assert [word for word in shown if "worker " in word] == ["task, worker 1", "again, worker 2"]
    assert {"cut off at 2.0 s", "its process died", "finished at 15.0 s"} <= set(shown)
    assert summary(REDELIVERED) == "Response at 0.0 s; write_notification ended at 15.0 s: the client did not wait."


def test_all_tries_of_one_process_are_in_one_row() -> None:
    (row,) = rows(RETRIED)
    assert row.count("x") == 3
    assert row.split()[-5:] == ["failed", "0.0", "6.0", "worker", "1"]
    assert {"failed at 6.0 s", "ValueError: no such address"} <= set(words(RETRIED))


def test_a_task_that_waits_for_its_next_try_goes_on() -> None:
    (row,) = rows(WAITING)
    assert ">" in row
    assert (
        summary(WAITING)
        == "Response at 0.0 s; write_notification waits for its next attempt at 6.0 s: the client did not wait."
    )
    assert fate(WAITING.tasks[0], WAITING) == "was waiting for its next attempt at 6.0 s"


def test_a_lost_task_is_torn_off_where_its_process_died() -> None:
    assert summary(LOST).startswith("Response at 0.0 s; write_notification was lost at 2.0 s, when its process died: ")
    assert {"lost at 2.0 s", "its process died"} <= set(words(LOST))
    assert fate(LOST.tasks[0], LOST) == "was lost at 2.0 s, when its process died"
    (row,) = rows(LOST_UNSTARTED)
    assert ">" not in row
    assert row.split()[-4:] == ["lost", "0.0", "2.0", "-"]


def test_two_processes_that_run_it_at_the_same_time_are_seen_side_by_side() -> None:
    first, second = rows(AT_ONCE)
    assert first.split()[-5:] == ["finished", "0.0", "7.0", "worker", "1"]
    assert second.split()[-5:] == ["finished", "4.0", "11.0", "worker", "2"]


def test_a_process_that_nobody_watched_and_that_was_not_heard_of_again_is_cut_off() -> None:
    first, _ = rows(UNWATCHED)
    assert "cut off" in first


def test_a_task_of_a_worker_is_nothing_that_a_client_waits_for() -> None:
    quick = told("finished", (0.0, "task_started", 4711), (0.0, "task_ended", 4711))
    assert "waited" not in summary(quick)
