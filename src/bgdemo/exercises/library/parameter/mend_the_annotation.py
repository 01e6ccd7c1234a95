"""Notebook 02: an equals sign where a colon belongs, and every receipt is lost."""

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
async def buy(email: str, background_tasks=BackgroundTasks()):
    background_tasks.add_task(send_receipt, email)
    return {"message": "Thank you!"}
"""

PARAMETER = "background_tasks=BackgroundTasks()"


def _with(parameter: str) -> str:
    return STARTER.replace(PARAMETER, parameter)


exercise = Exercise(
    __name__,
    level="repair",
    statement="""\
This app starts, each client reads "Thank you!", and no customer ever gets a receipt.
**Repair the parameter.**
""",
    starter=STARTER,
    answer=_with("background_tasks: BackgroundTasks"),
    hints=(
        "Run the check and look at the picture: the task was added. What became of it?",
        "`=` gives a parameter a default value. The route gets a copy of it for each request, and FastAPI runs none.",
        "An annotation stands behind a colon, and names a class, without brackets.",
    ),
    scenario=buy,
    checks=(added_by_name, nothing_but_the_email_is_asked_for, answered(200), sent_after_the_response),
    notice="A colon: FastAPI makes a new list for each request, hands it to the route, and runs it after the response.",
    wrong=(
        (_with("background_tasks"), "asked for 'background_tasks', in its query"),
        (_with("background_tasks=None"), "'NoneType' object has no attribute 'add_task'"),
        (_with("background_tasks=BackgroundTasks"), "Your code raised TypeError"),
        (_with("background_tasks: list"), "asked for 'background_tasks', in its"),
        (STARTER.replace("background_tasks.add_task(send_receipt, email)", "send_receipt(email)"), "no task was added"),
        (
            STARTER.replace("    return", "    await background_tasks()\n    return"),
            "before the response, by your own code",
        ),
        (
            _with("background_tasks: BackgroundTasks").replace("send_receipt, email", "send_receipt(email)"),
            "You called the function",
        ),
    ),
)
