"""Notebook 04, add_task, part 1, the proof: it shows what it claims, and answers what it asks."""

import re
import time
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from bgdemo import TestClient, exercises
from bgdemo.lessons import add_task, several_tasks
from course import assert_rebuilt_alike, build, cell_with, executed, filled, own_text, shown, side_by_side, source_of
from servers import serve

pytestmark = pytest.mark.long

LATE = 2.0
"""Seconds by which a busy machine may be late; real time never runs ahead."""

QUICK = (
    ("    time.sleep(5)\n    with open", "    time.sleep(0.02)\n    with open"),
    (
        '    print("write end")\n    time.sleep(2)',
        '    print("write end")\n    time.sleep(0.02)',
    ),
)
"""Where it is about answers, the article's task need not take its 7 real seconds, twice."""

GUESSES = [
    ("guess = predict(response=..., file_written=..., task_end=...)", (0, 5, 0), (7, 0, 7)),
    ("guess_3 = predict(response=..., task_end=...)", (0, 6), (0, 2)),
    ("guess_4 = predict(response=..., status=..., in_background=...)", (2, 200, False), (0, 500, True)),
    ("guess_5 = predict(status=..., mails_sent=..., seen_by=...)", (200, 1, "handler"), (503, 2, "both")),
]
"""As in the notebook; the right values, and wrong ones: tasks run side by side, a call is added, an error is told."""

CALL = "background_tasks.add_task  # complete this call"
RIGHT_CALL = 'background_tasks.add_task(write_notification, email, message="some notification")'
WRONG_CALL = 'background_tasks.add_task(write_notification(email, message="some notification"))'
CHOICE = "choose(..., what_the_response_can_say)"


def answered(*, right: bool) -> Any:
    """The notebook of a learner whose answers are all right, or all wrong."""
    guesses = [filled(line, *(good if right else bad)) for line, good, bad in GUESSES]
    call, letter = (RIGHT_CALL, "c") if right else (WRONG_CALL, "a")
    return executed("04_add", *QUICK, *guesses, (CALL, call), filled(CHOICE, letter))


def compared(notebook: Any, line: str) -> list[str]:
    """The sentences about a guess, without the pictures below them."""
    return shown(cell_with(notebook, f"{line.split()[0]}.compare")).partition("\n\n")[0].splitlines()


def seconds(pattern: str, text: str) -> list[float]:
    """The numbers that the first match of a pattern has."""
    found = re.search(pattern, text)
    assert found is not None, text
    return [float(number) for number in found.groups()]


ON_TIME = r"Response at ([\d.]+) s; write_notification ended at ([\d.]+) s: the client did not wait\."


def assert_the_article_s_times(text: str) -> None:
    """The response at once, the end of the task at 7 s, on a real clock."""
    response, ended = seconds(ON_TIME, text)
    assert response <= LATE
    assert 7.0 <= ended <= 7.0 + 2 * LATE


@pytest.fixture(scope="module", autouse=True)
def _runs() -> None:
    side_by_side(lambda: executed("04_add"), lambda: answered(right=True), lambda: answered(right=False))


def test_on_the_real_clock_the_response_comes_at_once_and_the_task_ends_at_7_s() -> None:
    seen = shown(cell_with(executed("04_add"), "watch(client_1"))
    assert seen.startswith("Response: 200. Is the file there? False\n")
    assert_the_article_s_times(seen)


def test_on_the_simulated_clock_the_file_is_not_there_just_before_5_s_and_there_at_5_s() -> None:
    notebook = executed("04_add")
    assert "Response at 0.0 s; write_notification was added and has not started." in shown(
        cell_with(notebook, "client_2 = TestClient")
    )
    film = shown(cell_with(notebook, "advance(4.999)"))
    assert "At 4.999 s: is the file there? False\n" in film
    assert "At 5.0 s: notification for a@example.com: some notification\n" in film
    assert "write_notification is still running at 5.0 s: the client did not wait." in film


def test_both_clocks_tell_the_same_story_one_above_the_other() -> None:
    seen = shown(cell_with(executed("04_add"), "guess.compare("))
    real, simulated = (part for part in seen.split("\n\n") if part.startswith("Response at"))
    assert_the_article_s_times(real)
    assert simulated.startswith("Response at 0.0 s; write_notification ended at 7.0 s: the client did not wait.")
    assert seen.count("(simulated)") == 1


def test_a_client_of_a_real_server_has_its_response_at_once_and_the_task_ends_at_7_s() -> None:
    seen = shown(cell_with(executed("04_add"), "serve(app)"))
    (elapsed,) = seconds(r"httpx has its response after ([\d.]+) s", seen)
    assert elapsed <= LATE
    assert_the_article_s_times(seen)
    assert "(simulated)" not in seen


