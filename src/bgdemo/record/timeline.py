"""The timeline that people hold: its records, which compare by value, export, and show themselves."""

import dataclasses
import json
import math
from collections.abc import Mapping
from typing import Any

from bgdemo.display.words import shown
from bgdemo.model import Event, Request, Task, TimelineData


class Timeline(TimelineData):
    """All that a recorder has recorded, up to now; a snapshot that no longer changes.

    `str(timeline)` draws it as text; a notebook shows it as a picture. Timelines compare by value.

    Args:
        requests: in the order in which they were sent.
        tasks: in the order in which they were added.
        events: sorted by (time, sequence).
        now: seconds: when this snapshot was taken.
        simulated: True if the seconds are those of a simulated clock.
        forgotten: how many requests there were before these.

    >>> from bgdemo import TestClient, Timeline
    >>> from bgdemo.lessons.add_task import app
    >>> with TestClient(app, clock="simulated") as client:
    ...     response = client.post("/send_info", params={"email": "a@example.com"})
    ...     timeline = client.drain()
    write end
    >>> timeline
    <Timeline at 7.000 s: 1 requests, 1 tasks, 7 events>
    >>> str(timeline).splitlines()[0]
    'Response at 0.0 s; write_notification ended at 7.0 s: the client did not wait.'
    >>> Timeline.from_dict(timeline.to_dict()) == timeline
    True
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Timeline):
            return NotImplemented
        return (self._known(), self._now, self._simulated) == (other._known(), other._now, other._simulated)

    def __hash__(self) -> int:
        return hash((self._known(), self._now, self._simulated))

    def __reduce__(self) -> tuple[Any, ...]:
        return _timeline, (*self._known(), self._now, self._simulated)

    def __repr__(self) -> str:
        counts = f"{len(self.requests)} requests, {len(self.tasks)} tasks, {len(self.events)} events"
        return f"<Timeline at {self._now:.3f} s: {counts}>"

    def to_dict(self) -> dict[str, Any]:
        """The timeline as dicts and lists; arguments that JSON does not know stay what they are."""
        return {
            "now": self.now,
            "simulated": self.simulated,
            "forgotten": self.forgotten,
            "requests": [_as_dict(request) for request in self.requests],
            "tasks": [_as_dict(task) for task in self.tasks],
            "events": [_as_dict(event) for event in self.events],
        }

    def to_json(self, *, indent: int | None = None) -> str:
        """The timeline as JSON text; an argument that JSON does not know becomes its repr.

        Args:
            indent: spaces a level, or None for one line.
        """
        return json.dumps(_plain(self.to_dict()), indent=indent, ensure_ascii=False)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Timeline":
        """The timeline that `to_dict` gave, or that was read from `to_json`'s text."""
        return cls(
            requests=tuple(Request(**request) for request in data["requests"]),
            tasks=tuple(Task(**{**task, "args": tuple(task["args"])}) for task in data["tasks"]),
            events=tuple(Event(**event) for event in data["events"]),
            now=data["now"],
            simulated=data["simulated"],
            forgotten=data.get("forgotten", 0),
        )

    def __str__(self) -> str:
        from bgdemo import display  # when somebody looks: most timelines are only judged

        return display.text(self)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        from bgdemo import display

        return {"text/plain": str(self), "image/svg+xml": display.svg(self)}


def _timeline(requests: Any, tasks: Any, events: Any, forgotten: int, now: float, simulated: bool) -> Timeline:
    return Timeline(requests, tasks, events, now=now, simulated=simulated, forgotten=forgotten)


def _as_dict(record: Event | Request | Task) -> dict[str, Any]:
    values = {item.name: getattr(record, item.name) for item in dataclasses.fields(record)}
    if isinstance(record, Task):
        values["kwargs"] = dict(record.kwargs)
    return values


def _plain(value: Any, inside: tuple[int, ...] = ()) -> Any:
    """The value with nothing in it that JSON does not know; `inside` are the ids of what it is in."""
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, str):
        return str(value).encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, float) and math.isfinite(value):
        return value
    if id(value) not in inside:
        inside = (*inside, id(value))
        if isinstance(value, (list, tuple)):
            return [_plain(item, inside) for item in value]
        if isinstance(value, dict):
            return {_plain(key if isinstance(key, str) else shown(key)): _plain(value[key], inside) for key in value}
    return _plain(shown(value))
