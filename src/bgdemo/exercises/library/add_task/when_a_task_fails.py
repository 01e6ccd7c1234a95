"""Step 2.4, to predict: when a task raises, its client has its 200 already, and the tasks after it are skipped."""

from typing import Any

from bgdemo.client import TestClient
from bgdemo.exercises.engine.predict_a_run import PredictARun
from bgdemo.exercises.engine.trial import Trial

CODE = """\
from fastapi import BackgroundTasks, FastAPI
from fastapi.responses import JSONResponse

app = FastAPI()


@app.exception_handler(ValueError)
async def answer_400(request, error):
    return JSONResponse({"message": str(error)}, status_code=400)


def charge(amount: int) -> None:
    if amount > 100:
        raise ValueError("the card has a limit")


def send_receipt(amount: int) -> None:
    print(f"receipt for {amount}")


@app.post("/pay")
async def pay(amount: int, background_tasks: BackgroundTasks):
    background_tasks.add_task(charge, amount)
    background_tasks.add_task(send_receipt, amount)
    return {"message": "Paid"}
"""


def pay(client: TestClient) -> None:
    client.post("/pay", params={"amount": 500})


def truth(happened: Trial) -> dict[str, Any]:
    timeline = happened.timeline
    return {"status": timeline.requests[0].status, "receipt": timeline.tasks[1].status == "finished"}


exercise = PredictARun(
    __name__,
    level="predict",
    statement="""\
A client pays 500: `POST /pay?amount=500`. Which status code does it get? And is a receipt sent (True or False)?
""",
    code=CODE,
    scenario=pay,
    truth=truth,
    starter="prediction = {'status': ..., 'receipt': ...}\n",
    answer="prediction = {'status': 200, 'receipt': False}\n",
    hints=(
        "When does `charge` run, and where is the response at that time?",
        "What has left cannot be changed. And a list of tasks stops where one of them raises.",
    ),
    notice=(
        "The 200 had left before `charge` ran. The handler comes too late, and nobody sends the receipt. "
        "What the client must know belongs into the route."
    ),
    misconceptions=(
        ({"status": 400}, "The exception handler cannot answer any more: the response has left when the task runs."),
        ({"status": 500}, "The response has left when the task runs: its error is in the server's log alone."),
        ({"receipt": True}, "The tasks of one response are one list: where one raises, those after it are skipped."),
    ),
    wrong=(
        ("prediction = {'status': 400, 'receipt': False}\n", "handler cannot answer any more"),
        ("prediction = {'status': 500, 'receipt': False}\n", "in the server's log alone"),
        ("prediction = {'status': 200, 'receipt': True}\n", "those after it are skipped"),
        ("prediction = {'status': 200, 'receipt': 'no'}\n", "'no' is no answer here, a True or False is"),
    ),
)
