"""Notebook 04: the article's own call of add_task, with a positional and a keyword argument."""

from bgdemo.client import TestClient
from bgdemo.exercises.checks import added_by_name, added_times, answered, answered_at_once, given, task_called
from bgdemo.exercises.engine.exercise import Exercise
from bgdemo.exercises.engine.trial import Trial

STARTER = """\
import time

from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


def write_notification(email: str, message: str = "") -> None:
    time.sleep(5)
    print(f"notification for {email}: {message}")


@app.post("/send_info")
async def send_notification(email: str, background_tasks: BackgroundTasks):
    background_tasks.add_task  # complete this call
    return {"message": "Notification sent in the background"}
"""

CALL = "background_tasks.add_task  # complete this call"
EMAIL, MESSAGE = "li@example.com", "some notification"


def send_info(client: TestClient) -> None:
    client.post("/send_info", params={"email": EMAIL})


def added(tried: Trial) -> str | None:
    """The notification is added as a task, once"""
    if not task_called(tried, "write_notification"):
        return "Nobody sends the notification: `write_notification` was not added."
    return added_times(tried, "write_notification")


def with_its_arguments(tried: Trial) -> str | None:
    """It gets the caller's address, and the message"""
    for task in task_called(tried, "write_notification"):
        passed = given(task, ["email", "message"])
        email, message = passed.get("email"), passed.get("message", "")
        if (email, message) == (MESSAGE, EMAIL):
            return "The arguments are swapped: the function gets them in the order in which you pass them."
        if email != EMAIL:
            return f"The caller is {EMAIL}, and the notification is for {email!r}: pass the route's own `email`."
        if message == "":
            return 'The notification has no message: pass it on as well, message="some notification".'
        if message != MESSAGE:
            return f"The message is {message!r}, not {MESSAGE!r}."
    return None


def _with(line: str) -> str:
    return STARTER.replace(CALL, line)


exercise = Exercise(
    __name__,
    level="complete",
    statement="""\
After the response, `write_notification` is to run, with the caller's `email` and the message `"some notification"`.
**Complete the call.**
""",
    starter=STARTER,
    answer=_with('background_tasks.add_task(write_notification, email, message="some notification")'),
    hints=(
        "`add_task` takes the function, then its arguments: first the positional ones, then those with a name.",
        "The function is `write_notification`, without brackets. The first argument is `email`.",
        'After `write_notification, email` comes the keyword argument `message="some notification"`.',
    ),
    scenario=send_info,
    checks=(added_by_name, answered(200), answered_at_once("the notification"), added, with_its_arguments),
    notice="The function, a positional argument and a keyword argument: the task's record has all three.",
    wrong=(
        (_with('background_tasks.add_task(write_notification(email, message="some notification"))'), "You called"),
        (_with('background_tasks.add_task(write_notification(email), message="some notification")'), "You called"),
        (_with("background_tasks.add_task(write_notification, email)"), "has no message"),
        (_with("background_tasks.add_task(write_notification)"), "missing 1 required positional argument: 'email'"),
        (_with('background_tasks.add_task(write_notification, "some notification", email)'), "are swapped"),
        (_with('background_tasks.add_task(write_notification, "me", message="some notification")'), "route's own"),
        (_with('background_tasks.add_task(write_notification, email, message="hello")'), "The message is 'hello'"),
        (_with('background_tasks.add_task(write_notification, email, text="some notification")'), "argument 'text'"),
        (_with('write_notification(email, message="some notification")'), "waited 5 s, for the notification"),
        (
            _with('await background_tasks.add_task(write_notification, email, message="some notification")'),
            "can't be used in 'await' expression (line 15:",
        ),
        (_with('background_tasks.add_task(email, write_notification, "some notification")'), "Pass the function"),
    ),
)
