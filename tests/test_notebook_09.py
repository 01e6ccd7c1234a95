"""Notebook 09, Surprises: it shows what it claims, answers what it asks, and a real server does the same."""

import gc
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import httpx
import pytest
import websockets.sync.client
from fastapi import FastAPI

from bgdemo import TestClient, Timeline
from bgdemo.lessons import (
    chat,
    connection,
    folder,
    not_functions,
    stopwatches,
    unusual_responses,
    upload_again,
    use_folder,
)
from bgdemo.questions.surprises import which_one_works
from course import assert_rebuilt_alike, build, cell_with, code_cells, executed, own_text, shown, source_of, tags
from gates import Gate, in_thread
from servers import Server, serve

RIGHT = (
    (
        "second_response=..., with_function_scope=..., error_seen=...",
        "second_response=5, with_function_scope=0, error_seen=True",
    ),
    ("response=..., around_call_next=..., around_the_app=...", "response=0, around_call_next=0, around_the_app=5"),
    ("bytes_in_the_route=..., bytes_in_the_task=...", "bytes_in_the_route=8, bytes_in_the_task=0"),
    ("coroutine=..., generator=..., printed=...", 'coroutine="failed", generator="finished", printed="nothing"'),
    ("task_runs=...", "task_runs=False"),
    ("response=..., task_start=..., task_end=...", "response=3, task_start=3, task_end=9"),
    ("tasks_that_run=..., file_received=..., file_left=...", "tasks_that_run=5, file_received=True, file_left=False"),
    ("choose(...", 'choose("d"'),
)

CHANGED_AND_WRONG = (
    (
        "second_response=..., with_function_scope=..., error_seen=...",
        "second_response=0, with_function_scope=5, error_seen=False",
    ),
    ("response=..., around_call_next=..., around_the_app=...", "response=5, around_call_next=5, around_the_app=0"),
    ("bytes_in_the_route=..., bytes_in_the_task=...", "bytes_in_the_route=8, bytes_in_the_task=0"),
    ("    print(len(file", "    file.file.seek(0)\n    print(len(file"),
    ("coroutine=..., generator=..., printed=...", 'coroutine="finished", generator="failed", printed="hello"'),
    ("task_runs=...", "task_runs=True"),
    ("parts = 3", "parts = 5"),
    ("response=..., task_start=..., task_end=...", "response=1, task_start=1, task_end=3"),
    ("tasks_that_run=..., file_received=..., file_left=...", "tasks_that_run=2, file_received=False, file_left=True"),
    ("choose(...", 'choose("b"'),
)

GUESSES = {
    "pool_guess": 3,
    "stopwatch_guess": 3,
    "upload_guess": 2,
    "log_guess": 3,
    "chat_guess": 1,
    "stream_guess": 3,
    "rest_guess": 3,
}
"""How many things each prediction asks for."""

LESSONS = {
    "pool.put": connection,
    "class Stopwatch": stopwatches,
    "def process_again": upload_again,
    "def add_a_coroutine": not_functions,
    "async def chat": chat,
    "def send_parts": unusual_responses,
}
"""By words that only their cells have."""


@pytest.fixture(autouse=True)
def files(tmp_path: Path) -> Iterator[None]:
    use_folder(tmp_path)
    yield
    use_folder(None)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """Holds what sleeps in a thread of the server, until it is opened."""
    gate, real_sleep = Gate(), time.sleep

    def sleep(seconds: float) -> None:
        if threading.current_thread().name == "AnyIO worker thread":
            gate.hold()
        else:
            real_sleep(seconds)

    monkeypatch.setattr(time, "sleep", sleep)
    yield gate
    gate.open()


@contextmanager
def simulated(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, clock="simulated", raise_server_exceptions=False) as client:
        yield client


@contextmanager
def served(app: FastAPI) -> Iterator[tuple[Server, httpx.Client]]:
    with serve(app, lifespan="off") as server, httpx.Client(base_url=server.url, trust_env=False, timeout=20) as client:
        yield server, client


def outcomes(timeline: Timeline) -> list[tuple[str, str, str]]:
    """What became of each task: its name, its status, what it printed."""
    return [(task.name, task.status, task.printed) for task in timeline.tasks]


