"""Notebook 05: a task that is dropped, because the route raises after it was added."""

from bgdemo.client import TestClient
from bgdemo.exercises.checks import answered, answered_at_once
from bgdemo.exercises.engine.exercise import Exercise
from bgdemo.exercises.engine.trial import Trial
from bgdemo.lessons import folder

STARTER = """\
import time

from fastapi import BackgroundTasks, FastAPI, HTTPException
from fastapi.responses import JSONResponse

from bgdemo.lessons import folder

app = FastAPI()


def write_log(message: str) -> None:
    time.sleep(1)
    with open(folder() / "log.txt", mode="a", encoding="utf-8") as log:
        log.write(message)


@app.post("/tickets")
async def buy_ticket(email: str, background_tasks: BackgroundTasks):
    background_tasks.add_task(write_log, f"too late: {email}\\n")
    raise HTTPException(status_code=409, detail="sold out")
"""

ADDED = '    background_tasks.add_task(write_log, f"too late: {email}\\n")\n'
CALLED = '    write_log(f"too late: {email}\\n")\n'
RAISED = '    raise HTTPException(status_code=409, detail="sold out")\n'
RETURNED = '    return JSONResponse({"detail": "sold out"}, status_code=409)\n'
EMAIL, LINE = "li@example.com", "too late: li@example.com\n"


def come_too_late(client: TestClient) -> str:
    client.post("/tickets", params={"email": EMAIL})
    client.drain()
    log = folder() / "log.txt"
    return log.read_text(encoding="utf-8") if log.exists() else ""


def logged(tried: Trial) -> str | None:
    """The line is written, once"""
    number = str(tried.seen).count(LINE)
    if number == 1:
        return None
    if number > 1:
        return f"The line was written {number} times."
    if all(task.status != "dropped" for task in tried.timeline.tasks):
        return f"Nobody writes the line {LINE!r} to the log."
    return (
        "The log is empty: the task was added, and then dropped. Does the route raise? "
        "Does its response bring a `background=` of its own?"
    )


def says_why(tried: Trial) -> str | None:
    """The answer says that it is sold out"""
    if "sold out" not in tried.responses[0].text:
        return 'The client is no longer told why: keep "sold out" in the answer.'
    return None


def _with(old: str, new: str) -> str:
    return STARTER.replace(old, new)


OWN = RETURNED.replace("409)", "409, background=BackgroundTasks())")

exercise = Exercise(
    __name__,
    level="repair",
    statement="""\
The last ticket is gone. The shop answers 409, and wants to log who came too late. But the log stays empty.
**Repair the route**: the client still gets its 409, at once, and the line is written after it.
""",
    starter=STARTER,
    answer=_with(RAISED, RETURNED),
    hints=(
        "Look at the picture: what became of the task?",
        "A route that raises leaves without its tasks. How else can it answer 409?",
        'Return a response: `JSONResponse({"detail": "sold out"}, status_code=409)`.',
    ),
    scenario=come_too_late,
    checks=(answered(409), answered_at_once("the log"), logged, says_why),
    notice="Returning an error takes the tasks along, raising drops them. The client sees no difference.",
    wrong=(
        (_with(ADDED, CALLED), "waited 1 s, for the log"),
        (_with(RAISED, '    return {"detail": "sold out"}\n'), "answered 200, not 409"),
        (_with(RAISED, '    return HTTPException(status_code=409, detail="sold out")\n'), "answered 200, not 409"),
        (_with(RAISED, OWN), "`background=` of its own"),
        (_with(ADDED + RAISED, RAISED + ADDED), "Nobody writes the line"),
        (_with(RAISED, RETURNED.replace("return", "raise")), "exceptions must derive from BaseException"),
        (_with(RAISED, RETURNED.replace('{"detail": "sold out"}', "None")), 'keep "sold out"'),
        (_with(ADDED + RAISED, ADDED + CALLED + RETURNED), "waited 1 s, for the log"),
        (_with(RAISED, "    await background_tasks()\n" + RAISED), "waited 1 s, for the log"),
        (_with(ADDED + RAISED, ADDED + ADDED + RETURNED), "written 2 times"),
    ),
)
