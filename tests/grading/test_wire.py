"""What comes back from a submission is what was sent, or is refused."""

import copy
import dataclasses
import math
import socket
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bgdemo.errors import DrainTimeout, EndlessLoopError
from bgdemo.exercises.engine import trial
from bgdemo.exercises.engine.code import load
from bgdemo.exercises.engine.exercise import told
from bgdemo.grading.judging.rebuilt import rebuild, together
from bgdemo.grading.protocol import files
from bgdemo.grading.protocol.channel import LONGEST, Channel, ChannelClosed
from bgdemo.grading.protocol.wire import ENTRIES, Opaque, Tampered, decode, encode, timeline_from_data, timeline_to_data
from grading.conftest import ROUTE

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.binary() | st.floats(allow_nan=False) | st.just(...),
    lambda inner: (
        st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(st.text() | st.integers(), inner, max_size=4)
    ),
    max_leaves=10,
)

TIMELINE = trial.run(load(ROUTE.answer), ROUTE.scenario).timeline


@given(plain)
def test_plain_data_comes_back_as_it_was(value: Any) -> None:
    assert decode(encode(value)) == value
    assert type(decode(encode(value))) is type(value)


def test_what_is_no_plain_data_comes_back_as_what_it_looked_like() -> None:
    class Session:
        def __repr__(self) -> str:
            return "<a session>"

    class Broken:
        def __repr__(self) -> str:
            raise ValueError

    back = decode(encode((Session(), Broken(), {1}, 10**5000)))
    assert repr(back) == "(<a session>, <Broken whose repr raised ValueError>, {1}, <a long number>)"
    assert isinstance(back[0], Opaque)


def test_what_holds_itself_ends_somewhere() -> None:
    endless: list[Any] = []
    endless.append(endless)
    assert "[...]" in repr(decode(encode(endless)))


def test_a_float_that_is_no_number_keeps_its_kind() -> None:
    assert decode(encode(math.inf)) == math.inf
    assert math.isnan(decode(encode(math.nan)))


@pytest.mark.parametrize(
    "data",
    [
        [1],
        {"list": 1},
        {"tuple": [1], "list": []},
        {"dict": [[1]]},
        {"dict": [[{"list": []}, 1]]},
        {"bytes": "no base64"},
        {"float": "1e5"},
        {"code": "print()"},
        {},
    ],
)
def test_what_encode_never_writes_is_refused(data: Any) -> None:
    with pytest.raises(Tampered):
        decode(data)


def test_a_timeline_comes_back_as_it_was() -> None:
    back = timeline_from_data(timeline_to_data(TIMELINE))
    assert (back.requests, back.tasks, back.events) == (TIMELINE.requests, TIMELINE.tasks, TIMELINE.events)
    assert (back.now, back.simulated) == (TIMELINE.now, True)


def test_half_a_character_that_an_app_printed_is_no_tampering() -> None:
    data = timeline_to_data(TIMELINE)
    data["tasks"][0]["printed"] = "half \ud83d"
    assert timeline_from_data(data).tasks[0].printed == "half \ud83d"


@pytest.mark.parametrize(
    ("record", "field", "value"),
    [
        ("requests", "sent", -1.0),
        ("requests", "sent", float("nan")),
        ("requests", "sent", "0"),
        ("requests", "sent", True),
        ("requests", "status", "200"),
        ("requests", "status", 10**12),
        ("requests", "path", None),
        ("requests", "path", "x" * 3_000_000),
        ("tasks", "status", "perfect"),
        ("tasks", "ran_in", "the cloud"),
        ("tasks", "args", {"dict": []}),
        ("tasks", "kwargs", {"list": []}),
        ("tasks", "request_id", 7),
        ("tasks", "points", 100),
        ("events", "kind", "graded"),
        ("events", "task_id", 7),
        ("events", "time", 1e6),
        ("events", "request_id", None),
    ],
)
def test_a_timeline_that_no_recorder_writes_is_refused(record: str, field: str, value: Any) -> None:
    data = copy.deepcopy(timeline_to_data(TIMELINE))
    data[record][0][field] = value
    with pytest.raises(Tampered):
        timeline_from_data(data)