def order(timeline: Timeline) -> list[str]:
    """The events that say who was first: "response 1", "start 1", "end 1", by request and by task."""
    kinds = {"response_ended": "response", "task_started": "start", "task_ended": "end"}
    return [f"{kinds[e.kind]} {e.task_id or e.request_id}" for e in timeline.events if e.kind in kinds]


def test_the_second_customer_waits_for_the_task_that_holds_the_only_connection() -> None:
    with simulated(connection.app) as client:
        client.post("/send_info")
        client.post("/send_info")
        timeline = client.drain()
    assert [request.responded for request in timeline.requests] == [0.0, 5.0]
    assert [task.ended for task in timeline.tasks] == [5.0, 10.0]
    text = shown(cell_with(executed("09"), "pool_guess"))
    assert "2 requests: responses from 0.0 s to 5.0 s, the longest wait 5.0 s" in text


def test_with_function_scope_nobody_waits() -> None:
    with simulated(connection.app) as client:
        client.post("/send_info/function")
        client.post("/send_info/function")
        timeline = client.drain()
    assert [request.responded for request in timeline.requests] == [0.0, 0.0]
    assert [task.ended for task in timeline.tasks] == [5.0, 5.0]
    text = shown(cell_with(executed("09"), "pool_guess"))
    assert "2 requests: all responses at 0.0 s, the longest wait 0.0 s; 2 tasks ended, the last at 5.0 s" in text


def test_on_a_server_a_connection_is_given_back_after_the_task_or_before_the_response(held: Gate) -> None:
    with served(connection.app) as (server, client):
        for _ in range(2):
            client.post("/send_info/function")
        assert connection.pool.qsize() == 1
        assert [task.ended for task in server.recorder.timeline.tasks] == [None, None]
        client.post("/send_info")
        second = in_thread(lambda: client.post("/send_info"))
        held.wait_until_reached()
        assert connection.pool.qsize() == 0
        assert not second.done()
        held.open()
        assert second.result().status_code == 200
        server.wait()
    happened = order(server.recorder.timeline)
    assert happened.index("response 3") < happened.index("end 3") < happened.index("response 4")
    assert connection.pool.qsize() == 1


def test_a_dependency_sees_its_task_s_error_and_gives_the_connection_back() -> None:
    connection.seen.clear()
    with simulated(connection.app) as client:
        assert client.post("/send_info/failing").status_code == 200
        assert outcomes(client.drain()) == [("fail_to_write", "failed", "")]
    assert [str(error) for error in connection.seen] == ["the disk is full"]
    with served(connection.app) as (server, real_client):
        assert real_client.post("/send_info/failing").status_code == 200
        server.wait()
    assert [str(error) for error in connection.seen] == ["the disk is full"] * 2
    assert connection.pool.qsize() == 1
    server.logged.clear()


def test_one_stopwatch_measures_the_response_and_the_other_the_task_as_well() -> None:
    with simulated(stopwatches.app) as client:
        client.post("/send_info", params={"email": "a@example.com"})
        timeline = client.drain()
    assert stopwatches.measured == {"around_call_next": 0.0, "around_the_app": 5.0}
    assert (timeline.requests[0].responded, timeline.tasks[0].ended) == (0.0, 5.0)
    assert outcomes(timeline) == [("write_log", "finished", "")]
    shows = shown(cell_with(executed("09"), "stopwatch_guess"))
    assert "Response at 0.0 s; write_log ended at 5.0 s: the client did not wait." in shows


def test_on_a_server_a_middleware_neither_delays_the_response_nor_cancels_the_task(held: Gate) -> None:
    stopwatches.measured.clear()
    with served(stopwatches.app) as (server, client):
        assert client.post("/send_info", params={"email": "a@example.com"}).status_code == 200
        held.wait_until_reached()
        assert list(stopwatches.measured) == ["around_call_next"]
        held.open()
        server.wait()
    assert list(stopwatches.measured) == ["around_call_next", "around_the_app"]
    assert outcomes(server.recorder.timeline) == [("write_log", "finished", "")]