def test_three_tasks_run_in_order_and_the_record_has_both_kinds_of_arguments_and_no_result() -> None:
    notebook = executed("04_add")
    assert "Response at 0.0 s; 3 tasks ended, the last at 6.0 s: the client did not wait." in shown(
        cell_with(notebook, 'client_3.post("/three")')
    )
    record = shown(cell_with(notebook, "to_dict"))
    assert "'args': ('a@example.com',)" in record
    assert "'kwargs': {'message': 'hello'}" in record
    assert "sent to" not in record


def test_a_call_in_the_brackets_makes_the_client_wait_and_fails_afterwards() -> None:
    seen = shown(cell_with(executed("04_add"), 'client_4.post("/called")'))
    assert "Response at 2.0 s; str failed at 2.0 s (TypeError: the first argument must be callable)" in seen


def test_a_task_that_raises_takes_the_later_ones_along_and_no_handler_changes_the_response() -> None:
    seen = shown(cell_with(executed("04_add"), 'client_5.post("/broken")'))
    broken, gives_up = seen.split("POST /gives_up")
    assert "4 tasks (1 finished, 2 failed, 1 skipped)" in " ".join(seen.split())
    assert "200 at 0.0 s" in broken
    assert "200 at 10.0 s" in gives_up
    assert "error: ConnectionError: the mail server is down" in broken
    assert "error: RuntimeError: Caught handled exception, but response already" in gives_up


def test_what_the_second_app_does_is_what_a_real_server_does(monkeypatch: pytest.MonkeyPatch) -> None:
    sleep = time.sleep
    monkeypatch.setattr(several_tasks, "time", SimpleNamespace(sleep=lambda length: sleep(length / 20)))
    client = TestClient(several_tasks.several, clock="simulated", raise_server_exceptions=False)
    with serve(several_tasks.several) as server:
        for path in ("/three", "/called", "/broken", "/gives_up"):
            several_tasks.seen_by.clear()
            assert client.post(path).json() == httpx.post(server.url + path, trust_env=False).json()
            client.clock.advance(10)
            server.wait()
            assert several_tasks.seen_by == [] if path == "/three" else ["handler", "handler"]
    expected, seen = client.drain(), server.recorder.timeline
    assert [request.status for request in seen.requests] == [200, 200, 200, 200]
    assert [(t.name, t.status, t.error) for t in seen.tasks] == [(t.name, t.status, t.error) for t in expected.tasks]
    assert [request.error for request in seen.requests] == [request.error for request in expected.requests]
    three, called, broken, _ = ((request.responded or 0) - request.sent for request in seen.requests)
    assert called >= 0.1
    for waited, tasks in ((three, seen.tasks_of(1)), (broken, seen.tasks_of(3))):
        assert all(task.ended - seen.requests[task.request_id - 1].sent > waited for task in tasks if task.ended)


@pytest.mark.parametrize(("line", "good", "bad"), GUESSES, ids=[line.split()[0] for line, _, _ in GUESSES])
def test_each_guess_is_asked_for_found_right_and_found_wrong(line: str, good: Any, bad: Any) -> None:
    assert all("you have not guessed yet" in sentence for sentence in compared(executed("04_add"), line))
    assert all(sentence.endswith("Right!") for sentence in compared(answered(right=True), line))
    wrong = [sentence for sentence in compared(answered(right=False), line) if not sentence.endswith("Right!")]
    assert len(wrong) == sum(a != b for a, b in zip(good, bad, strict=True))
    assert len(compared(executed("04_add"), line)) == line.count("...")


def test_the_question_is_asked_and_answered() -> None:
    assert "Put one of" in shown(cell_with(executed("04_add"), CHOICE))
    assert shown(cell_with(answered(right=True), "choose(")).startswith("**Right.**")
    assert shown(cell_with(answered(right=False), "choose(")).startswith("**Not quite.**")


def test_the_exercise_is_given_and_checked() -> None:
    check = "complete_the_call.check"
    assert shown(cell_with(executed("04_add"), check)).startswith("Not attempted.")
    assert shown(cell_with(answered(right=True), check)).startswith("Right.")
    assert shown(cell_with(answered(right=False), check)).startswith("Wrong. You called the function")
    notebook = build.read(source_of("04_add"))
    exercise = exercises.add_task.complete_the_call
    assert cell_with(notebook, CALL).source == exercise.starter.strip()
    assert any(exercise.statement.strip() in cell.source for cell in notebook.cells)


def test_it_shows_the_lessons_own_texts() -> None:
    notebook = build.read(source_of("04_add"))
    assert cell_with(
        notebook, 'def write_notification(email: str, message: str = "") -> None:\n    time.sleep(5)\n    with'
    ).source == own_text(add_task)
    assert cell_with(notebook, "several = FastAPI()").source == own_text(
        several_tasks, without="  # type: ignore[arg-type]"
    )


def test_it_has_the_same_outputs_when_it_is_built_again() -> None:
    assert_rebuilt_alike("04_add")
