"""Predictions, questions and the growing picture: what a learner does beside running code."""

import asyncio
import importlib
import pkgutil
import threading
import time
from collections import Counter
from types import EllipsisType
from typing import Any

import pytest
from fastapi import BackgroundTasks, FastAPI

from bgdemo import AsyncTestClient, TestClient, questions
from bgdemo import notebook as notebook_module
from bgdemo.display import Mark
from bgdemo.model import Event, Request, Task
from bgdemo.notebook import choose, predict, watch
from bgdemo.questions import Question
from bgdemo.questions.waiting import who_waited
from bgdemo.record.timeline import Timeline

PLACES = questions.__path__

HAPPENED = Timeline(
    [Request(1, "POST", "/send_info", 200, 0.0, 0.0, 7.0)],
    [Task(1, 1, "write", "app.write", (), {}, 0.0, 0.0, 7.0, "finished", None, "threadpool")],
    [Event(0.0, 0, "request_sent", 1), Event(0.0, 1, "response_ended", 1), Event(7.0, 2, "task_ended", 1, 1)],
    now=7.0,
)


def test_a_right_guess_is_said_to_be_right_and_drawn() -> None:
    shown = predict(response=0, task_end=7).compare(HAPPENED)
    assert shown.right is True
    assert shown.words.splitlines()[:2] == [
        "response: you guessed 0 s and it was 0.0 s. Right!",
        "task end: you guessed 7 s and it was 7.0 s. Right!",
    ]
    assert shown.picture is not None
    assert "your guess: task end" in shown.picture


def test_a_wrong_guess_is_told_how_far_off_it_is_and_in_which_direction() -> None:
    shown = predict(response=7, task_end=2).compare(HAPPENED)
    assert shown.right is False
    assert shown.words.splitlines()[:2] == [
        "response: you guessed 7 s and it was 0.0 s, 7.0 s earlier.",
        "task end: you guessed 2 s and it was 7.0 s, 5.0 s later.",
    ]


def test_a_guess_that_was_not_made_is_asked_for_and_later_cells_still_run() -> None:
    shown = predict(response=..., task_end=7).compare(HAPPENED)
    assert shown.right is None
    assert "response: you have not guessed yet" in shown.words


def test_a_guess_about_what_has_not_happened_says_so() -> None:
    shown = predict(task_start=1).compare(Timeline())
    assert "it has not happened (yet)" in shown.words


def test_guesses_about_several_clients_share_one_picture() -> None:
    slow = Timeline([Request(1, "POST", "/wait", 200, 0.0, 7.0, 7.0)], now=7.0)
    shown = predict(waiting=7, background=7).compare(waiting=slow, background=HAPPENED)
    assert shown.right is False
    assert shown.picture is not None
    assert shown.picture.count("<svg") == 3


@pytest.mark.parametrize(
    ("guess", "seen", "sentence", "right"),
    [
        (422, 422, "it: you guessed 422 and it was 422. Right!", True),
        (200, 422, "it: you guessed 200 and it was 422.", False),
        (False, True, "it: you guessed False and it was True.", False),
        (" mail ", "mail", "it: you guessed mail and it was mail. Right!", True),
        (["a", "b"], ("a", "b"), "it: you guessed a, then b and it was a, then b. Right!", True),
        (0.1, 0.001, "it: you guessed 0.1 and it was 0.001. Right!", True),
        ("Thread pool", "threadpool", "it: you guessed Thread pool and it was threadpool. Right!", True),
        ([], [], "it: you guessed nothing and it was nothing. Right!", True),
        (["b", "a"], [], "it: you guessed b, then a and it was nothing.", False),
        (3, None, "it: you guessed 3, but it has not happened (yet). Run the cells before this one.", None),
        (..., 3, "it: you have not guessed yet. Put your guess in the place of ... and run it again.", None),
    ],
)
def test_what_was_seen_can_be_guessed_as_well_as_a_time(guess: Any, seen: Any, sentence: str, right: Any) -> None:
    shown = predict(it=guess).compare(it=seen)
    assert (shown.words.splitlines()[0], shown.right) == (sentence, right)


def test_a_guess_about_what_was_seen_is_shown_above_the_timeline() -> None:
    shown = predict(status=200).compare(HAPPENED, status=200)
    assert shown.picture is not None
    assert shown.picture.count("<svg") == 2


def test_guesses_are_about_the_first_of_several_timelines_and_the_others_are_drawn_below() -> None:
    other = Timeline([Request(1, "POST", "/twice", 200, 0.0, 3.0, 3.0)], now=3.0)
    shown = predict(response=0).compare(HAPPENED, other)
    assert shown.words.startswith("response: you guessed 0 s and it was 0.0 s. Right!")
    assert shown.words.index("/send_info") < shown.words.index("/twice")
    assert shown.picture is not None
    assert shown.picture.count("<svg") == 3


@pytest.mark.parametrize("guess", [None, [7], {}, ""])
def test_a_guess_of_no_kind_is_refused_by_name(guess: Any) -> None:
    with pytest.raises(TypeError, match=r"response=.* is no guess: give a number, such as response=3"):
        predict(response=guess)


def test_a_number_in_quotes_is_given_back_without_them() -> None:
    with pytest.raises(TypeError, match=r"leave the quotes out, response=7\."):
        predict(response="7")


@pytest.mark.parametrize("guess", ["soon", True, ["a"]])
def test_a_guess_of_a_time_that_is_no_number_is_asked_for_one(guess: Any) -> None:
    shown = predict(response=guess).compare(HAPPENED)
    assert shown.right is None
    assert "is no number of seconds. Guess one, such as response=3" in shown.words


