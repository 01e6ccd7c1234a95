"""The misconception that a middleware keeps the client waiting for the tasks, to predict."""

from typing import Any

from bgdemo.client import TestClient
from bgdemo.exercises.engine.predict_a_run import PredictARun
from bgdemo.exercises.engine.trial import Trial

CODE = """\
import time

from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


@app.middleware("http")
async def add_header(request, call_next):
    response = await call_next(request)
    response.headers["X-Shop"] = "tea"
    return response


def send_receipt(email: str) -> None:
    time.sleep(5)


@app.post("/buy")
async def buy(email: str, background_tasks: BackgroundTasks):
    background_tasks.add_task(send_receipt, email)
    return {"message": "Thank you!"}
"""


def buy(client: TestClient) -> None:
    client.post("/buy", params={"email": "li@example.com"})


def truth(happened: Trial) -> dict[str, Any]:
    timeline = happened.timeline
    return {"response": timeline.requests[0].responded, "task_ends": timeline.tasks[0].ended}


exercise = PredictARun(
    __name__,
    level="predict",
    statement="""\
Every response of this shop passes through a middleware. After how many seconds does the client of `POST /buy` have its
response? And after how many seconds has the task ended?
""",
    code=CODE,
    scenario=buy,
    truth=truth,
    starter="prediction = {'response': ..., 'task_ends': ...}\n",
    answer="prediction = {'response': 0, 'task_ends': 5}\n",
    hints=(
        "What does `await call_next(request)` wait for: for the response, or for all that the app does?",
        "The response is on its way before its tasks begin, through a middleware, too.",
    ),
    notice="A middleware hands the response on as soon as it begins, and the task runs when it has left.",
    misconceptions=(
        ({"response": 5}, "`call_next` gives the response back when it begins; the tasks come after it."),
        ({"task_ends": 0}, "The task runs all the same: a middleware that makes no response of its own loses none."),
    ),
    wrong=(
        ("prediction = {'response': 5, 'task_ends': 5}\n", "gives the response back when it begins"),
        ("prediction = {'response': 0, 'task_ends': 0}\n", "The task runs all the same"),
        ("prediction = {'response': 0, 'task_ends': 10}\n", "task ends: you guessed 10, and it was 5"),
    ),
    varies={"5": ("3", "4", "6")},
)
