"""The misconception: `asyncio.create_task` in a route is the same as `add_task`."""

from bgdemo.client import TestClient
from bgdemo.exercises.checks import added_by_name, added_times, answered, answered_at_once, given, task_called
from bgdemo.exercises.engine.exercise import Exercise
from bgdemo.exercises.engine.trial import Trial

STARTER = """\
import asyncio

from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


async def send_mail(email: str) -> None:
    await asyncio.sleep(3)
    print(f"mail to {email}")


@app.post("/send")
async def send(email: str):
    asyncio.create_task(send_mail(email))
    return {"message": "The mail is on its way"}
"""

CREATED = "    asyncio.create_task(send_mail(email))\n"
ADDED = "    background_tasks.add_task(send_mail, email)\n"
SIGNATURE, WITH_TASKS = "send(email: str)", "send(email: str, background_tasks: BackgroundTasks)"
EMAIL = "li@example.com"


def send(client: TestClient) -> None:
    client.post("/send", params={"email": EMAIL})
    client.drain()


def known_to_the_server(tried: Trial) -> str | None:
    """The server knows of the mail"""
    tasks = task_called(tried, "send_mail")
    if not tasks and tried.timeline.tasks:
        return (
            "A task was added, but not `send_mail` itself: pass the function and its arguments separately, "
            "add_task(send_mail, email)."
        )
    if not tasks:
        return (
            "Nobody waits for the mail: `asyncio.create_task` starts something that the server does not know of. "
            "It is on no timeline, its error is lost, and a server that stops does not wait for it."
        )
    if tasks[0].status != "finished":
        return f"`send_mail` was added, and is {tasks[0].status}."
    return None if given(tasks[0], ["email"]).get("email") == EMAIL else "The mail goes to another address."


def only_once(tried: Trial) -> str | None:
    """It is sent once"""
    if "create_task" in (tried.source or "").replace("# asyncio.create_task", ""):
        return "The mail is sent twice: `asyncio.create_task` is still there."
    return added_times(tried, "send_mail")


def takes_its_time(tried: Trial) -> str | None:
    """Sending takes 3 s"""
    for task in task_called(tried, "send_mail"):
        if task.started is not None and task.ended is not None and task.ended - task.started < 3:
            return f"Sending took {task.ended - task.started:g} s, and takes 3 s: is something not awaited?"
    return None


exercise = Exercise(
    __name__,
    level="repair",
    statement="""\
This route starts its mail with `asyncio.create_task`. When the server stops, the mail is lost, and nobody notices.
Let the mail be a background task instead: a server waits for those.
""",
    starter=STARTER,
    answer=STARTER.replace(CREATED, ADDED).replace(SIGNATURE, WITH_TASKS),
    hints=(
        "The route needs one more parameter.",
        "`add_task` takes the coroutine function itself, and calls it later: no brackets.",
        "`background_tasks.add_task(send_mail, email)` in the place of the line with create_task.",
    ),
    scenario=send,
    checks=(added_by_name, answered(200), answered_at_once("the mail"), known_to_the_server, only_once, takes_its_time),
    notice="Now the mail is on the timeline: the server knows it, waits for it, and logs its error.",
    wrong=(
        (STARTER.replace(CREATED, ADDED), "NameError: name 'background_tasks' is not defined"),
        (
            STARTER.replace(CREATED, "    background_tasks.add_task(send_mail(email))\n").replace(
                SIGNATURE, WITH_TASKS
            ),
            "You called the function",
        ),
        (STARTER.replace(CREATED, "    await send_mail(email)\n"), "waited 3 s, for the mail"),
        (STARTER.replace(CREATED, CREATED + ADDED).replace(SIGNATURE, WITH_TASKS), "sent twice"),
        (
            STARTER.replace(CREATED, ADDED.replace("send_mail, email", "asyncio.run, send_mail(email)")).replace(
                SIGNATURE, WITH_TASKS
            ),
            "but not `send_mail` itself",
        ),
        (STARTER.replace(CREATED, ADDED + ADDED).replace(SIGNATURE, WITH_TASKS), "added 2 times"),
        (
            STARTER.replace(CREATED, ADDED.replace(", email", ', "me"')).replace(SIGNATURE, WITH_TASKS),
            "another address",
        ),
    ),
)
