"""Step 2.4: several tasks on one response, in an order that matters."""

from bgdemo.assertions import assert_order
from bgdemo.client import TestClient
from bgdemo.exercises.checks import added_by_name, added_times, answered, answered_at_once, given, task_called
from bgdemo.exercises.engine.exercise import Exercise
from bgdemo.exercises.engine.trial import Trial

STARTER = """\
import time

from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


def make_invoice(order: int) -> None:
    time.sleep(2)
    print(f"invoice {order}")


def mail_invoice(order: int, email: str) -> None:
    time.sleep(1)
    print(f"invoice {order} to {email}")


def archive(order: int) -> None:
    print(f"archived {order}")


@app.post("/orders")
async def order(number: int, email: str, background_tasks: BackgroundTasks):
    return {"message": f"Order {number} was received"}
"""

RETURN = '    return {"message"'
TASKS = ("make_invoice", "mail_invoice", "archive")
ADD = (
    "    background_tasks.add_task(make_invoice, number)\n",
    "    background_tasks.add_task(mail_invoice, number, email)\n",
    "    background_tasks.add_task(archive, number)\n",
)
NUMBER, EMAIL = 17, "li@example.com"


def send_order(client: TestClient) -> None:
    client.post("/orders", params={"number": NUMBER, "email": EMAIL})


def all_three(tried: Trial) -> str | None:
    """All three are added"""
    missing = [name for name in TASKS if not task_called(tried, name)]
    if missing:
        return f"Not added: {', '.join(missing)}. A response can have as many tasks as it needs."
    return next((said for name in TASKS if (said := added_times(tried, name))), None)


def in_this_order(tried: Trial) -> str | None:
    """The invoice is made, then mailed, then archived"""
    if len(tried.timeline.tasks) >= len(TASKS):
        words = tried.words
        assert_order(tried.timeline, *(_only(tried, words.get(name, name)) for name in TASKS))
    return None


def with_their_arguments(tried: Trial) -> str | None:
    """Each gets its arguments"""
    for name in TASKS:
        for task in task_called(tried, name):
            passed = given(task, ["order", "email"])
            if passed.get("order") != NUMBER:
                return f"`{name}` got the order {passed.get('order')!r}, and the client's is {NUMBER}."
            if name == "mail_invoice" and passed.get("email") != EMAIL:
                return f"`{name}` got the address {passed.get('email')!r}, and the client's is {EMAIL!r}."
    return None


def _only(tried: Trial, name: str) -> str:
    return next(task.function for task in tried.timeline.tasks if task.name == name)


def _with(*lines: str) -> str:
    return STARTER.replace(RETURN, "".join(lines) + RETURN)


exercise = Exercise(
    __name__,
    level="build",
    statement="""\
After the response, three things are to happen, one after the other: the invoice is made, then it is mailed,
then the order is archived. Let the route add them.
""",
    starter=STARTER,
    answer=_with(*ADD),
    hints=(
        "`add_task` can be called several times.",
        "The tasks of one response run one after the other, in the order in which you add them.",
        "Three lines before the `return`: make_invoice, mail_invoice (which needs the email too), archive.",
    ),
    scenario=send_order,
    checks=(
        added_by_name,
        answered(200),
        answered_at_once("the invoice"),
        all_three,
        in_this_order,
        with_their_arguments,
    ),
    notice="Each task began when the one before it had ended, and the client waited for none of them.",
    wrong=(
        (_with(ADD[0], ADD[1]), "Not added: archive"),
        (_with(*ADD, ADD[2]), "`archive` was added 2 times"),
        (_with(ADD[1], ADD[0], ADD[2]), "Expected the order make_invoice, mail_invoice, archive"),
        (_with(ADD[0], ADD[1].replace(", email", ""), ADD[2]), "missing 1 required positional argument: 'email'"),
        (_with(ADD[0], ADD[1], ADD[2].replace("number", "1")), "`archive` got the order 1"),
        (_with("    make_invoice(number)\n", ADD[1], ADD[2]), "waited 2 s, for the invoice"),
        (_with(ADD[0], ADD[1].replace("email)", "'me')"), ADD[2]), "got the address 'me'"),
    ),
)
