"""The misconception: the task can (or can't) use my session. It depends on the scope of the dependency."""

from bgdemo.client import TestClient
from bgdemo.exercises.attempt import Attempt
from bgdemo.exercises.checks import answered, answered_at_once, task_called
from bgdemo.exercises.core import Exercise

STARTER = """\
import time

from fastapi import BackgroundTasks, Depends, FastAPI

app = FastAPI()


class Session:
    def __init__(self) -> None:
        self.is_open = True

    def save(self, text: str) -> None:
        if not self.is_open:
            raise RuntimeError("the session is closed")
        print(f"saved {text}")


def get_session():
    session = Session()
    yield session
    session.is_open = False


def save_later(session: Session, text: str) -> None:
    time.sleep(2)
    session.save(text)


@app.post("/notes")
def note(text: str, background_tasks: BackgroundTasks, session: Session = Depends(get_session, scope="function")):
    background_tasks.add_task(save_later, session, text)
    return {"message": "Noted"}
"""

EARLY, RIGHT = 'Depends(get_session, scope="function")', "Depends(get_session)"
ADD = "background_tasks.add_task(save_later, session, text)"
TEXT = "buy milk"


def write_a_note(client: TestClient) -> None:
    client.post("/notes", params={"text": TEXT})


def the_note_is_saved(tried: Attempt) -> str | None:
    """The note is saved"""
    tasks = task_called(tried, "save_later")
    if not tasks:
        return "The note is not saved in the background any more: the route is to add `save_later`."
    if tasks[0].error:
        return (
            f'The task failed with {tasks[0].error}: with scope="function" the code after `yield` runs before '
            "the response leaves, and the task only after it."
        )
    if tasks[0].printed.strip() != f"saved {TEXT}":
        return f"The task printed {tasks[0].printed.strip()!r}: the note was not saved by the session."
    return None


exercise = Exercise(
    __name__,
    level="repair",
    statement="""\
The client is told "Noted", and no note is ever saved: the task's session is closed when it wants to save.
Mend it in the route's line, so that the session stays open until the task has ended.
""",
    starter=STARTER,
    answer=STARTER.replace(EARLY, RIGHT),
    hints=(
        "When does the code after `yield` run: before the response, after it, or after the task?",
        'The argument `scope` decides it: "function" or "request".',
        'Leave `scope` out: the default is "request", and the dependency ends when the tasks have ended.',
    ),
    scenario=write_a_note,
    checks=(answered(200), answered_at_once("the note"), the_note_is_saved),
    notice=(
        "By default (from FastAPI 0.118 on) the code after `yield` runs when the tasks have ended: the session stays "
        "open, and it is held all that time."
    ),
    wrong=(
        (STARTER.replace(ADD, "pass"), "not saved in the background"),
        (STARTER.replace(ADD, "save_later(session, text)"), "waited 2 s"),
        (STARTER.replace("time.sleep(2)", "time.sleep(0)"), "the session is closed"),
        (STARTER.replace("    session.save(text)\n", "    print(text)\n"), "was not saved by the session"),
    ),
)
