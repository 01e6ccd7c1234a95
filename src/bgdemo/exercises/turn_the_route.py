"""Notebook 00: turn a route that makes its client wait into one that does not."""

from bgdemo.client import TestClient
from bgdemo.exercises.core import Exercise, Outcome, Verdict
from bgdemo.timeline import Task

STATEMENT = """\
This shop sends the receipt before it says thank you, and each customer waits for it.
Change **one line**, so that the customer is answered at once and the receipt is still sent.
"""

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
LONG = 0.5
"""Seconds: a client that waits longer than this has waited for the receipt."""


def examine(client: TestClient) -> Outcome:
    """Buy something, and look who waited for the receipt."""
    response = client.post("/buy", params={"email": EMAIL})
    timeline = client.drain()
    request = timeline.requests[-1]
    waited = (request.responded or request.sent) - request.sent > LONG
    verdict: Verdict
    if response.status_code == 404:
        verdict, message = "wrong", "There is no route POST /buy any more: keep its path and its method."
    elif response.status_code >= 400:
        verdict, message = "raised", f"The route answered {response.status_code}: {request.error or response.text}"
    elif timeline.tasks:
        verdict, message = _judge(timeline.tasks[-1], waited)
    elif waited:
        verdict, message = "not attempted", "The client still waits: the route itself calls `send_receipt`."
    else:
        verdict, message = "wrong", "The client does not wait, but nobody sends the receipt: no task was added."
    return Outcome(verdict, message, timeline)


def _judge(task: Task, waited: bool) -> tuple[Verdict, str]:
    if task.error and "must be callable" in task.error:
        return "wrong", (
            "You called `send_receipt`, you did not add it: add_task got what it returned, which is None. "
            "Pass the function and its argument separately: add_task(f, x), not add_task(f(x))."
        )
    if task.error:
        return "wrong", f"The receipt was added, and then failed with {task.error}"
    if waited:
        return "wrong", "The receipt is sent twice: the route still calls `send_receipt`, and adds it as well."
    if EMAIL not in (*task.args, *task.kwargs.values()):
        return "wrong", "The receipt is sent, but not to the address of whoever bought."
    return "right", "The response leaves at once, and the receipt is sent after it. No client waits."


turn_the_route = Exercise(
    name="turn_the_route",
    statement=STATEMENT,
    starter=STARTER,
    answer=STARTER.replace(CALL, ADDED),
    hints=(
        "The route has a parameter that nobody uses yet.",
        "`background_tasks.add_task` takes the function first, and then the function's arguments.",
        "Not `add_task(send_receipt(email))`: that calls the function at once. Separate them with a comma.",
    ),
    examine=examine,
    wrong=(
        (STARTER.replace(CALL, "    background_tasks.add_task(send_receipt(email))\n"), "You called `send_receipt`"),
        (STARTER.replace(CALL, CALL + ADDED), "sent twice"),
        (STARTER.replace(CALL, ""), "nobody sends the receipt"),
        (
            STARTER.replace(CALL, "    background_tasks.add_task(send_receipt)\n"),
            "missing 1 required positional argument",
        ),
        (STARTER.replace(CALL, '    background_tasks.add_task(send_receipt, "me")\n'), "not to the address"),
        (STARTER.replace("/buy", "/order"), "no route POST /buy"),
        (STARTER.replace(CALL, "    background_tasks.add(send_receipt, email)\n"), "AttributeError"),
    ),
)
