"""Notebook 05, Dependency injection: it shows what it claims, and answers what it asks."""

import re
import time
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from bgdemo import TestClient, exercises
from bgdemo.lessons import dependency_injection, levels, lost_tasks, temporary_folder
from course import assert_rebuilt_alike, build, cell_with, executed, filled, own_text, shown, side_by_side, source_of
from servers import serve

LEVELS = ["include_router", "router", "decorator", "sub-dependency", "dependency", "path operation"]

GUESSES = [
    ("guess_1 = predict(lines=...)", (["found", "message"],), (["message", "found"],)),
    ("guess_2 = predict(first=..., last=...)", ("include_router", "path operation"), ("path operation", "dependency")),
    ("guess_3 = predict(twice=..., without_cache=...)", (1, 2), (2, 1)),
    ("guess_4 = predict(raised=..., returned=...)", (0, 2), (2, 0)),
    ("guess_5 = predict(no_email=..., dependency=..., model=...)", (0, 0, 0), (1, 1, 2)),
    ("guess_6 = predict(tasks=...)", (["send_receipt"],), (["count_visit", "send_mail", "send_receipt"],)),
]
"""As in the notebook; the right values, and wrong ones: the route comes first, tasks survive, lists add up."""

CHOICE = "choose(..., what_becomes_of_the_log)"
GAP = "def get_query(q: str | None = None) -> str | None:\n    # complete this function\n"
DEPENDENCY = (
    'def get_query({}q: str | None = None) -> str | None:\n    if q:\n        {}(write_log, f"found query: {{q}}\\n")\n'
)
RIGHT = DEPENDENCY.format("background_tasks: BackgroundTasks, ", "background_tasks.add_task")
OWN_LIST = DEPENDENCY.format("", "BackgroundTasks().add_task")
RAISED = 'raise HTTPException(status_code=409, detail="sold out")'
RETURNED = 'return JSONResponse({"detail": "sold out"}, status_code=409)'
WITH_200 = 'return {"detail": "sold out"}'


def answered(*, right: bool) -> Any:
    """The notebook of a learner whose answers are all right, or all wrong."""
    guesses = [filled(line, *(good if right else bad)) for line, good, bad in GUESSES]
    dependency, last_line, letter = (RIGHT, RETURNED, "a") if right else (OWN_LIST, WITH_200, "c")
    return executed("05", *guesses, (GAP, dependency), (RAISED, last_line), filled(CHOICE, letter))


@pytest.fixture(scope="module", autouse=True)
def _runs() -> None:
    side_by_side(lambda: executed("05"), lambda: answered(right=True), lambda: answered(right=False))


def compared(notebook: Any, line: str) -> str:
    """What the cell of a guess shows."""
    return shown(cell_with(notebook, f"{line.split()[0]}.compare"))


def sentences(notebook: Any, line: str) -> list[str]:
    """The sentences about a guess, without the pictures below them."""
    names = line.partition("(")[2].rstrip(")").split(", ")
    begin = tuple(f"{name.partition('=')[0].replace('_', ' ')}: " for name in names)
    return [part for part in compared(notebook, line).splitlines() if part.startswith(begin)]


def outcomes(text: str) -> list[list[str]]:
    """Of each task in a picture: its name, and what became of it."""
    rows = [
        line.split()
        for line in text.splitlines()
        if line.startswith("  ") and ("finished" in line or "dropped" in line)
    ]
    return [[row[0], "finished" if "finished" in row else "dropped"] for row in rows]


def test_the_dependency_s_task_runs_before_the_route_s() -> None:
    seen = compared(executed("05"), "guess_1")
    assert "found query: fastapi\nmessage to a@example.com\n" in seen
    assert outcomes(seen) == [["write_log", "finished"]] * 2


def test_all_levels_add_to_one_list_from_the_outside_to_the_inside() -> None:
    seen = compared(executed("05"), "guess_2")
    assert seen.startswith("\n".join(LEVELS))
    assert [line.partition("printed: ")[2] for line in seen.splitlines() if "printed:" in line] == LEVELS
    assert "Response at 0.0 s; 6 tasks ended, the last at 6.0 s: the client did not wait." in seen


def test_without_the_cache_a_dependency_adds_its_task_twice() -> None:
    seen = compared(executed("05"), "guess_3")
    cached, without_cache = seen.split("POST /twice/without_cache")
    assert (outcomes(cached), outcomes(without_cache)) == ([["note", "finished"]], [["note", "finished"]] * 2)


def test_raising_drops_the_tasks_of_all_levels_and_returning_an_error_runs_them() -> None:
    seen = compared(executed("05"), "guess_4")
    raised, returned = seen.split("POST /return")
    assert outcomes(raised) == [["count_visit", "dropped"], ["send_mail", "dropped"]]
    assert outcomes(returned) == [["count_visit", "finished"], ["send_mail", "finished"]]
    assert "400 at 0.0 s" in raised.splitlines()[-3]
    assert "400 at 0.0 s" in returned.splitlines()[0]


