"""Step 2.4, to predict: tasks with `def` share 40 threads, and the 41st waits for one."""

from typing import Any

from bgdemo.client import TestClient
from bgdemo.exercises.engine.predict_a_run import PredictARun
from bgdemo.exercises.engine.trial import Trial

CODE = """\
import time

from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


def render(page: int) -> None:
    time.sleep(2)


@app.post("/render")
async def start(page: int, background_tasks: BackgroundTasks):
    background_tasks.add_task(render, page)
    return {"message": f"Page {page} is being rendered"}


@app.get("/sync")
def sync_route():
    return "a route with def"
"""


def many_clients(client: TestClient) -> None:
    for page in range(41):
        client.post("/render", params={"page": page})
    client.get("/sync")


def truth(happened: Trial) -> dict[str, Any]:
    timeline = happened.timeline
    first_ends = sum(task.ended == 2.0 for task in timeline.tasks)
    return {"at_the_same_time": first_ends, "sync_route": timeline.requests[-1].responded}


exercise = PredictARun(
    __name__,
    level="predict",
    statement="""\
41 clients post to `/render` at the same moment, and one more gets `/sync`. How many of the tasks run at the same time?
And after how many seconds does `/sync`, a route with `def`, answer?
""",
    code=CODE,
    scenario=many_clients,
    truth=truth,
    starter="prediction = {'at_the_same_time': ..., 'sync_route': ...}\n",
    answer="prediction = {'at_the_same_time': 40, 'sync_route': 2}\n",
    hints=(
        "A task with `def` needs a thread of its own while it runs.",
        "AnyIO has 40 threads for all `def` tasks, `def` routes and `def` dependencies together.",
    ),
    notice="40 threads are all there are, for tasks and routes with `def` alike: a busy background slows the front.",
    misconceptions=(
        ({"at_the_same_time": 41}, "Threads are not without limit: there are 40, and the 41st task waits for one."),
        ({"at_the_same_time": 1}, "One after the other are the tasks of one response; these belong to 41 responses."),
        ({"sync_route": 0}, "A route with `def` needs one of the same 40 threads, and they are all taken."),
    ),
    wrong=(
        ("prediction = {'at_the_same_time': 41, 'sync_route': 2}\n", "not without limit"),
        ("prediction = {'at_the_same_time': 1, 'sync_route': 2}\n", "these belong to 41 responses"),
        ("prediction = {'at_the_same_time': 40, 'sync_route': 0}\n", "one of the same 40 threads"),
    ),
)
