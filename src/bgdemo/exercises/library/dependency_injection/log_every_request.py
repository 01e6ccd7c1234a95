"""Step 2.5: a dependency of the whole app adds a task for each of its routes."""

import re

from bgdemo.client import TestClient
from bgdemo.exercises.checks import answered, task_called
from bgdemo.exercises.engine.exercise import Exercise
from bgdemo.exercises.engine.trial import Trial

STARTER = """\
from fastapi import BackgroundTasks, Depends, FastAPI, Request


def write_log(message: str) -> None:
    print(message)


app = FastAPI()


@app.get("/items")
async def items():
    return ["a", "b"]


@app.get("/users")
async def users():
    return ["Li", "Wang"]
"""

DEPENDENCY = """\
def log_request(request: Request, background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(write_log, f"{request.method} {request.url.path}")


app = FastAPI(dependencies=[Depends(log_request)])
"""
LINE = DEPENDENCY.splitlines()[1]
APP = "app = FastAPI()\n"
EXPECTED = ["GET /items", "GET /users"]


def visit_both(client: TestClient) -> None:
    client.get("/items")
    client.get("/users")


def one_line_a_request(tried: Trial) -> str | None:
    """Each request writes one line"""
    for request in tried.timeline.requests:
        lines = [task for task in tried.timeline.tasks_of(request) if task in task_called(tried, "write_log")]
        if not lines:
            return f"{request.method} {request.path} added no task: it is not in the log."
        if len(lines) > 1:
            return f"{request.method} {request.path} is in the log {len(lines)} times."
    return None


def with_method_and_path(tried: Trial) -> str | None:
    """A line has the method and the path"""
    written = [task.printed.strip() for task in task_called(tried, "write_log")]
    return None if written == EXPECTED else f"The log has {written}, and was to have {EXPECTED}."


def only_once(tried: Trial) -> str | None:
    """It is written once, for the whole app"""
    source = tried.source or ""
    if source.count("add_task(") > 1 or re.search(r"@app\.\w+\([^\n]*dependencies", source):
        return (
            "The next route that somebody writes will not be in the log. Give the dependency to the app, "
            "FastAPI(dependencies=[Depends(...)]), and not to each route."
        )
    return None


def the_routes_stay(tried: Trial) -> str | None:
    """The answers stay what they were"""
    bodies = [response.json() for response in tried.responses if response.status_code == 200]
    return None if bodies in ([["a", "b"], ["Li", "Wang"]], []) else f"The routes answer something else now: {bodies}."


exercise = Exercise(
    __name__,
    level="build",
    statement="""\
Every request is to write one line to the log after its response, such as `GET /items`, with `write_log`.
Do it **once**, with a dependency of the whole app, so that a new route cannot forget it.
""",
    starter=STARTER,
    answer=STARTER.replace(APP, DEPENDENCY),
    hints=(
        "A dependency may have parameters `request: Request` and `background_tasks: BackgroundTasks` itself.",
        "`FastAPI(dependencies=[Depends(...)])` has it run for every route.",
        'In the dependency: `background_tasks.add_task(write_log, f"{request.method} {request.url.path}")`.',
    ),
    scenario=visit_both,
    checks=(answered(200), one_line_a_request, with_method_and_path, the_routes_stay, only_once),
    notice="The parameter can stand at any level: in a route, in its dependencies, in those of the whole app.",
    wrong=(
        (
            STARTER.replace(APP, DEPENDENCY.replace("(dependencies=[Depends(log_request)])", "()")).replace(
                '"/items")', '"/items", dependencies=[Depends(log_request)])'
            ),
            "GET /users added no task",
        ),
        (
            STARTER.replace(APP, DEPENDENCY.replace("(dependencies=[Depends(log_request)])", "()"))
            .replace('"/items")', '"/items", dependencies=[Depends(log_request)])')
            .replace('"/users")', '"/users", dependencies=[Depends(log_request)])'),
            "The next route that somebody writes",
        ),
        (STARTER.replace(APP, DEPENDENCY.replace(LINE, f"{LINE}\n{LINE}")), "in the log 2 times"),
        (STARTER.replace(APP, DEPENDENCY.replace("{request.method} ", "")), "The log has ['/items', '/users']"),
        (STARTER.replace(APP, DEPENDENCY).replace('["a", "b"]', "[]"), "answer something else now"),
        (
            STARTER.replace(APP, DEPENDENCY.replace("background_tasks.add_task(write_log, ", "write_log(")),
            "added no task",
        ),
    ),
)
