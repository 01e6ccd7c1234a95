"""Notebook 08, Outgrowing one process: it shows what it claims, and answers what it asks.

Here it shows the recordings of Redis and RabbitMQ; test_notebook_08_on_brokers.py has it start both.
"""

import asyncio
import re
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import BackgroundTasks, FastAPI

from bgdemo import Recorder, TestClient, guide
from bgdemo.lessons import done_twice, outgrowing, temporary_folder
from bgdemo.lessons.recorded import recorded
from bgdemo.questions.outgrowing import heavy_uploads
from bgdemo.queue import Queue
from course import assert_rebuilt_alike, build, cell_with, executed, filled, own_text, shown, side_by_side, source_of
from servers import until

pytestmark = [pytest.mark.timeout(400), pytest.mark.long]  # real seconds

LATE = 4.0
"""Seconds by which a busy machine may be late; real time never runs ahead."""

RECORDED = (("if broker.is_installed()", "if False"),)
"""The change that has it show the recordings, as where Redis and RabbitMQ are not installed."""

QUICK = (
    *RECORDED,
    ("time.sleep(5)", "time.sleep(0.5)"),
    ("time.sleep(2)\nkilled.kill()", "time.sleep(0.3)\nkilled.kill()"),
    ("time.sleep(2)\nqueued.kill()", "time.sleep(0.3)\nqueued.kill()"),
    ("time.sleep(2)\n        first.kill()", "time.sleep(0.3)\n        first.kill()"),
    ('Queue("embedded")', 'Queue("embedded", backoff=0.1)'),
)
"""Changes that let it run in a few seconds."""

GUESSES = [
    ("guess = predict(killed=..., asked_to_stop=...)", ("lost", "finished"), ("finished", "lost")),
    ("second_guess = predict(task_end=...)", (3,), (0.3,)),
    ("third_guess = predict(task=...)", ("lost",), ("finished",)),
    ("fourth_guess = predict(sooner=...)", ("rabbitmq",), ("redis",)),
    ("fifth_guess = predict(order_1=..., order_2=...)", (3, 1), (1, 2)),
    ("sixth_guess = predict(status=..., orders=...)", ("finished", 0), ("dropped", 1)),
    ("seventh_guess = predict(task_end=...)", (50,), (2,)),
]
"""As in the notebook; guesses that are right of the quick one, on a busy machine too, and wrong ones."""

CHOICE = "choose(..., heavy_uploads)"


def seconds(pattern: str, text: str) -> list[float]:
    """The numbers that the first match of a pattern has."""
    found = re.search(pattern, text)
    assert found is not None, text
    return [float(number) for number in found.groups()]


def compared(notebook: Any, line: str) -> str:
    """What the cell of a guess shows."""
    name = line.split()[0]
    return shown(cell_with(notebook, f"\n{name}.compare"))


def answered(*, right: bool) -> str:
    """What a learner is told whose answers are all right, or all wrong."""
    guesses = [filled(line, *(good if right else bad)) for line, good, bad in GUESSES]
    notebook = executed("08", *QUICK, *guesses, filled(CHOICE, "d" if right else "b"))
    return "\n".join([*(compared(notebook, line) for line, _, _ in GUESSES), shown(cell_with(notebook, "choose("))])


@pytest.fixture(scope="module", autouse=True)
def _runs() -> None:
    side_by_side(lambda: executed("08", *RECORDED), lambda: answered(right=True), lambda: answered(right=False))


def assert_it_shows_what_it_claims(notebook: Any) -> None:
    """What was killed, lost, survived and run again, and when."""
    killed = compared(notebook, GUESSES[0][0])
    lost, ended = seconds(
        r"was lost at ([\d.]+) s, when its process died[\s\S]*write_notification ended at ([\d.]+) s", killed
    )
    assert 2.0 <= lost <= 2.0 + LATE
    assert 7.0 <= ended <= 7.0 + LATE
    survived = compared(notebook, GUESSES[1][0])
    assert 7.0 <= seconds(r"write_notification ended at ([\d.]+) s", survived)[0] <= 7.0 + LATE
    assert re.search(r"finished +[\d.]+ +[\d.]+ +worker 1", survived)
    refused = shown(cell_with(notebook, "bgdemo.errors.QueueError"))
    assert "A worker cannot import <lambda>" in refused
    assert "the argument email is a UploadFile" in refused
    assert re.search(r"lost +[\d.]+ +[\d.]+ +worker 1", compared(notebook, GUESSES[2][0]))
    both = compared(notebook, GUESSES[3][0])
    assert len(re.findall(r"cut off +[\d.]+ +[\d.]+ +worker 1", both)) == 2
    redis, rabbitmq = map(float, re.findall(r"finished +[\d.]+ +([\d.]+) +worker 2", both))
    assert redis >= 8.0 + 7.0
    assert 2.0 + 7.0 <= rabbitmq < redis
    twice = compared(notebook, GUESSES[4][0])
    assert re.search(r"2 tasks \(1 finished, 1 failed\)", twice)
    assert "ConnectionError: the bank hung up" in twice
    assert "Response 409" in compared(notebook, GUESSES[5][0])
    assert "the last at\n50.0 s" in compared(notebook, GUESSES[6][0])
    assert shown(cell_with(notebook, "bgdemo.guide(")).startswith("a queue, on Redis or RabbitMQ, because\n- ")


