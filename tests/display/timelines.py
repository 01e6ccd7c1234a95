"""Timelines made by hand, to be drawn."""

import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from typing import Any, cast

from bgdemo.display import Mark
from bgdemo.model import Event, Request, Task, TaskStatus
from bgdemo.record.timeline import Timeline

SVG = "{http://www.w3.org/2000/svg}"


def a_request(id: int = 1, **changes: Any) -> Request:
    request = Request(id, "POST", "/send_info", 200, 0.0, 0.0, 7.0)
    return replace(request, **changes)


def a_task(id: int = 1, **changes: Any) -> Task:
    name = changes.pop("name", "write_notification")
    task = Task(id, 1, name, f"app.{name}", (), {}, 0.0, 0.0, 7.0, "finished", None, "threadpool")
    return replace(task, **changes)


def never_started(id: int, status: TaskStatus, **changes: Any) -> Task:
    return a_task(id, status=status, started=None, ended=None, ran_in=None, **changes)


def simulated(*records: Request | Task, now: float = 7.0, events: tuple[Event, ...] = ()) -> Timeline:
    requests = tuple(record for record in records if isinstance(record, Request))
    tasks = tuple(record for record in records if isinstance(record, Task))
    return Timeline(requests, tasks, events, now=now, simulated=True)


ONE_TASK = simulated(a_request(), a_task())
NO_MAIL_SERVER = "ConnectionRefusedError: [Errno 111] no mail server at mail.example.com:25, tried three times"
EVERY_STATUS = simulated(
    a_request(responded=0.5),
    a_task(1, name="提醒用户", ended=1.0, printed="第一封邮件\nsent"),
    a_task(2, name="<lambda>", started=1.0, ended=3.0, status="failed", error=NO_MAIL_SERVER, printed="trying"),
    never_started(3, "skipped"),
    never_started(4, "dropped"),
    a_task(5, ended=3.0, status="cancelled", ran_in="event_loop"),
    never_started(6, "cancelled"),
    a_task(7, started=2.0, ended=None, status="abandoned"),
    a_task(8, started=3.0, ended=None, status="running", ran_in="worker"),
    never_started(9, "added"),
)
GUESSES = (Mark(0.0, "your guess: response"), Mark(7.0, "your guess: write_notification ends"))


def many_tasks(number: int) -> Timeline:
    tasks = [a_task(id, name="work", started=id / 100, ended=(id + 1) / 100) for id in range(number)]
    tasks[number // 2] = replace(tasks[number // 2], status="failed", error="ValueError: odd one out")
    return simulated(a_request(), *tasks, now=number / 100)


def many_requests(number: int) -> Timeline:
    requests = [a_request(id, sent=id / 100, responded=id / 100, ended=id / 100 + 1) for id in range(number)]
    tasks = [a_task(id, request_id=id, added=id / 100, started=id / 100, ended=id / 100 + 1) for id in range(number)]
    return simulated(*requests, *tasks, now=number / 100)


DRAWINGS = {
    "nothing": Timeline(),
    "one task": ONE_TASK,
    "every status": EVERY_STATUS,
    "nothing but an instant": simulated(a_request(ended=0.0), now=0.0),
    "many responses at once": simulated(*(a_request(id) for id in range(1, 9))),
    "twenty tasks": simulated(a_request(), *(a_task(id, started=id - 1.0, ended=id * 1.0) for id in range(1, 21))),
    "many tasks": many_tasks(1000),
    "many requests": many_requests(1000),
    "three milliseconds": Timeline((a_request(responded=0.001, ended=0.003),), (a_task(ended=0.003),), now=0.003),
    "an hour": Timeline((a_request(),), (a_task(ended=3600.0),), now=3600.0),
}


def words(picture: ElementTree.Element) -> list[str]:
    return [cast(str, element.text) for element in picture.iter(f"{SVG}text")]
