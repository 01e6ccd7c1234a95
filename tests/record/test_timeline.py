"""Timelines as values: frozen, compared, hashed, pickled, exported, and asked."""

import copy
import dataclasses
import json
import pickle
import time
from typing import Any

import pytest

from bgdemo import Event, Request, Task, Timeline
from bgdemo.model import EVENT_KINDS, TASK_STATUSES
from bgdemo.record.log import Log
from gates import DEADLINE, in_thread


def a_task(id: int = 1, request_id: int = 1, **changes: Any) -> Task:
    task = Task(
        id, request_id, "write", "app.write", ("a", 1), {"b": None}, 0.0, 1.0, 2.0, "finished", None, "threadpool"
    )
    return dataclasses.replace(task, **changes)


def a_timeline(**changes: Any) -> Timeline:
    requests = (Request(1, "POST", "/", 200, 0.0, 0.5, 2.0), Request(2, "GET", "/提醒", None, 1.0, None, None))
    events = (
        Event(0.0, 0, "request_sent", 1),
        Event(0.0, 1, "task_added", 1, 1),
        Event(1.0, 2, "request_sent", 2),
        Event(1.0, 3, "task_started", 1, 1),
        Event(2.0, 4, "task_ended", 1, 1),
    )
    return Timeline(requests, (a_task(), a_task(2, added=None)), events, **({"now": 2.0, "simulated": True} | changes))


@pytest.mark.parametrize("record", [*a_timeline().requests, *a_timeline().tasks, *a_timeline().events])
def test_a_record_cannot_be_changed(record: Any) -> None:
    for field in dataclasses.fields(record):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(record, field.name, None)
    with pytest.raises((AttributeError, TypeError)):
        record.other = 7
    assert not hasattr(record, "__dict__")


def test_a_timeline_cannot_be_changed() -> None:
    timeline: Any = a_timeline()
    for name in ("requests", "tasks", "events", "now", "simulated", "other"):
        with pytest.raises(AttributeError):
            setattr(timeline, name, ())


def test_the_dict_of_a_timeline_is_a_copy() -> None:
    timeline = a_timeline()
    timeline.to_dict()["tasks"][0]["kwargs"]["b"] = "changed"
    assert timeline == a_timeline()


def test_timelines_compare_by_value() -> None:
    assert a_timeline() == a_timeline()
    assert a_timeline() != a_timeline(now=3.0)
    assert a_timeline() != a_timeline(simulated=False)
    assert a_timeline() != Timeline()
    assert a_timeline() != "a timeline"
    assert a_task() != a_task(kwargs={"b": 1})


def test_equal_timelines_have_equal_hashes_though_arguments_cannot_be_hashed() -> None:
    assert hash(a_timeline()) == hash(a_timeline())
    assert hash(a_task(args=([],))) == hash(a_task(args=([],)))
    assert len({a_timeline(), a_timeline(), Timeline()}) == 2


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_timeline_pickles(protocol: int) -> None:
    assert pickle.loads(pickle.dumps(a_timeline(), protocol)) == a_timeline()


def test_a_timeline_that_was_not_read_yet_pickles() -> None:
    log = Log(StoppedClock())
    log.append("request_sent", 1, None, ("GET", "/"))
    assert pickle.loads(pickle.dumps(log.timeline())) == log.timeline()


def test_a_timeline_can_be_copied() -> None:
    assert copy.copy(a_timeline()) == copy.deepcopy(a_timeline()) == a_timeline()


class StoppedClock:
    simulated = False

    def start(self) -> None: ...

    def time(self) -> float:
        return 0.0


def test_to_dict_is_read_back_by_from_dict() -> None:
    assert Timeline.from_dict(a_timeline().to_dict()) == a_timeline()
    assert Timeline.from_dict(Timeline().to_dict()) == Timeline()


def test_to_json_is_read_back_by_from_dict() -> None:
    for indent in (None, 2):
        assert Timeline.from_dict(json.loads(a_timeline().to_json(indent=indent))) == a_timeline()
    assert "提醒" in a_timeline().to_json()
    assert "\n" not in a_timeline().to_json()


def test_the_dict_has_every_field() -> None:
    data = a_timeline().to_dict()
    assert set(data) == {"now", "simulated", "forgotten", "requests", "tasks", "events"}
    for key, record in (("requests", Request), ("tasks", Task), ("events", Event)):
        assert list(data[key][0]) == [field.name for field in dataclasses.fields(record)]