@pytest.mark.parametrize("record", ["requests", "tasks"])
def test_a_record_that_is_there_twice_is_refused(record: str) -> None:
    data = timeline_to_data(TIMELINE)
    data[record] = data[record] * 2
    with pytest.raises(Tampered):
        timeline_from_data(data)


@pytest.mark.parametrize("data", [None, [], {}, {"requests": {}}, {"requests": [1]}])
def test_what_is_no_timeline_is_refused(data: Any) -> None:
    with pytest.raises(Tampered):
        timeline_from_data(data)


def test_a_file_goes_to_the_folder_of_the_other_side(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    (here / "邮件").mkdir(parents=True)
    there.mkdir()
    (there / "old").mkdir()
    (there / "old" / "file").write_text("gone", encoding="utf-8")
    (here / "邮件" / "log.txt").write_text("你好", encoding="utf-8")
    (here / "link").symlink_to("/etc/hostname")
    files.write(there, files.checked(files.read(here)))
    assert files.read(there) == files.read(here)
    assert [path.relative_to(there).as_posix() for path in there.rglob("*")] == ["邮件", "邮件/log.txt"]


@pytest.mark.parametrize(
    "data",
    [
        [],
        {"../out": ""},
        {"/etc/passwd": ""},
        {"a/../../out": ""},
        {"": ""},
        {"a\0": ""},
        {"..\\out": ""},
        {"x": 1},
        {"x": "no base64"},
        {"x" * 300: ""},
        {str(number): "" for number in range(100)},
        {"large": "eHh4" * 2_000_000},
    ],
)
def test_files_that_lead_out_or_are_too_many_are_refused(data: Any) -> None:
    with pytest.raises(Tampered):
        files.checked(data)


def test_files_that_no_folder_can_hold_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Tampered):
        files.write(tmp_path, {"a": "", "a/b": ""})


def test_a_message_arrives() -> None:
    one, other = (Channel(end) for end in socket.socketpair())
    one.send({"text": "你好\udcff", "number": 1.5})
    assert other.receive() == {"text": "你好\udcff", "number": 1.5}
    one.close()
    with pytest.raises(ChannelClosed):
        other.receive()
    with pytest.raises(ChannelClosed):
        other.send({})
    other.close()


@pytest.mark.parametrize(
    "content", [b"no json", b"[]", b'{"x": NaN}', b"[" * 100_000, b'{"x": ' + b"9" * 5000 + b"}", b"\xff\xfe"]
)
def test_a_message_that_is_none_is_refused(content: bytes) -> None:
    end, raw = socket.socketpair()
    channel = Channel(end, timeout=5)
    raw.sendall(len(content).to_bytes(4, "big") + content)
    with raw, pytest.raises(Tampered):
        channel.receive()
    channel.close()


def test_a_message_longer_than_any_is_refused_before_it_is_read() -> None:
    end, raw = socket.socketpair()
    channel = Channel(end, timeout=5)
    raw.sendall((LONGEST + 1).to_bytes(4, "big"))
    with raw, pytest.raises(Tampered):
        channel.receive()
    channel.close()


def kinds(error: BaseException) -> list[str]:
    return [f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__]


class OwnError(LookupError):
    pass


@pytest.mark.parametrize("error", [ValueError("坏了"), KeyError("x"), EndlessLoopError(), DrainTimeout("late")])
def test_an_error_comes_back_with_its_type_and_its_message(error: BaseException) -> None:
    back = rebuild({"kinds": kinds(error), "message": str(error), "place": None}, ())
    assert isinstance(back, type(error))
    assert (type(back).__name__, str(back)) == (type(error).__name__, str(error))


def test_an_error_of_a_submissions_own_is_the_nearest_that_is_known() -> None:
    back = rebuild({"kinds": ["exercise.OwnError", *kinds(OwnError())[1:]], "message": "no", "place": None}, ())
    assert isinstance(back, LookupError)
    assert (type(back).__name__, str(back)) == ("OwnError", "no")


def test_an_error_that_would_end_the_judge_is_none_of_its_kind() -> None:
    back = rebuild({"kinds": kinds(KeyboardInterrupt()), "message": "", "place": None}, ())
    assert not isinstance(back, KeyboardInterrupt)
    assert type(back).__name__ == "KeyboardInterrupt"


