"""Values, timelines and errors as JSON, and back; what comes back is held to what it may be, part by part."""

import base64
import dataclasses
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import EllipsisType, NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from bgdemo.display.words import shown
from bgdemo.model import Event, Request, Task
from bgdemo.record.timeline import Timeline

DEPTH, ITEMS, LETTERS = 20, 20_000, 2_000_000
"""How deep a value may go, how many records there may be, and how long a text may be."""

ENTRIES = 1_000
"""Of a dict: keys can be chosen so that one takes as long as the square of them."""

OF_THE_TRANSFER = ("content-encoding", "transfer-encoding")
"""Headers that are done with when a body has arrived."""


class Tampered(Exception):
    """What came back cannot have been written by the code that was to write it."""


@dataclass(frozen=True, slots=True, repr=False)
class Opaque:
    """What is no plain data: only what it looked like is known."""

    shown: str

    def __repr__(self) -> str:
        return self.shown


def encode(value: Any, depth: int = 0) -> Any:
    """A value as JSON knows it; what is no plain data becomes its repr."""
    if value is None or isinstance(value, (bool, int)):
        return value if not isinstance(value, int) or value.bit_length() < 1_000 else {"opaque": "<a long number>"}
    if isinstance(value, str):
        return str(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {"float": repr(float(value))}
    if isinstance(value, EllipsisType):
        return {"ellipsis": None}
    if isinstance(value, (bytes, bytearray)):
        return {"bytes": base64.b64encode(value).decode("ascii")}
    if depth < DEPTH:
        if isinstance(value, list):
            return {"list": [encode(item, depth + 1) for item in value]}
        if isinstance(value, tuple):
            return {"tuple": [encode(item, depth + 1) for item in value]}
        if isinstance(value, dict) and len(value) <= ENTRIES:
            return {"dict": [[encode(key, depth + 1), encode(item, depth + 1)] for key, item in value.items()]}
    return {"opaque": shown(value)[:2_000]}


def decode(data: Any, depth: int = 0) -> Any:
    """The value that `encode` was given.

    Raises:
        Tampered: `encode` writes no such thing.
    """
    if data is None or isinstance(data, (bool, int, float, str)):
        return data
    if not isinstance(data, dict) or len(data) != 1 or depth > DEPTH:
        raise Tampered("a value of an unknown kind")
    ((kind, content),) = data.items()
    if kind in ("list", "tuple"):
        items = [decode(item, depth + 1) for item in _as(list, content)]
        return items if kind == "list" else tuple(items)
    if kind == "dict":
        return _dict(content, depth)
    if kind == "ellipsis":
        return ...
    text = _as(str, content)
    if kind == "opaque":
        return Opaque(text)
    if kind == "float" and text in ("inf", "-inf", "nan"):
        return float(text)
    if kind == "bytes":
        return from_base64(text)
    raise Tampered("a value of an unknown kind")


def _dict(content: Any, depth: int) -> dict[Any, Any]:
    pairs = [_as(list, pair) for pair in _as(list, content)]
    if len(pairs) > ENTRIES or any(len(pair) != 2 for pair in pairs):
        raise Tampered("a pair that is none")
    try:
        return {decode(key, depth + 1): decode(item, depth + 1) for key, item in pairs}
    except TypeError:
        raise Tampered("a key that cannot be one") from None


def from_base64(text: str) -> bytes:
    """Bytes from their text.

    Raises:
        Tampered: it is no such text.
    """
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise Tampered("bytes that are none") from None


def timeline_to_data(timeline: Timeline) -> dict[str, Any]:
    """A timeline as JSON knows it."""
    return {
        "now": timeline.now,
        "requests": [_record_to_data(request) for request in timeline.requests],
        "tasks": [_record_to_data(task) for task in timeline.tasks],
        "events": [_record_to_data(event) for event in timeline.events],
    }


def _record_to_data(record: Event | Request | Task) -> dict[str, Any]:
    values = {item.name: getattr(record, item.name) for item in dataclasses.fields(record)}
    if isinstance(record, Task):
        values |= {"args": encode(tuple(record.args)), "kwargs": encode(dict(record.kwargs))}
    return values


def timeline_from_data(data: Any) -> Timeline:
    """The timeline that `timeline_to_data` was given.

    Raises:
        Tampered: a field has something that no recorder writes, or a record refers to none that is there.
    """
    data = _as(dict, data)
    requests = [_record(Request, item) for item in _many(data.get("requests"))]
    tasks = [_record(Task, item) for item in _many(data.get("tasks"))]
    events = [_record(Event, item) for item in _many(data.get("events"))]
    known = [request.id for request in requests]
    known_tasks = [task.id for task in tasks]
    if len(set(known)) != len(known) or len(set(known_tasks)) != len(known_tasks):
        raise Tampered("an id that is there twice")
    if {task.request_id for task in tasks} - set(known) or {event.request_id for event in events} - set(known):
        raise Tampered("a record of a request that is not there")
    if {event.task_id for event in events} - {None, *known_tasks}:
        raise Tampered("an event of a task that is not there")
    if sorted(events, key=lambda event: (event.time, event.sequence)) != events:
        raise Tampered("events in no order")
    return Timeline(requests, tasks, events, now=time(data.get("now")), simulated=True)


def _record(kind: type[Event] | type[Request] | type[Task], data: Any) -> Any:
    data = _as(dict, data)
    rules = _RULES[kind]
    if set(data) != set(rules):
        raise Tampered(f"a {kind.__name__} with other fields")
    return kind(**{name: rule(data[name]) for name, rule in rules.items()})


def _as(kind: type, value: Any) -> Any:
    if type(value) is not kind:
        raise Tampered(f"a {type(value).__name__} in the place of a {kind.__name__}")
    return value


def _many(value: Any) -> list[Any]:
    items: list[Any] = _as(list, value)
    if len(items) > ITEMS:
        raise Tampered("more records than there can be")
    return items


def time(value: Any) -> float:
    """Seconds that came back.

    Raises:
        Tampered: they are none.
    """
    if type(value) not in (int, float) or not math.isfinite(value) or value < 0:
        raise Tampered(f"{value!r:.40} in the place of seconds")
    return float(value)


def _number(value: Any) -> int:
    number: int = _as(int, value)
    if not 0 <= number < 10**9:
        raise Tampered("a number that is out of the way")
    return number


def _text(value: Any) -> str:
    text: str = _as(str, value)
    if len(text) > LETTERS:
        raise Tampered("a text longer than it can be")
    return text


def _one_of(allowed: Iterable[str | None]) -> Callable[[Any], Any]:
    known = tuple(allowed)

    def rule(value: Any) -> Any:
        if value not in known:
            raise Tampered(f"{value!r:.40} in the place of {known}")
        return value

    return rule


def _or_none(rule: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else rule(value)


def _rule(kind: Any) -> Callable[[Any], Any]:
    """What a field of that type has to be."""
    parts = get_args(kind)
    if get_origin(kind) is Literal:
        return _one_of(parts)
    if get_origin(kind) in (Union, UnionType):
        (one,) = (part for part in parts if part is not NoneType)
        return _or_none(_rule(one))
    return _SIMPLE[get_origin(kind) or kind]


_SIMPLE: dict[Any, Callable[[Any], Any]] = {
    float: time,
    int: _number,
    str: _text,
    tuple: lambda value: _as(tuple, decode(value)),
    Mapping: lambda value: _as(dict, decode(value)),
}
_RULES = {
    record: {name: _rule(kind) for name, kind in get_type_hints(record).items()} for record in (Event, Request, Task)
}
