"""The misconception: the task can (or can't) use my session. It depends on the scope of the dependency."""

from typing import Any

from bgdemo.client import TestClient
from bgdemo.exercises.checks import answered, answered_at_once, task_called
from bgdemo.exercises.engine.exercise import Exercise
from bgdemo.exercises.engine.trial import Trial

STARTER = """\
import time

from fastapi import BackgroundTasks, Depends, FastAPI

app = FastAPI()
log: list[str] = []  # what the sessions did


class Session:
    def __init__(self) -> None:
        self.is_open = True
        log.append("opened")

    def save(self, text: str) -> None:
        if not self.is_open:
            raise RuntimeError("the session is closed")
        log.append(f"saved {text}")

    def close(self) -> None:
        self.is_open = False
        log.append("closed")


def get_session():
    session = Session()
    yield session
    session.close()


def save_later(session: Session, text: str) -> None:
    time.sleep(2)
    session.save(text)


@app.post("/notes")
def note(text: str, background_tasks: BackgroundTasks, session: Session = Depends(get_session, scope="function")):
    background_tasks.add_task(save_later, session, text)
    return {"message": "Noted"}


@app.get("/log")
def read_log():
    return log
"""

EARLY, RIGHT = 'Depends(get_session, scope="function")', "Depends(get_session)"
ADD = "background_tasks.add_task(save_later, session, text)"
TEXT = "buy milk"


def write_a_note(client: TestClient) -> Any:
    """A note is written, and when all is done the log is read; what it had before does not count."""
    before = len(client.get("/log").json())
    client.post("/notes", params={"text": TEXT})
    client.drain()
    return client.get("/log").json()[before:]


def the_note_is_saved(tried: Trial) -> str | None:
    """The note is saved"""
    tasks = task_called(tried, "save_later")
    if not tasks:
        return "The note is not saved in the background any more: the route is to add `save_later`."
    if tasks[0].error:
        return (
            f'The task failed with {tasks[0].error}: with scope="function" the code after `yield` runs before '
            "the response leaves, and the task only after it."
        )
    if f"saved {TEXT}" not in (tried.seen or ()):
        return "The note was not saved by a session: leave `save_later` as it was."
    return None


def one_session_that_is_closed(tried: Trial) -> str | None:
    """One session is opened, saves the note, and is closed"""
    if tried.seen not in (None, ["opened", f"saved {TEXT}", "closed"]):
        return (
            f"The sessions did this: {', '.join(tried.seen)}. Wanted is one session, opened, that saves the note and "
            "is then closed: leave `Session`, `get_session` and `save_later` alone, and change `Depends(...)`."
        )
    return None


exercise = Exercise(
    __name__,
    level="repair",
    statement="""\
The client is told "Noted", and no note is ever saved: the task's session is closed when it wants to save.
Change only `Depends(...)` in the route, so that the session stays open until the task has ended.
""",
    starter=STARTER,
    answer=STARTER.replace(EARLY, RIGHT),
    hints=(
        "When does the code after `yield` run: before the response, after it, or after the task?",
        'The argument `scope` decides it: "function" or "request".',
        'Leave `scope` out: the default is "request", and the dependency ends when the tasks have ended.',
    ),
    scenario=write_a_note,
    checks=(answered(200), answered_at_once("the note"), the_note_is_saved, one_session_that_is_closed),
    notice=(
        "By default (from FastAPI 0.118 on) the code after `yield` runs when the tasks have ended: the session stays "
        "open, and it is held all that time."
    ),
    wrong=(
        (STARTER.replace(ADD, "pass"), "not saved in the background"),
        (STARTER.replace(ADD, "save_later(session, text)"), "waited 2 s"),
        (STARTER.replace("time.sleep(2)", "time.sleep(0)"), "the session is closed"),
        (STARTER.replace("    session.save(text)\n", "    print(text)\n"), "was not saved by a session"),
        (STARTER.replace("    session.close()\n", ""), "is then closed"),
        (STARTER.replace("if not self.is_open", "if False"), "opened, closed, saved"),
        (STARTER.replace("    session.save(text)", "    Session().save(text)"), "leave `Session`"),
        (STARTER.replace("yield session", "return session").replace(EARLY, RIGHT), "opened, saved"),
    ),
)