class Thing:
    def __repr__(self) -> str:
        return "<a thing>"


class Unspeakable:
    def __repr__(self) -> str:
        raise RuntimeError("no words")


def ring() -> list[Any]:
    items: list[Any] = []
    items.append(items)
    return items


@pytest.mark.parametrize(
    ("argument", "read_back"),
    [
        (Thing(), "<a thing>"),
        (b"x", "b'x'"),
        ((1, (2, 3)), [1, [2, 3]]),
        ([Thing()], ["<a thing>"]),
        ({1: "a"}, {"1": "a"}),
    ],
)
def test_an_argument_that_json_does_not_know_becomes_its_repr(argument: Any, read_back: Any) -> None:
    timeline = Timeline(tasks=[a_task(args=(argument,), kwargs={"k": argument})])
    (task,) = json.loads(timeline.to_json())["tasks"]
    assert (task["args"], task["kwargs"]) == ([read_back], {"k": read_back})


@pytest.mark.parametrize(
    "argument",
    [{(1, 2): "a"}, {b"k": 1}, {Thing(): 1}, ring(), float("nan"), float("inf"), Unspeakable(), "\ud800"],
    ids=["tuple key", "bytes key", "object key", "a ring", "nan", "infinity", "no repr", "half a surrogate"],
)
def test_no_argument_keeps_a_timeline_from_its_json(argument: Any) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    text = Timeline(tasks=[a_task(args=(argument,))]).to_json()
    text.encode("utf-8")
    assert json.loads(text, parse_constant=refuse)["tasks"]


def test_tasks_of_takes_a_request_or_its_id() -> None:
    timeline = a_timeline()
    assert timeline.tasks_of(1) == timeline.tasks_of(timeline.requests[0]) == timeline.tasks
    assert timeline.tasks_of(2) == ()


def test_tasks_of_an_unknown_request_raises_with_the_known_ones() -> None:
    with pytest.raises(KeyError, match=r"no request 3; it has \[1, 2\]"):
        a_timeline().tasks_of(3)


def test_event_finds_the_first_of_its_kind_of_a_request_or_of_a_task() -> None:
    timeline = a_timeline()
    assert timeline.event("request_sent", timeline.requests[1]) == timeline.events[2]
    assert timeline.event("task_started", timeline.tasks[0]) == timeline.events[3]
    assert timeline.event("task_started", timeline.requests[0]) == timeline.events[3]
    assert timeline.event("task_ended", timeline.tasks[1]) is None
    assert timeline.event("client_left", timeline.requests[0]) is None


def test_the_kinds_and_statuses_are_those_of_the_design() -> None:
    assert set(EVENT_KINDS) == {
        "request_sent",
        "task_added",
        "response_started",
        "response_ended",
        "task_started",
        "task_retried",
        "task_interrupted",
        "task_redelivered",
        "task_ended",
        "request_ended",
        "client_left",
    }
    assert set(TASK_STATUSES) == {
        "added",
        "running",
        "finished",
        "failed",
        "skipped",
        "dropped",
        "cancelled",
        "abandoned",
        "waiting",
        "lost",
    }


def test_a_repr_says_when_and_how_much() -> None:
    assert repr(a_timeline()) == "<Timeline at 2.000 s: 2 requests, 2 tasks, 5 events>"


def test_a_timeline_may_be_read_for_the_first_time_by_several_threads() -> None:
    log = Log(StoppedClock())
    for number in range(2000):
        log.append("request_sent", number, None, ("GET", "/"))
    timeline = log.timeline()
    reads = [in_thread(lambda: timeline.requests) for _ in range(8)]
    assert {len(read.result(DEADLINE)) for read in reads} == {2000}


def test_10000_tasks_are_read_in_about_a_second() -> None:
    log = Log(StoppedClock())
    for number in range(10_000):
        log.append("request_sent", number, None, ("GET", "/"))
        log.append("task_added", number, number, (print, (number,), {}))
        log.append("task_started", number, number, "threadpool")
        log.append("task_printed", number, number, "text")
        log.append("task_ended", number, number, ("finished", None))
        log.append("request_ended", number)
    begun = time.process_time()
    timeline = log.timeline()
    assert (len(timeline.tasks), len(timeline.requests), len(timeline.events)) == (10_000, 10_000, 50_000)
    assert time.process_time() - begun < 2.0
