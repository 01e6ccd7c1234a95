"""Steps 2.3 and 2.4, the misconception: add_task(f(x)) calls f at once."""

from bgdemo.client import TestClient
from bgdemo.exercises.checks import AT_ONCE, added_by_name, answered, given, task_called, waited_by
from bgdemo.exercises.engine.exercise import Exercise
from bgdemo.exercises.engine.trial import Trial

STARTER = """\
import time

from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


def resize(picture: str, width: int) -> None:
    time.sleep(4)
    print(f"{picture} is {width} wide")


@app.post("/pictures")
def upload(name: str, background_tasks: BackgroundTasks):
    background_tasks.add_task(resize(name, width=200))
    return {"message": f"{name} was received"}
"""

CALL = "background_tasks.add_task(resize(name, width=200))"
RIGHT = "background_tasks.add_task(resize, name, width=200)"
NAME = "cat.png"


def upload(client: TestClient) -> None:
    client.post("/pictures", params={"name": NAME})


def not_called_by_the_route(tried: Trial) -> str | None:
    """The route does not call the function itself"""
    if any(waited_by(request) > AT_ONCE for request in tried.timeline.requests):
        return (
            "The client waited 4 s: `resize(...)` with brackets is a call, and Python makes it before `add_task` "
            "gets anything. Pass the function, and its arguments after a comma."
        )
    return None


def resized_in_the_background(tried: Trial) -> str | None:
    """The picture is resized in the background"""
    tasks = task_called(tried, "resize")
    if not tasks:
        return "No `resize` was added: the picture keeps its size."
    passed = given(tasks[0], ["picture", "width"])
    if passed.get("picture") != NAME:
        return f"The picture is {NAME!r}, and `resize` got {passed.get('picture')!r}."
    if passed.get("width") != 200:
        return f"`resize` got the width {passed.get('width')!r}, and was to get 200."
    return None


exercise = Exercise(
    __name__,
    level="repair",
    statement="""\
The client of this route waits for 4 s, and then the server's log has a `TypeError`. Mend the line with `add_task`.
""",
    starter=STARTER,
    answer=STARTER.replace(CALL, RIGHT),
    hints=(
        "Who runs `resize` here, and when? Read the line from the inside to the outside.",
        "`add_task` is to get the function itself: its name, without brackets.",
        "Its arguments come after it, separated by commas, and `width=200` keeps its name.",
    ),
    scenario=upload,
    checks=(added_by_name, answered(200), not_called_by_the_route, resized_in_the_background),
    notice="`resize` without brackets is the function. add_task keeps it with its arguments, and calls it later.",
    wrong=(
        (STARTER.replace(CALL, "background_tasks.add_task(resize, name)"), "missing 1 required positional argument"),
        (STARTER.replace(CALL, "background_tasks.add_task(resize, name, 300)"), "was to get 200"),
        (STARTER.replace(CALL, 'background_tasks.add_task(resize, "picture", width=200)'), "`resize` got 'picture'"),
        (STARTER.replace(CALL, "pass"), "No `resize` was added"),
        (STARTER.replace(CALL, "background_tasks.add_task(resize, (name, 200))"), "missing 1 required positional"),
        (STARTER.replace(CALL, "resize(name, width=200)"), "is a call, and Python makes it before"),
        (STARTER.replace(CALL, f"resize(name, width=200)\n    {RIGHT}"), "is a call, and Python makes it before"),
    ),
    varies={"resize": ("resize", "shrink", "make_smaller")},
)
