"""Notebook 04, part 2: a task that blocks the event loop, and so every other client."""

from bgdemo.client import TestClient
from bgdemo.exercises.checks import AT_ONCE, answered, task_called, waited_by
from bgdemo.exercises.engine.exercise import Exercise
from bgdemo.exercises.engine.trial import Trial

STARTER = """\
import asyncio
import time

from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


async def send_receipt(email: str) -> None:
    time.sleep(3)
    print(f"receipt for {email}")


@app.post("/buy")
async def buy(email: str, background_tasks: BackgroundTasks):
    background_tasks.add_task(send_receipt, email)
    return {"message": "Thank you!"}


@app.get("/ping")
async def ping():
    return "pong"
"""

SLEEP, SECONDS = "    time.sleep(3)\n", 3.0
ADDED = "    background_tasks.add_task(send_receipt, email)\n"
EMAIL = "a@example.com"


def buy_and_ping(client: TestClient) -> None:
    client.post("/buy", params={"email": EMAIL})
    client.get("/ping")


def buyer_does_not_wait(tried: Trial) -> str | None:
    """The buyer is answered at once"""
    waited = waited_by(tried.timeline.requests[0])
    if waited > AT_ONCE:
        return f"Now the buyer waits as well, for {waited:g} s: the receipt belongs in the background."
    return None


def ping_does_not_wait(tried: Trial) -> str | None:
    """The next client is answered at once"""
    waited = waited_by(tried.timeline.requests[1])
    if waited > AT_ONCE:
        return (
            f"/ping waited for {waited:g} s. The task runs on the event loop, and `time.sleep` keeps the loop's one "
            "thread: let it wait in another thread, or let it wait with `await`."
        )
    return None


def still_sent(tried: Trial) -> str | None:
    """The receipt still takes its 3 s, in the background"""
    tasks = task_called(tried, "send_receipt")
    if not tasks:
        return "Nobody is held up any more, but nobody sends the receipt either: keep the task `send_receipt`."
    task = tasks[0]
    if task.started is None or task.ended is None or f"receipt for {EMAIL}" not in task.printed:
        return "The receipt was added, but it is not sent any more: keep the line that prints it."
    took = task.ended - task.started
    if took < SECONDS:
        return (
            f"Sending the receipt took {took:g} s, and it has to take {SECONDS:g} s: the work cannot be left out. "
            "Is something that has to be awaited not awaited?"
        )
    return None


def _with(old: str, new: str) -> str:
    return STARTER.replace(old, new)


exercise = Exercise(
    __name__,
    level="repair",
    statement="""\
While this shop sends a receipt, nobody else gets an answer: `/ping` waits for 3 s. **Change the task** so that it
still takes 3 s, and holds up nobody. There is more than one good way.
""",
    starter=STARTER,
    answer=_with("async def send_receipt", "def send_receipt"),
    hints=(
        "Where does an `async def` task run, and who else needs that place?",
        "A `def` task runs in the thread pool. Or keep `async def`, and wait with something that can be awaited.",
        "Three ways: `def send_receipt`; or `await asyncio.sleep(3)`; or `await asyncio.to_thread(time.sleep, 3)`.",
    ),
    scenario=buy_and_ping,
    checks=(answered(200), buyer_does_not_wait, ping_does_not_wait, still_sent),
    notice="The ping has its answer at 0 s, and the receipt still takes 3 s: it waits where it holds up nobody.",
    wrong=(
        (
            _with(SLEEP, "    await time.sleep(3)\n"),
            "can't be used in 'await' expression (line 10:",
        ),
        (_with(SLEEP, "    await asyncio.to_thread(time.sleep(3))\n"), "'NoneType' object is not callable (line 10:"),
        (_with(SLEEP, "    time.sleep(2)\n"), "/ping waited for 2 s"),
        (_with(SLEEP, "    await asyncio.sleep(1)\n"), "took 1 s, and it has to take 3 s"),
        (_with(SLEEP, ""), "the work cannot be left out"),
        (_with(ADDED, ""), "nobody sends the receipt either"),
        (_with(ADDED, "    await send_receipt(email)\n"), "Now the buyer waits as well"),
        (_with("async def send_receipt", "def send_receipt").replace("    print(f", "    # print(f"), "keep the line"),
    ),
)