def test_a_second_read_of_an_upload_gives_no_bytes() -> None:
    upload = {"files": {"file": ("report.txt", b"a report")}}
    with simulated(upload_again.app) as client:
        assert client.post("/upload", **upload).json() == 8
        assert outcomes(client.drain()) == [("process_again", "finished", "0 bytes\n")]
    with served(upload_again.app) as (server, real_client):
        assert real_client.post("/upload", **upload).json() == 8
        server.wait()
    assert outcomes(server.recorder.timeline) == [("process_again", "finished", "0 bytes\n")]
    assert "printed: 0 bytes" in shown(cell_with(executed("09"), "upload_guess"))
    assert "printed: 8 bytes" in shown(cell_with(executed("09", *CHANGED_AND_WRONG), "upload_guess"))


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
def test_a_coroutine_fails_and_a_generator_function_does_nothing() -> None:
    expected = [("write_log", "failed", ""), ("write_lines", "finished", "")]
    with simulated(not_functions.app) as client:
        client.post("/coroutine")
        client.post("/generator")
        assert outcomes(client.drain()) == expected
    with served(not_functions.app) as (server, real_client):
        for path in ("/coroutine", "/generator"):
            # uvicorn closes the connection after a task that failed: the next request needs another one
            assert real_client.post(path, headers={"connection": "close"}).status_code == 200
            server.wait()
    assert outcomes(server.recorder.timeline) == expected
    text = shown(cell_with(executed("09"), "log_guess"))
    assert "2 tasks (1 finished, 1 failed)" in text
    assert "printed:" not in text.replace("printed: you have not guessed yet", "")
    server.logged.clear()
    del client, server
    gc.collect()  # here, where the warning is ignored


def test_a_task_of_a_websocket_is_dropped() -> None:
    with simulated(chat.app) as client, client.websocket_connect("/chat") as socket:
        socket.send_text("hello")
        assert socket.receive_text() == "you said hello"
    assert outcomes(client.timeline) == [("write_log", "dropped", "")]
    with serve(chat.app) as server:
        address = server.url.replace("http", "ws", 1) + "/chat"
        with websockets.sync.client.connect(address, proxy=None) as real_socket:
            real_socket.send("hello")
            assert real_socket.recv(10) == "you said hello"
        server.wait()
    assert outcomes(server.recorder.timeline) == [("write_log", "dropped", "")]
    assert "write_log was dropped: it never ran." in shown(cell_with(executed("09"), "chat_guess"))


@pytest.mark.parametrize("parts", [3, 5])
def test_the_tasks_of_a_stream_wait_for_its_last_part(parts: int) -> None:
    with simulated(unusual_responses.app) as client:
        assert len(client.get("/stream", params={"parts": parts}).text.splitlines()) == parts
        timeline = client.drain()
    assert timeline.requests[0].responded == parts
    assert [task.added for task in timeline.tasks] == [float(number) for number in range(1, parts + 1)]
    assert [task.started for task in timeline.tasks] == [float(parts + 2 * number) for number in range(parts)]
    assert timeline.tasks[-1].ended == 3 * parts


def test_on_a_server_the_tasks_of_a_stream_wait_for_its_last_part(held: Gate) -> None:
    held.open()
    with served(unusual_responses.app) as (server, client):
        assert len(client.get("/stream", params={"parts": 3}).text.splitlines()) == 3
        server.wait()
    assert order(server.recorder.timeline) == [
        "response 1",
        *(f"{what} {n}" for n in (1, 2, 3) for what in ("start", "end")),
    ]


def test_the_notebook_s_stream_has_as_many_parts_as_its_reader_wants() -> None:
    assert "Response at 3.0 s; 3 tasks ended, the last at 9.0 s" in shown(cell_with(executed("09"), "stream_guess"))
    changed = shown(cell_with(executed("09", *CHANGED_AND_WRONG), "stream_guess"))
    assert "Response at 5.0 s; 5 tasks ended, the last at 15.0 s" in changed


def test_tasks_run_after_a_head_a_204_a_redirect_a_mounted_app_and_a_file() -> None:
    expected = [("write_log", "finished", "")] * 4 + [("unlink", "finished", "")]
    with simulated(unusual_responses.app) as client:
        statuses = _unusual_requests(client)
        assert outcomes(client.drain()) == expected
    assert statuses == [200, 204, 307, 200, 200]
    assert not (folder() / "report.txt").exists()