def assert_it_asks_nothing_without_an_answer(notebook: Any) -> None:
    """Neither of those who have not guessed, nor of those who have not chosen."""
    for line, good, _ in GUESSES:
        assert compared(notebook, line).count("you have not guessed yet") == len(good)
    assert "Put one of" in shown(cell_with(notebook, "choose("))


def test_it_shows_what_it_claims_with_recordings() -> None:
    assert_it_shows_what_it_claims(executed("08", *RECORDED))


def test_the_guide_places_the_use_cases_where_the_lesson_does() -> None:
    text = build.read(source_of("08")).cells[-1].source
    rows = re.findall(r"^\| the .* \| `(.*=.*)` \| (.*) \|$", text, re.MULTILINE)
    assert len(rows) == 4
    for asked, tool in rows:
        assert guide(**eval(f"dict({asked})")).tool.partition(",")[0] == tool


def test_what_failed_for_good_is_kept_as_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BGDEMO_FOLDER", str(tmp_path))
    queue = Queue("embedded", folder=tmp_path / "queue", backoff=0.1)
    queue.add_task(done_twice.write_log, 1)
    queue.close()
    (failure,) = queue.failures()
    assert (failure.attempts, failure.error) == (3, "ConnectionError: the bank hung up")
    assert 'raise ConnectionError("the bank hung up")' in failure.traceback
    assert (tmp_path / "log.txt").read_text(encoding="utf-8") == 3 * "order 1 is paid\n"


def test_it_asks_nothing_without_an_answer_with_recordings() -> None:
    assert_it_asks_nothing_without_an_answer(executed("08", *RECORDED))


def test_it_tells_who_is_right_so() -> None:
    said = answered(right=True)
    assert said.count("Right!") == 10, said
    assert f"**Right.** {heavy_uploads.choices['d'][1]}" in said


def test_it_tells_who_is_wrong_what_it_was() -> None:
    said = answered(right=False)
    assert said.count("Right!") == 0
    for gap in (
        "killed: you guessed finished and it was lost.",
        "asked to stop: you guessed lost and it was finished.",
        "task: you guessed finished and it was lost.",
        "sooner: you guessed redis and it was rabbitmq.",
        "order 1: you guessed 1 and it was 3.",
        "order 2: you guessed 2 and it was 1.",
        "status: you guessed dropped and it was finished.",
        "orders: you guessed 1 and it was 0.",
        "task end: you guessed 2 s and it was 50.0 s, 48.0 s later.",
    ):
        assert gap in said
    assert f"**Not quite.** {heavy_uploads.choices['b'][1]}" in said


def test_it_has_the_same_outputs_when_it_is_built_again_with_recordings() -> None:
    assert_rebuilt_alike("08", *RECORDED)


def test_it_shows_the_lessons_own_text() -> None:
    notebook = build.read(source_of("08"))
    for file, lesson in (("shop.py", outgrowing), ("bank.py", done_twice)):
        assert cell_with(notebook, f"%%writefile {file}").source == f"%%writefile {file}\n{own_text(lesson)}"


def test_without_a_queue_it_is_the_article_s_app() -> None:
    with temporary_folder() as files, TestClient(outgrowing.app, clock="simulated") as client:
        client.post("/send_info", params={"email": "a@example.com"})
        client.clock.advance(5)
        assert (files / "log_test.txt").read_text(
            encoding="utf-8"
        ) == "notification for a@example.com: some notification"
        timeline = client.drain()
    (task,) = timeline.tasks
    assert (timeline.requests[0].responded, task.ended, task.ran_in, task.printed) == (
        0,
        7,
        "threadpool",
        "write end\n",
    )


def test_uvicorn_waits_no_longer_than_its_limit_for_what_a_deploy_finds() -> None:
    app, gate = FastAPI(), threading.Event()

    async def wait_awaiting() -> None:
        await asyncio.sleep(600)

    @app.post("/send_info")
    async def send_notification(background_tasks: BackgroundTasks, awaiting: bool) -> None:
        background_tasks.add_task(wait_awaiting if awaiting else gate.wait)

    recorder = Recorder(app)
    server = uvicorn.Server(uvicorn.Config(recorder, port=0, log_config=None, timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run)
    thread.start()
    until(lambda: server.started, "uvicorn to start")
    host, port = server.servers[0].sockets[0].getsockname()
    try:
        for awaiting in (True, False):
            httpx.post(f"http://{host}:{port}/send_info", params={"awaiting": awaiting}, trust_env=False)
        server.should_exit = True
        thread.join(30)
        assert [task.status for task in recorder.timeline.tasks] == ["cancelled", "abandoned"]
    finally:
        gate.set()


def test_the_recordings_are_what_the_experiment_shows() -> None:
    """tests/queue/test_faults.py runs the same on real servers."""
    for broker, soonest in (("redis", 8.0), ("rabbitmq", 2.0)):
        timeline = recorded(broker)
        (task,) = timeline.tasks
        events = [event for event in timeline.events if event.task_id == task.id]
        assert [event.kind for event in events] == [
            "task_added", "task_started", "task_interrupted", "task_redelivered", "task_started", "task_ended"
        ]  # fmt: skip
        assert (task.status, task.ran_in) == ("finished", "worker")
        assert soonest <= events[3].time < soonest + 2.5
