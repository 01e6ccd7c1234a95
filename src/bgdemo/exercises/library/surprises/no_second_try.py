"""The misconception that background tasks are a job queue, which tries again what has failed, to predict."""

from typing import Any

from bgdemo.client import TestClient
from bgdemo.exercises.engine.predict_a_run import PredictARun
from bgdemo.exercises.engine.trial import Trial

CODE = """\
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()
tries = []


def send_receipt(email: str) -> None:
    tries.append(email)
    if len(tries) == 1:
        raise ConnectionError("the mail server is busy")
    print(f"receipt for {email}")


@app.post("/buy")
async def buy(email: str, background_tasks: BackgroundTasks):
    background_tasks.add_task(send_receipt, email)
    return {"message": "Thank you!"}
"""


def buy(client: TestClient) -> None:
    client.post("/buy", params={"email": "li@example.com"})
    client.drain()


def truth(happened: Trial) -> dict[str, Any]:
    tasks = happened.timeline.tasks
    return {"tries": len(tasks), "receipt": any("receipt for" in task.printed for task in tasks)}


exercise = PredictARun(
    __name__,
    level="predict",
    statement="""\
The mail server of this shop is busy for a moment, and the first try fails. How many times is `send_receipt` called
for this one purchase? Does the customer get a receipt, `True` or `False`?
""",
    code=CODE,
    scenario=buy,
    truth=truth,
    starter="prediction = {'tries': ..., 'receipt': ...}\n",
    answer="prediction = {'tries': 1, 'receipt': False}\n",
    hints=(
        "Who would call it again? Who knows that it has failed?",
        "The list of tasks is gone when they have run. Nobody keeps what has failed.",
    ),
    notice="One try, and what fails is lost. What must not be lost needs a queue, which keeps it and tries again.",
    misconceptions=(
        ({"tries": 2}, "Background tasks are no job queue: nobody calls again what has failed."),
        ({"tries": 3}, "Background tasks are no job queue: nobody calls again what has failed."),
        ({"receipt": True}, "The one try has failed, and there is no other."),
    ),
    wrong=(
        ("prediction = {'tries': 2, 'receipt': True}\n", "are no job queue"),
        ("prediction = {'tries': 3, 'receipt': False}\n", "are no job queue"),
        ("prediction = {'tries': 1, 'receipt': True}\n", "and there is no other"),
        ("prediction = {'tries': 1, 'receipt': 'no'}\n", "'no' is no answer here, a True or False is"),
    ),
)
