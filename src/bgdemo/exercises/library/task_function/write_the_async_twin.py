"""Step 2.2: the same task function once more, as a coroutine function that does not block the event loop."""

from bgdemo.client import TestClient
from bgdemo.exercises.checks import AT_ONCE, answered, task_called, waited_by
from bgdemo.exercises.engine.exercise import Exercise
from bgdemo.exercises.engine.trial import Trial

STARTER = """\
import asyncio
import time

from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


def write_notification(email: str) -> None:
    time.sleep(5)
    print(f"notification for {email}")


# your function: write_notification_async


@app.post("/send_info")
async def send_notification(email: str, background_tasks: BackgroundTasks):
    background_tasks.add_task(write_notification, email)
    return {"message": "Notification sent in the background"}
"""

TODO = "# your function: write_notification_async\n"
TWIN = """\
async def write_notification_async(email: str) -> None:
    await asyncio.sleep(5)
    print(f"notification for {email}")
"""
ADDED = STARTER.replace("add_task(write_notification, email)", "add_task(write_notification_async, email)")
EMAIL = "li@example.com"


def two_at_once(client: TestClient) -> None:
    client.post("/send_info", params={"email": EMAIL})
    client.post("/send_info", params={"email": EMAIL})


def the_twin_is_added(tried: Trial) -> str | None:
    """The route adds the async function"""
    if not task_called(tried, "write_notification_async"):
        return "The route still adds `write_notification`: let it add your `write_notification_async`."
    return None


def on_the_event_loop(tried: Trial) -> str | None:
    """It runs on the event loop"""
    tasks = task_called(tried, "write_notification_async")
    if any(task.ran_in == "threadpool" for task in tasks):
        return "`write_notification_async` ran in a thread: with `def` it is an ordinary function, write `async def`."
    return None


def without_blocking_it(tried: Trial) -> str | None:
    """It waits without blocking the loop"""
    if any(waited_by(request) > AT_ONCE for request in tried.timeline.requests):
        return (
            "The second client had to wait for the first one's task: `time.sleep` blocks the event loop, and with it "
            "everybody. A coroutine waits with `await asyncio.sleep(...)`."
        )
    return None


def it_does_the_same(tried: Trial) -> str | None:
    """It does the same work"""
    for task in task_called(tried, "write_notification_async"):
        if task.printed.strip() != f"notification for {EMAIL}":
            return f"It printed {task.printed.strip()!r}, and was to print 'notification for {EMAIL}'."
        if task.started is not None and task.ended is not None and task.ended - task.started < 5:
            took = f"{task.ended - task.started:g} s" if task.ended > task.started else "no time at all"
            return f"It took {took}: the twin is to wait for 5 s as well, and then to print."
    return None


exercise = Exercise(
    __name__,
    level="build",
    statement="""\
Write `write_notification_async`, which does what `write_notification` does, as an `async def` function,
and let the route add it instead. Two clients that come at the same time must not wait for each other's task.
""",
    starter=STARTER,
    answer=ADDED.replace(TODO, TWIN),
    hints=(
        "An `async def` task runs on the event loop, where all requests are handled too.",
        "What blocks in there blocks everybody. `asyncio.sleep` waits without blocking, if you `await` it.",
        "`async def write_notification_async(email: str) -> None:`, and in it `await asyncio.sleep(5)` and the print.",
    ),
    scenario=two_at_once,
    checks=(
        answered(200),
        the_twin_is_added,
        on_the_event_loop,
        without_blocking_it,
        it_does_the_same,
    ),
    notice="Both tasks wait at the same time, neither of them keeps the event loop, and no client waits.",
    wrong=(
        (STARTER.replace(TODO, TWIN), "still adds `write_notification`"),
        (
            ADDED.replace(TODO, TWIN.replace("async def", "def").replace("await asyncio", "time")),
            "ran in a thread",
        ),
        (ADDED.replace(TODO, TWIN.replace("await asyncio", "time")), "blocks the event loop"),
        (ADDED.replace(TODO, TWIN.replace("    await asyncio.sleep(5)\n", "")), "no time at all"),
        (ADDED.replace(TODO, TWIN.replace("sleep(5)", "sleep(1)")), "It took 1 s"),
        (ADDED.replace(TODO, TWIN.replace("notification for", "mail for")), "It printed 'mail for"),
        (ADDED, "NameError: name 'write_notification_async' is not defined"),
    ),
)