def test_a_line_is_shown_of_the_submissions_own_files_and_of_no_others(tmp_path: Path) -> None:
    path = tmp_path / "exam.py"
    path.write_text("first = 1\nsecret = 2\n", encoding="utf-8")
    data = {"kinds": ["builtins.ValueError"], "message": "no", "place": [str(path), 2]}
    assert told(rebuild(data, {"answer.py"})) == "Your code raised ValueError: no"
    assert told(rebuild(data, {str(path)})) == "Your code raised ValueError: no (line 2: `secret = 2`)"


def test_a_dict_whose_keys_would_take_for_ever_is_refused() -> None:
    clashing = {number * (2**61 - 1): None for number in range(ENTRIES + 1)}
    assert encode(clashing)["opaque"].startswith("{0: None, ")
    with pytest.raises(Tampered, match="a pair that is none"):
        decode({"dict": [[key, None] for key in clashing]})
    assert decode(encode(dict.fromkeys(range(ENTRIES)))) == dict.fromkeys(range(ENTRIES))


def test_several_errors_are_one_group() -> None:
    (one, other) = ValueError("one"), SystemExit("two")
    assert together([one]) is one
    group = together([one, other])
    assert isinstance(group, BaseExceptionGroup)
    assert group.exceptions == (one, other)


@pytest.mark.parametrize(
    "data",
    [
        None,
        {},
        {"kinds": [], "message": "", "place": None},
        {"kinds": [1], "message": "", "place": None},
        {"kinds": ["builtins.ValueError"], "message": 1, "place": None},
        {"kinds": ["builtins.ValueError"], "message": "", "place": ["x.py", 10**9]},
        {"kinds": ["builtins.ValueError"], "message": "", "place": ["x.py"]},
        {"kinds": ["builtins.ValueError"], "message": "", "place": None, "points": 100},
    ],
)
def test_an_error_that_is_none_is_refused(data: Any) -> None:
    with pytest.raises(Tampered):
        rebuild(data, ())


def test_a_type_that_is_no_error_makes_none() -> None:
    back = rebuild({"kinds": ["builtins.print", "os.system"], "message": "rm", "place": None}, ())
    assert isinstance(back, Exception)
    assert dataclasses.is_dataclass(back) is False


@pytest.mark.parametrize(
    "name",
    [
        "bgdemo.errors.GradingError",
        "bgdemo.errors.BgdemoError",
        "bgdemo.grading.protocol.wire.Tampered",
        "bgdemo.grading.protocol.channel.ChannelClosed",
        "bgdemo.grading.judging.texts.Unreadable",
        "bgdemo.simulation.participants.ClockClosed",
    ],
)
def test_the_graders_own_errors_are_never_made_from_what_came_back(name: str) -> None:
    for kinds in ([name, "builtins.Exception"], ["exercise.Own", name], [name]):
        back = rebuild({"kinds": kinds, "message": "stop", "place": None}, ())
        assert not [kind for kind in type(back).__mro__ if kind.__module__.startswith("bgdemo")]
        assert str(back) == "stop"


@pytest.mark.parametrize(
    "kinds",
    [
        ["pydantic_core._pydantic_core.ValidationError", "builtins.ValueError"],  # which nobody can make, or inherit
        ["fastapi.exceptions.HTTPException", "starlette.exceptions.HTTPException"],  # which words its message itself
        ["starlette.exceptions.HTTPException"],
        ["bgdemo.errors.BrokerUnavailable"],
        ["builtins.UnicodeDecodeError"],
        ["builtins.bool", "builtins.ValueError"],
        ["exercise.a\0b", "builtins.ValueError"],
        ["exercise.\udcff", "builtins.ValueError"],
        ["exercise.<locals>", "builtins.ValueError"],
    ],
)
def test_whatever_an_error_is_called_one_is_made_that_says_the_same(kinds: list[str]) -> None:
    back = rebuild({"kinds": kinds, "message": "no", "place": ["answer.py", 1]}, {"answer.py"})
    assert isinstance(back, Exception)
    assert str(back) == "no"
    assert "no" in told(back)
