"""Notebook 00: turn a route that makes its client wait into one that does not."""

from bgdemo.client import TestClient
from bgdemo.exercises.checks import (
    AT_ONCE,
    added_by_name,
    added_times,
    answered,
    answered_at_once,
    given,
    task_called,
    waited_by,
)
from bgdemo.exercises.engine.exercise import Exercise
from bgdemo.exercises.engine.trial import Trial

STARTER = """\
import time

from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


def send_receipt(email: str) -> None:
    time.sleep(1)


@app.post("/buy")
async def buy(email: str, background_tasks: BackgroundTasks):
    send_receipt(email)
    return {"message": "Thank you!"}
"""

CALL = "    send_receipt(email)\n"
ADDED = "    background_tasks.add_task(send_receipt, email)\n"
EMAIL = "a@example.com"


def buy(client: TestClient) -> None:
    client.post("/buy", params={"email": EMAIL})


def only_once(tried: Trial) -> str | None:
    """The receipt is sent once"""
    waited = any(waited_by(request) > AT_ONCE for request in tried.timeline.requests)
    if waited and task_called(tried, "send_receipt"):
        return "The receipt is sent twice: the route still calls `send_receipt`, and adds it as well."
    if waited:
        return "The client still waits: the route itself calls `send_receipt`."
    return None


def sent_after_the_response(tried: Trial) -> str | None:
    """The receipt is sent after the response"""
    tasks = task_called(tried, "send_receipt")
    if not tasks:
        return "The client does not wait, but nobody sends the receipt: no task was added."
    passed = given(tasks[0], ["email"])
    if "email" not in passed:
        return "The address is not on the task's record: pass it after the function, add_task(send_receipt, email)."
    if passed["email"] != EMAIL:
        return "The receipt is sent, but not to the address of whoever bought."
    return added_times(tried, "send_receipt")


exercise = Exercise(
    __name__,
    level="repair",
    statement="""\
This shop sends the receipt before it says thank you, and each customer waits for it.
Change **one line**, so that the customer is answered at once and the receipt is still sent.
""",
    starter=STARTER,
    answer=STARTER.replace(CALL, ADDED),
    hints=(
        "The route has a parameter that nobody uses yet.",
        "`background_tasks.add_task` takes the function first, and then the function's arguments.",
        "Not `add_task(send_receipt(email))`: that calls the function at once. Separate them with a comma.",
    ),
    scenario=buy,
    checks=(added_by_name, answered(200), only_once, answered_at_once("the receipt"), sent_after_the_response),
    notice="The response leaves at once, and the receipt is sent after it. No client waits.",
    wrong=(
        (STARTER.replace(CALL, "    background_tasks.add_task(send_receipt(email))\n"), "You called the function"),
        (STARTER.replace(CALL, CALL + ADDED), "sent twice"),
        (STARTER.replace(CALL, ADDED + ADDED), "added 2 times"),
        (STARTER.replace(CALL, ADDED.replace("send_receipt, email", "lambda: send_receipt(email)")), "`<lambda>`"),
        (
            STARTER.replace(CALL, ADDED.replace("send_receipt, email", "partial(send_receipt, email)")).replace(
                "import time\n", "import time\nfrom functools import partial\n"
            ),
            "not on the task's record",
        ),
        (STARTER.replace(CALL, ""), "nobody sends the receipt"),
        (STARTER.replace(CALL, "    background_tasks.add_task(send_receipt)\n"), "missing 1 required positional"),
        (STARTER.replace(CALL, '    background_tasks.add_task(send_receipt, "me")\n'), "not to the address"),
        (STARTER.replace("/buy", "/order"), "no route POST /buy"),
        (STARTER.replace(CALL, ADDED).replace("post", "get"), "does not take POST"),
        (STARTER.replace(CALL, ADDED).replace("buy(email", "buy(address"), "'address' in its query"),
        (STARTER.replace(CALL, "    background_tasks.add(send_receipt, email)\n"), "(line 14: `background_tasks.add("),
        (STARTER.replace(CALL, "    while True: pass\n"), "went on without end"),
        (STARTER.replace(CALL, ADDED).replace("time.sleep(1)", "while True: pass"), "(line 9: `while True: pass`)"),
        (STARTER.replace(CALL, ADDED).replace("time.sleep(1)", "while True: time.sleep(1)"), "come to an end"),
    ),
)
