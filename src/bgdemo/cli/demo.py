"""`bgdemo demo`: the article's experiment, felt in a terminal."""

import contextlib
import io
import os
import time
from pathlib import Path

import httpx

from bgdemo import TestClient
from bgdemo.cli.terminal import REDRAW_EVERY, Failed, Screen, WrongUsage
from bgdemo.clock import ClockName
from bgdemo.lessons import add_task, folder, use_folder
from bgdemo.model import Task
from bgdemo.simulation import SimulatedClock

TASK_SECONDS = 7.0
"""How long the article's task takes."""
PATH = "/send_info?email=a@example.com"

INTRODUCTION = """\
Does the client wait for the task?

The app is bgdemo.lessons.add_task. Its route POST /send_info adds a background task and answers.
The task, write_notification, sleeps 5 s, writes log_test.txt, prints "write end", and sleeps 2 s more.
"""


def run(where: Path | None, clock: ClockName) -> None:
    """Post to the article's app, and show the response, the wait for the task, and both on one timeline.

    Args:
        where: folder for log_test.txt; None for the default.
        clock: "real", to feel the wait, or "simulated".

    Raises:
        WrongUsage: the folder cannot be made, or the clock is not known.
        Failed: the task did not finish.
    """
    screen = Screen()
    file = _folder(where) / "log_test.txt"
    file_at_first = _written(file)
    client = _client(clock)
    screen.say(INTRODUCTION)
    # What the task prints is said with its time; it must not tear the bar.
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            _tell(screen, 0.0, f"you send POST {PATH}")
            began = time.perf_counter()
            response = client.post(PATH)
            took = client.clock.time() if clock == "simulated" else time.perf_counter() - began
            _tell(screen, took, f"the response is here, {_answer(response)}")
            screen.say(f"          {_state(file, file_at_first)}; the task goes on")
            _wait(screen, client)
            timeline = client.timeline
        finally:
            client.close()
    screen.say(f"\n{timeline}\n")
    (task,) = timeline.tasks
    if task.status != "finished":
        raise Failed(f"{task.name} {task.status}: {task.error}")
    screen.say(f"{_place(file, temporary=where is None)}\n  {file.read_text(encoding='utf-8')}")


def _folder(where: Path | None) -> Path:
    if where is not None:
        try:
            use_folder(where)
        except OSError as error:
            raise WrongUsage(f"--folder {where}: that folder cannot be made: {error.strerror or error}") from error
    return folder()


def _client(clock: ClockName) -> TestClient:
    try:
        return TestClient(add_task.app, raise_server_exceptions=False, clock=clock, close_timeout=0)
    except TypeError as error:
        raise WrongUsage(str(error)) from error


def _wait(screen: Screen, client: TestClient) -> None:
    """Until the task has ended: say what it prints and when it ends, with a bar if the screen has one."""
    name = add_task.write_notification.__name__
    said = ""
    with screen.live_line(name, total=TASK_SECONDS) as line:
        while True:
            timeline = client.timeline
            (task,) = timeline.tasks
            if len(task.printed) > len(said):
                _tell(screen, _moment(task, timeline.now), f"the task printed: {task.printed[len(said) :].strip()}")
                said = task.printed
            if task.ended is not None:
                _tell(screen, task.ended, f"the task ended: {task.status}")
                return
            line.show(timeline.now)
            if isinstance(client.clock, SimulatedClock):
                client.clock.advance(1.0)
            else:
                time.sleep(REDRAW_EVERY)


def _moment(task: Task, now: float) -> float:
    return now if task.ended is None else min(now, task.ended)


def _tell(screen: Screen, moment: float, what: str) -> None:
    screen.say(f"{moment:6.2f} s  {what}")


def _answer(response: httpx.Response) -> str:
    return f"{response.status_code}: {response.text}"


def _written(file: Path) -> float | None:
    return file.stat().st_mtime if file.exists() else None


def _state(file: Path, file_at_first: float | None) -> str:
    written = _written(file)
    if written is None:
        return f"{file.name} is not there yet"
    return f"{file.name} is the one of an earlier run" if written == file_at_first else f"{file.name} is there"


def _place(file: Path, *, temporary: bool) -> str:
    kept = f"{file.name}, in {file.parent}"
    if temporary and not os.environ.get("BGDEMO_FOLDER"):
        return f"{kept} (a temporary folder, gone in a moment: --folder DIR keeps the file):"
    return f"{kept}:"