@pytest.mark.parametrize("guess", [-1, float("nan"), float("inf")])
def test_a_guess_that_is_no_time_is_refused(guess: float) -> None:
    with pytest.raises(ValueError, match="is no time"):
        predict(response=guess)


def test_a_guess_that_nothing_was_given_for_says_what_to_pass() -> None:
    with pytest.raises(TypeError, match="pass waiting=client"):
        predict(waiting=7).compare()
    with pytest.raises(TypeError, match="guess response, task_start or task_end"):
        predict(waiting=7).compare(HAPPENED)


@pytest.mark.parametrize("letter", list(who_waited.choices))
def test_every_choice_has_an_answer_of_its_own(letter: str) -> None:
    answer = choose(letter.upper(), who_waited)
    assert answer.right is (letter == who_waited.right)
    assert who_waited.choices[letter][1] in str(answer)
    assert len({words for _, words in who_waited.choices.values()}) == len(who_waited.choices)


@pytest.mark.parametrize(("letter", "words"), [(..., "Put one of"), ("x", "There is no choice 'x'"), ("", "no choice")])
def test_no_choice_is_left_without_a_word(letter: str | EllipsisType, words: str) -> None:
    answer = choose(letter, who_waited)
    assert answer.right is None
    assert words in str(answer)


def test_a_question_that_shows_itself_does_not_show_its_answers() -> None:
    question = Question("Who?", {"a": ("me", "secret"), "b": ("you", "hidden")}, right="b")
    for shown in (str(question), repr(question), question._repr_markdown_(), str(choose(..., question))):
        assert "me" in shown
        assert "secret" not in shown
        assert "hidden" not in shown


@pytest.fixture
def frames(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What a front end is told to show, in order."""
    import IPython.display

    told: list[dict[str, Any]] = []

    def display(data: dict[str, str], *, raw: bool, display_id: str) -> None:
        told.append({"new": True, "id": display_id, **data})

    def update_display(data: dict[str, str], *, raw: bool, display_id: str) -> None:
        told.append({"new": False, "id": display_id, **data})

    monkeypatch.setattr(IPython.display, "display", display)
    monkeypatch.setattr(IPython.display, "update_display", update_display)
    monkeypatch.setattr(notebook_module, "in_notebook", lambda: True)
    monkeypatch.setattr(notebook_module, "FRAME", 0.01)
    return told


def an_app(gate: threading.Event) -> FastAPI:
    app = FastAPI()

    def wait() -> None:
        gate.wait(10)

    @app.post("/")
    async def route(background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(wait)

    return app


def test_watch_draws_one_picture_again_and_again_until_the_task_has_ended(frames: list[dict[str, Any]]) -> None:
    gate = threading.Event()
    client = TestClient(an_app(gate))
    client.post("/")
    watcher = threading.Thread(target=watch, args=(client,), kwargs={"until": 7, "marks": [Mark(5, "the file")]})
    watcher.start()
    while len(frames) < 3 or "running" not in frames[-1]["text/plain"]:
        time.sleep(0.01)
    gate.set()
    watcher.join(10)
    assert [frame["new"] for frame in frames[:3]] == [True, False, False]
    assert len({frame["id"] for frame in frames}) == 1
    assert any("running" in frame["text/plain"] for frame in frames)
    assert "finished" in frames[-1]["text/plain"]
    assert "the file" in frames[0]["image/svg+xml"]
    client.close()


def test_watch_plays_a_simulated_clock_fast(frames: list[dict[str, Any]]) -> None:
    app = FastAPI()

    @app.post("/")
    async def route(background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(time.sleep, 7)

    with TestClient(app, clock="simulated") as client:
        client.post("/")
        watch(client, until=7)
        assert client.timeline.tasks[0].ended == 7.0
    assert len(frames) > 7
    assert "finished" in frames[-1]["text/plain"]


def test_watch_leaves_the_error_of_a_task_for_drain(frames: list[dict[str, Any]]) -> None:
    app = FastAPI()

    def fail() -> None:
        raise ValueError("no mail server")

    @app.post("/")
    async def route(background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(fail)

    client = TestClient(app)
    client.post("/")
    watch(client)
    assert "failed" in frames[-1]["text/plain"]
    with pytest.raises(ValueError, match="no mail server"):
        client.drain()
    client.close()


def test_watch_is_awaited_with_the_async_client(frames: list[dict[str, Any]]) -> None:
    gate = threading.Event()

    async def main() -> None:
        async with AsyncTestClient(an_app(gate)) as client:
            await client.post("/")
            watching = asyncio.ensure_future(watch(client))
            while not any("running" in frame["text/plain"] for frame in frames):
                await asyncio.sleep(0.01)
            gate.set()
            await watching

    asyncio.run(main())
    assert "finished" in frames[-1]["text/plain"]


def test_watch_draws_text_in_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    gate = threading.Event()
    gate.set()
    client = TestClient(an_app(gate))
    client.post("/")
    watch(client)
    assert "wait ended at" in capsys.readouterr().out
    client.close()


def test_watch_is_a_picture_in_a_kernel_and_text_elsewhere() -> None:
    assert notebook_module.in_notebook() is False


def test_the_letter_gives_no_answer_away() -> None:
    modules = [importlib.import_module(f"bgdemo.questions.{module.name}") for module in pkgutil.iter_modules(PLACES)]
    every = {id(one): one for module in modules for one in vars(module).values() if isinstance(one, Question)}
    letters = Counter(question.right for question in every.values())
    assert len(every) >= 12
    assert set(letters) == {"a", "b", "c", "d"}
    assert max(letters.values()) <= 0.4 * len(every), letters