def test_on_a_server_they_run_too(held: Gate) -> None:
    held.open()
    with served(unusual_responses.app) as (server, client):
        client.follow_redirects = True
        assert _unusual_requests(client) == [200, 204, 307, 200, 200]
        server.wait()
    ran = sorted((task.request_id, task.name, task.status) for task in server.recorder.timeline.tasks)
    assert ran == [(number, "write_log", "finished") for number in (1, 2, 3, 4)] + [(5, "unlink", "finished")]
    assert not (folder() / "report.txt").exists()


def _unusual_requests(client: httpx.Client) -> list[int]:
    head, delete, old = client.head("/tickets"), client.delete("/tickets"), client.get("/old")
    file = client.get("/file")
    assert file.text == "a report"
    return [response.status_code for response in (head, delete, *old.history, old, file)]


def test_the_notebook_sends_the_same_unusual_requests() -> None:
    text = shown(cell_with(executed("09"), "rest_guess"))
    assert [
        line.split()[:2] for line in text.splitlines() if "200 at" in line or "204 at" in line or "307 at" in line
    ] == [
        ["HEAD", "/tickets"],
        ["DELETE", "/tickets"],
        ["GET", "/old"],
        ["GET", "/shop/tickets"],
        ["GET", "/file"],
    ]
    assert text.count("finished") == 5


def test_it_asks_nothing_without_an_answer() -> None:
    notebook = executed("09")
    for name, guesses in GUESSES.items():
        assert shown(cell_with(notebook, name)).count("you have not guessed yet") == guesses
    assert "Put one of" in shown(cell_with(notebook, "choose("))


def test_right_guesses_are_called_right() -> None:
    notebook = executed("09", *RIGHT)
    for name, guesses in GUESSES.items():
        assert shown(cell_with(notebook, name)).count("Right!") == guesses
    assert shown(cell_with(notebook, "choose(")).startswith("**Right.**")


WRONG = {
    "pool_guess": [
        "second response: you guessed 0 s and it was 5.0 s",
        "scope: you guessed 5 s and it was 0.0 s",
        "error seen: you guessed False and it was True.",
    ],
    "stopwatch_guess": [
        "response: you guessed 5 s and it was 0.0 s",
        "around call next: you guessed 5 and it was 0.",
        "around the app: you guessed 0 and it was 5.",
    ],
    "upload_guess": ["bytes in the task: you guessed 0 and it was 8."],
    "log_guess": [
        "coroutine: you guessed finished and it was failed.",
        "generator: you guessed failed and it was finished.",
        "printed: you guessed hello and it was nothing.",
    ],
    "chat_guess": ["task runs: you guessed True and it was False."],
    "stream_guess": [
        "response: you guessed 1 s and it was 5.0 s",
        "task start: you guessed 1 s and it was 5.0 s",
        "task end: you guessed 3 s and it was 15.0 s",
    ],
    "rest_guess": [
        "tasks that run: you guessed 2 and it was 5.",
        "file received: you guessed False and it was True.",
        "file left: you guessed True and it was False.",
    ],
}


def test_wrong_guesses_are_told_what_was_seen() -> None:
    notebook = executed("09", *CHANGED_AND_WRONG)
    for name, sentences in WRONG.items():
        text = shown(cell_with(notebook, name))
        assert [sentence for sentence in sentences if sentence not in text] == []
    assert shown(cell_with(notebook, "choose(")).startswith("**Not quite.**")


def test_every_choice_has_an_answer_of_its_own() -> None:
    answers = {letter: which_one_works.answer(letter) for letter in which_one_works.choices}
    assert [letter for letter, answer in answers.items() if answer.right] == ["d"]
    assert len({answer.words for answer in answers.values()}) == len(answers) == 4


def test_it_has_the_same_outputs_when_it_is_built_again() -> None:
    assert not any("real-time" in tags(cell) for cell in code_cells(build.read(source_of("09"))))
    assert_rebuilt_alike("09")


@pytest.mark.parametrize(("words", "lesson"), LESSONS.items(), ids=[lesson.__name__ for lesson in LESSONS.values()])
def test_it_shows_the_lessons_own_text(words: str, lesson: ModuleType) -> None:
    assert cell_with(build.read(source_of("09")), words).source == own_text(lesson)
