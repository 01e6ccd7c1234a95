"""Steps 2.3 and 2.4, to predict: when the response is there, and when three tasks of one response end."""

from typing import Any

from bgdemo.client import TestClient
from bgdemo.exercises.engine.predict_a_run import PredictARun
from bgdemo.exercises.engine.trial import Trial

CODE = """\
import time

from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


def send_mail(email: str) -> None:
    time.sleep(3)


@app.post("/send")
async def send(background_tasks: BackgroundTasks):
    background_tasks.add_task(send_mail, "a@example.com")
    background_tasks.add_task(send_mail, "b@example.com")
    background_tasks.add_task(send_mail, "c@example.com")
    return {"message": "Three mails are on their way"}
"""


def send(client: TestClient) -> None:
    client.post("/send")


def truth(happened: Trial) -> dict[str, Any]:
    timeline = happened.timeline
    return {
        "response": timeline.requests[0].responded,
        "last_task_ends": max(task.ended or 0 for task in timeline.tasks),
    }


exercise = PredictARun(
    __name__,
    level="predict",
    statement="""\
After how many seconds does the client of `POST /send` have its response?
And after how many seconds has the last of the three tasks ended?
""",
    code=CODE,
    scenario=send,
    truth=truth,
    starter="prediction = {'response': ..., 'last_task_ends': ...}\n",
    answer="prediction = {'response': 0, 'last_task_ends': 9}\n",
    hints=(
        "Two questions: who waits for the tasks, and does one task wait for another?",
        "The tasks of one response run one after the other, in the order in which they were added.",
    ),
    notice="The client waits for none of them. The tasks wait for each other: 3 s and 3 s and 3 s.",
    misconceptions=(
        (
            {"last_task_ends": 3},
            "Tasks of one response do not run side by side: each begins when the one before it has ended.",
        ),
        ({"response": 9}, "The response does not wait for the tasks: they begin when it has left."),
        ({"response": 3}, "The response does not even wait for the first task: they all begin when it has left."),
    ),
    wrong=(
        ("prediction = {'response': 0, 'last_task_ends': 3}\n", "do not run side by side"),
        ("prediction = {'response': 9, 'last_task_ends': 9}\n", "does not wait for the tasks"),
        ("prediction = {'response': 3, 'last_task_ends': 9}\n", "not even wait for the first"),
        ("prediction = {'response': 0, 'last_task_ends': ...}\n", "last task ends: not guessed yet"),
        ("prediction = {'response': 'at once', 'last_task_ends': 9}\n", "'at once' is no answer here, a number is"),
        ("prediction = 9\n", "needs guesses"),
    ),
    varies={"3": ("2", "4", "5"), "9": ("6", "12", "15")},
)
