"""The shop of this step's exercises: what is done to it, and what is looked at."""

from bgdemo.client import TestClient
from bgdemo.exercises.checks import added_times, given, task_called
from bgdemo.exercises.engine.trial import Trial

EMAIL = "li@example.com"


def buy(client: TestClient) -> None:
    """One customer buys."""
    client.post("/buy", params={"email": EMAIL})


def nothing_but_the_email_is_asked_for(tried: Trial) -> str | None:
    """The client sends nothing but its email"""
    for response in tried.responses:
        for detail in response.json().get("detail", []) if response.status_code == 422 else []:
            place, *_, name = detail["loc"]
            if name != "email":
                return (
                    f"The client is asked for {name!r}, in its {place}: FastAPI takes a parameter for the background "
                    f"tasks only if that is its type. Write the annotation, {name}: BackgroundTasks."
                )
    return None


def sent_after_the_response(tried: Trial) -> str | None:
    """The receipt is sent after the response"""
    tasks = task_called(tried, "send_receipt")
    if not tasks:
        return "Nobody sends the receipt: no task was added. The line with add_task does that."
    if tasks[0].status == "dropped":
        return (
            "The receipt was added, and dropped: it went into a list that your own code made, and FastAPI runs only "
            "the list that it made itself."
        )
    order = [event.kind for event in tried.timeline.events]
    if order.index("task_started") < order.index("response_ended"):
        return "The receipt was sent before the response, by your own code. FastAPI runs a list, if it made it itself."
    if given(tasks[0], ["email"]).get("email") != EMAIL:
        return "The receipt is sent, but not to the address of whoever bought."
    return added_times(tried, "send_receipt")
