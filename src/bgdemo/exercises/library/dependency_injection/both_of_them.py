"""Step 2.5, the misconception: a response's own background= and the injected tasks do not add up."""

from bgdemo.client import TestClient
from bgdemo.exercises.checks import answered, answered_at_once, task_called
from bgdemo.exercises.engine.exercise import Exercise
from bgdemo.exercises.engine.trial import Trial

STARTER = """\
import time

from fastapi import BackgroundTasks, Depends, FastAPI
from fastapi.responses import JSONResponse
from starlette.background import BackgroundTask

app = FastAPI()


def write_log(message: str) -> None:
    print(message)


def send_coupon(email: str) -> None:
    time.sleep(1)


def log_visit(email: str, background_tasks: BackgroundTasks) -> str:
    background_tasks.add_task(write_log, f"visit of {email}")
    return email


@app.post("/coupons")
async def coupons(email: str = Depends(log_visit)):
    return JSONResponse({"message": "A coupon is on its way"}, background=BackgroundTask(send_coupon, email))
"""

ROUTE = STARTER[STARTER.index("@app.post") :]
RIGHT = """\
@app.post("/coupons")
async def coupons(background_tasks: BackgroundTasks, email: str = Depends(log_visit)):
    background_tasks.add_task(send_coupon, email)
    return JSONResponse({"message": "A coupon is on its way"})
"""


def ask_for_a_coupon(client: TestClient) -> None:
    client.post("/coupons", params={"email": "li@example.com"})


def the_visit_is_logged(tried: Trial) -> str | None:
    """The visit is logged"""
    logged = task_called(tried, "write_log")
    if not logged:
        return "The visit is not logged any more: let `log_visit` add `write_log`, as before."
    if logged[0].status == "dropped":
        return (
            "The visit is not logged: the response's own background= took the place of all tasks that were added. "
            "Put both into one list."
        )
    return None


def the_coupon_is_sent(tried: Trial) -> str | None:
    """The coupon is sent"""
    sent = task_called(tried, "send_coupon")
    if not sent:
        return "Nobody sends the coupon: add `send_coupon`."
    return None if sent[0].status == "finished" else f"`send_coupon` was {sent[0].status}, and did not run."


def _with(route: str) -> str:
    return STARTER.replace(ROUTE, route)


exercise = Exercise(
    __name__,
    level="repair",
    statement="""\
Since the coupon is sent in the background, the log of visits stays empty. Change the route so that **both** happen:
the dependency's `write_log` and the route's `send_coupon`.
""",
    starter=STARTER,
    answer=_with(RIGHT),
    hints=(
        "A response has one place for background work. Who fills it here?",
        "The dependency's tasks are put there only if the response brings none of its own.",
        "Leave `background=` out, and let the route have a parameter `background_tasks` too: it is the same list.",
    ),
    scenario=ask_for_a_coupon,
    checks=(answered(200), answered_at_once("the coupon"), the_visit_is_logged, the_coupon_is_sent),
    notice="One list for the whole request: the dependency's task first, then the route's.",
    wrong=(
        (_with(RIGHT.replace("    background_tasks.add_task(send_coupon, email)\n", "")), "Nobody sends the coupon"),
        (
            _with(RIGHT.replace('on its way"})', 'on its way"}, background=BackgroundTask(write_log, email))')),
            "took the place of all",
        ),
        (STARTER.replace('    background_tasks.add_task(write_log, f"visit of {email}")\n', ""), "not logged any more"),
        (
            _with(RIGHT.replace("add_task(send_coupon, email)", "add_task(send_coupon(email))")),
            "You called the function",
        ),
        (_with(RIGHT.replace("background_tasks.add_task(send_coupon, email)", "send_coupon(email)")), "waited 1 s"),
    ),
)
