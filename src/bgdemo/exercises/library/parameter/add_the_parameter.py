"""Notebook 02: give a route the parameter that takes its background tasks."""

from bgdemo.exercises.checks import added_by_name, answered
from bgdemo.exercises.engine.exercise import Exercise
from bgdemo.exercises.library.parameter._receipt import (
    buy,
    nothing_but_the_email_is_asked_for,
    sent_after_the_response,
)

STARTER = """\
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


def send_receipt(email: str) -> None:
    print(f"receipt for {email}")


@app.post("/buy")
async def buy(email: str):
    # background_tasks.add_task(send_receipt, email)
    return {"message": "Thank you!"}
"""

LINE = "    background_tasks.add_task(send_receipt, email)\n"


def _with(parameters: str, line: str = LINE) -> str:
    without_line = STARTER.replace("    # background_tasks.add_task(send_receipt, email)\n", line)
    return without_line.replace("buy(email: str)", f"buy({parameters})")


exercise = Exercise(
    __name__,
    level="complete",
    statement="""\
This shop wants to send a receipt in the background. **Take the `#` away, and add the parameter that the line needs.**
The client still sends nothing but `email`.
""",
    starter=STARTER,
    answer=_with("email: str, background_tasks: BackgroundTasks"),
    hints=(
        "The line uses a name that the function does not have yet: `background_tasks`.",
        "Add `background_tasks` behind `email: str`, after a comma. It needs something else: what does FastAPI go by?",
        "FastAPI goes by the annotation: `background_tasks: BackgroundTasks`.",
    ),
    scenario=buy,
    checks=(added_by_name, nothing_but_the_email_is_asked_for, answered(200), sent_after_the_response),
    notice="One annotation, and the receipt is sent after the response. The client sends what it always sent.",
    wrong=(
        (_with("email: str"), "name 'background_tasks' is not defined (line 12:"),
        (_with("email: str, background_tasks"), "asked for 'background_tasks', in its query"),
        (_with("email: str, background_tasks: str"), "asked for 'background_tasks', in its query"),
        (_with("background_tasks: BackgroundTasks"), "name 'email' is not defined"),
        (_with("email: str, background_tasks=None"), "'NoneType' object has no attribute 'add_task'"),
        (
            _with("email: str, background_tasks=BackgroundTasks()"),
            "dropped: it went into a list that your own code made",
        ),
        (_with("email: str", f"    background_tasks = BackgroundTasks()\n{LINE}"), "dropped: it went into a list"),
        (_with("email: str, background_tasks: BackgroundTasks", LINE + LINE), "added 2 times"),
        (
            _with("email: str, background_tasks: BackgroundTasks", LINE.replace(", email", "(email)")),
            "You called the function",
        ),
        (
            _with("email: str, background_tasks: BackgroundTasks", LINE.replace(", email", ', "me"')),
            "not to the address",
        ),
    ),
)