def test_a_response_s_own_background_takes_the_place_of_the_list() -> None:
    seen = compared(executed("05"), "guess_6")
    assert outcomes(seen) == [["count_visit", "dropped"], ["send_mail", "dropped"], ["send_receipt", "finished"]]


def test_whatever_fails_before_the_response_drops_the_tasks() -> None:
    seen = compared(executed("05"), "guess_5")
    assert outcomes(seen) == [["count_visit", "dropped"]] * 3 + [["send_mail", "dropped"]]
    assert re.findall(r"(\d{3}) at 0.0 s", seen) == ["422", "500", "500"]


@pytest.mark.parametrize(
    ("lesson", "app", "requests"),
    [
        (levels, levels.levels, ["/send_info", "/twice", "/twice/without_cache"]),
        (lost_tasks, lost_tasks.shop, ["/raise", "/return", "/own", "/dependency", "/model"]),
    ],
    ids=["levels", "lost_tasks"],
)
def test_a_real_server_does_the_same(
    lesson: ModuleType, app: FastAPI, requests: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sleep = time.sleep
    monkeypatch.setattr(lesson, "time", SimpleNamespace(sleep=lambda seconds: sleep(seconds / 100)))
    email = {"email": "a@example.com"}
    client = TestClient(app, clock="simulated", raise_server_exceptions=False)
    with serve(app) as server:
        for path in requests:
            here, there = client.post(path, params=email), httpx.post(server.url + path, params=email, trust_env=False)
            assert (here.status_code, here.text) == (there.status_code, there.text)
            server.wait()
    expected, seen = client.drain(), server.recorder.timeline
    assert [(t.name, t.args, t.status) for t in seen.tasks] == [(t.name, t.args, t.status) for t in expected.tasks]


def test_without_a_query_only_the_route_adds_a_line() -> None:
    with temporary_folder() as folder:
        client = TestClient(dependency_injection.app, clock="simulated")
        client.post("/send_info", params={"email": "a@example.com"})
        client.drain()
        assert (Path(folder) / "log.txt").read_text(encoding="utf-8") == "message to a@example.com\n"


@pytest.mark.parametrize(("line", "good", "bad"), GUESSES, ids=[line.split()[0] for line, _, _ in GUESSES])
def test_each_guess_is_asked_for_found_right_and_found_wrong(line: str, good: Any, bad: Any) -> None:
    asked = sentences(executed("05"), line)
    assert len(asked) == line.count("...")
    assert all("you have not guessed yet" in sentence for sentence in asked)
    assert all(sentence.endswith("Right!") for sentence in sentences(answered(right=True), line))
    assert not any(sentence.endswith("Right!") for sentence in sentences(answered(right=False), line))


def test_the_question_is_asked_and_answered() -> None:
    assert "Put one of" in shown(cell_with(executed("05"), CHOICE))
    assert shown(cell_with(answered(right=True), "choose(")).startswith("**Right.**")
    assert shown(cell_with(answered(right=False), "choose(")).startswith("**Not quite.**")


@pytest.mark.parametrize(
    ("name", "words", "wrong"),
    [
        ("log_the_query", "# complete this function", "Wrong. The line was added to a list that nobody runs"),
        ("keep_the_task", RAISED, "Wrong. POST /tickets answered 200, not 409."),
    ],
)
def test_each_exercise_is_given_and_checked(name: str, words: str, wrong: str) -> None:
    check = f"{name}.check"
    assert shown(cell_with(executed("05"), check)).startswith("Not attempted.")
    assert shown(cell_with(answered(right=True), check)).startswith("Right.")
    assert shown(cell_with(answered(right=False), check)).startswith(wrong)
    notebook = build.read(source_of("05"))
    exercise = getattr(exercises.dependency_injection, name)
    assert cell_with(notebook, words).source == exercise.starter.strip()
    assert any(exercise.statement.strip() in cell.source for cell in notebook.cells)


def test_the_use_cases_are_given_to_take_home() -> None:
    text = "".join(cell.source for cell in build.read(source_of("05")).cells)
    assert "practice_use_cases.ipynb" in text
    assert sorted(exercises.use_cases) == ["purchase", "tickets", "upload"]


def test_it_shows_the_lessons_own_texts() -> None:
    notebook = build.read(source_of("05"))
    assert cell_with(notebook, "if q:\n        background_tasks.add_task").source == own_text(dependency_injection)
    assert cell_with(notebook, "levels = FastAPI()").source == own_text(levels)
    assert cell_with(notebook, "shop = FastAPI(").source == own_text(
        lost_tasks, without="  # type: ignore[return-value]"
    )


def test_it_has_the_same_outputs_when_it_is_built_again() -> None:
    assert_rebuilt_alike("05")
