"""Notes that several processes write and read, messages in a folder, and what is made of the notes of two workers."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from queue import Empty

import pytest

from bgdemo import Recorder, Timeline
from bgdemo.queue.broker.engine import Settings, celery_app
from bgdemo.queue.following import Follower
from bgdemo.queue.notes.notes import Reader, Writer, known


def test_notes_are_read_once_in_the_order_of_their_time_whoever_wrote_them(tmp_path: Path) -> None:
    first, second, reader = Writer(tmp_path), Writer(tmp_path), Reader(tmp_path)
    first.write("a", task="1", text="提醒")
    second.write("b", task="1", value=known(object))
    first.write("c", task="1")
    notes = reader.read()
    assert [note["kind"] for note in notes] == ["a", "b", "c"]
    assert notes[0]["text"] == "提醒"
    assert notes[1]["value"] == repr(object)
    assert {note["process"] for note in notes} == {os.getpid()}
    assert reader.read() == []
    second.write("d")
    assert [note["kind"] for note in reader.read()] == ["d"]
    first.close()
    second.close()


def test_a_note_that_is_half_written_is_read_when_it_is_whole(tmp_path: Path) -> None:
    file, reader = tmp_path / "1.jsonl", Reader(tmp_path)
    file.write_bytes(b'{"kind": "a", "at": 1}\n{"kind": "b", ')
    assert [note["kind"] for note in reader.read()] == ["a"]
    with file.open("ab") as more:
        more.write(b'"at": 2}\n')
    assert [note["kind"] for note in reader.read()] == ["b"]


def test_the_clock_of_notes_is_one_for_all_processes(tmp_path: Path) -> None:
    """perf_counter is documented to be so; this machine keeps to it."""
    writer = Writer(tmp_path)
    writer.write("before")
    code = "import sys; from pathlib import Path; from bgdemo.queue.notes.notes import Writer"
    subprocess.run(
        [sys.executable, "-c", f"{code}; Writer(Path(sys.argv[1])).write('there')", str(tmp_path)], check=True
    )
    writer.write("after")
    writer.close()
    assert [note["kind"] for note in Reader(tmp_path).read()] == ["before", "there", "after"]


def test_a_folder_that_is_gone_has_no_notes(tmp_path: Path) -> None:
    assert Reader(tmp_path / "gone").read() == []
    with pytest.raises(OSError, match="gone"):
        Writer(tmp_path / "gone")


def test_no_message_is_read_half_written_and_they_keep_their_order(tmp_path: Path) -> None:
    """kombu's own transport loses a few of 3,000."""
    for part in ("messages", "taken", "control"):
        (tmp_path / part).mkdir()
    app = celery_app(Settings("embedded", "test", tmp_path, tmp_path, 10.0, 3.0), sends=True)
    number, got = 3000, []

    def send() -> None:
        for at in range(number):
            app.send_task("any", (at,), task_id=str(at))

    sender = threading.Thread(target=send)
    sender.start()
    with app.connection() as connection:
        channel = connection.channel()
        while len(got) < number:
            try:
                got.append(channel._get("test")["properties"]["correlation_id"])
            except Empty:
                assert sender.is_alive() or any((tmp_path / "messages").iterdir()), "messages were lost"
    sender.join()
    app.close()
    assert got == [str(at) for at in range(number)]


class Story:
    """Notes of workers, told to a follower by hand."""

    def __init__(self, folder: Path) -> None:
        self._follower = Follower(Settings("redis://x", "test", folder, folder, 10.0, 3.0), lambda: None)
        self._recorder = Recorder(lambda *_: None)  # type: ignore[arg-type]
        self._recorder.log.clock.start()
        self._began = time.perf_counter()
        self._recorder.log.append("request_sent", 1, None, ("POST", "/", None))
        self._follower._expected["id"] = self._recorder.begin_remote_task(1, print, (), {})

    def tell(self, at: float, kind: str, process: int, **more: object) -> Timeline:
        self._follower._hear({"kind": kind, "task": "id", "at": self._began + at, "process": process, **more})
        return self._recorder.timeline


def test_a_task_that_two_workers_have_is_over_when_the_second_one_has_ended(tmp_path: Path) -> None:
    story = Story(tmp_path)
    story.tell(1, "task_started", 11)
    story.tell(2, "task_redelivered", 22)
    story.tell(2, "task_started", 22)
    timeline = story.tell(3, "task_ended", 11, status="finished")
    assert timeline.tasks[0].status == "finished"
    assert "id" in story._follower._expected
    timeline = story.tell(4, "task_ended", 22, status="failed", error="ValueError: x", traceback="...")
    assert story._follower._expected == {}
    assert (timeline.tasks[0].status, timeline.tasks[0].error) == ("failed", "ValueError: x")
    assert [event.process for event in timeline.events if event.kind == "task_ended"] == [11, 22]
