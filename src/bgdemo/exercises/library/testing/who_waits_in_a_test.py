"""The misconception that Starlette's TestClient shows what a client sees, to predict."""

from typing import Any

from bgdemo.client import TestClient
from bgdemo.exercises.engine.predict_a_run import PredictARun
from bgdemo.exercises.engine.trial import Trial

CODE = """\
import time

from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


def send_receipt(email: str) -> None:
    time.sleep(7)


@app.post("/buy")
async def buy(email: str, background_tasks: BackgroundTasks):
    background_tasks.add_task(send_receipt, email)
    return {"message": "Thank you!"}
"""


def buy(client: TestClient) -> None:
    client.post("/buy", params={"email": "li@example.com"})


def truth(happened: Trial) -> dict[str, Any]:
    (request,) = happened.timeline.requests
    return {"browser": request.responded, "fastapi_testclient": request.ended}


exercise = PredictARun(
    __name__,
    level="predict",
    statement="""\
A customer buys with a browser. After how many seconds does the browser have the response? A test does the same with
`fastapi.testclient.TestClient`, which returns when the app has nothing more to do for this request. After how many
seconds does its `client.post(...)` return?
""",
    code=CODE,
    scenario=buy,
    truth=truth,
    starter="prediction = {'browser': ..., 'fastapi_testclient': ...}\n",
    answer="prediction = {'browser': 0, 'fastapi_testclient': 7}\n",
    hints=(
        "Two moments: the response has left, and the app has done all that belongs to the request.",
        "The task belongs to the request, and runs after the response.",
    ),
    notice="FastAPI's TestClient waits for the tasks, and no real client does: it cannot show who waits for what.",
    misconceptions=(
        (
            {"fastapi_testclient": 0},
            "That TestClient calls the app in its own process, and waits until the call has ended.",
        ),
        ({"browser": 7}, "The browser has its response when it has arrived. It knows of no task."),
    ),
    wrong=(
        ("prediction = {'browser': 0, 'fastapi_testclient': 0}\n", "waits until the call has ended"),
        ("prediction = {'browser': 7, 'fastapi_testclient': 7}\n", "It knows of no task"),
        ("prediction = {'browser': 0, 'fastapi_testclient': 1}\n", "fastapi testclient: you guessed 1, and it was 7"),
    ),
    varies={"7": ("4", "6", "8")},
)
