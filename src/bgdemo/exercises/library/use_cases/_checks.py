"""What the three use cases are held to alike: the client is answered as before, and tasks do the rest."""

from typing import Any

from bgdemo.exercises.engine.exercise import Check
from bgdemo.exercises.engine.trial import Trial
from bgdemo.lessons import folder


def lines_of(name: str) -> list[str]:
    """What tasks wrote into a file of the lessons' folder; nothing if it is not there."""
    file = folder() / name
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


def answered_as_before(message: str) -> Check:
    """A check that the response says what it said.

    Args:
        message: what the waiting version answers.
    """

    def check(tried: Trial) -> str | None:
        """The response says what it said"""
        answers: list[Any] = [response.json() for response in tried.responses]
        if answers == [{"message": message}]:
            return None
        return f"The client read {answers[0] if answers else 'nothing'}, not {message!r}: keep what the route returns."

    return check


def done_by_tasks(tried: Trial) -> str | None:
    """The work is done by background tasks"""
    if not tried.timeline.tasks:
        return "No task was added: the route needs a parameter of the type BackgroundTasks, and its add_task."
    dropped = any(task.status == "dropped" for task in tried.timeline.tasks)
    return "A task was added, and dropped: FastAPI runs only the list that it made." if dropped else None
