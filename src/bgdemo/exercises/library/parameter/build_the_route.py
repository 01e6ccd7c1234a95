"""Step 2.1, from nothing: a route whose query has an email, and which adds a task that is there already."""

from bgdemo.client import TestClient
from bgdemo.exercises.checks import added_by_name, answered, answered_at_once, given, task_called
from bgdemo.exercises.engine.exercise import Exercise
from bgdemo.exercises.engine.trial import Trial

STARTER = """\
import time

from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


def send_welcome(email: str) -> None:
    time.sleep(2)
    print(f"welcome, {email}")


# your route: POST /register
"""

ROUTE = """\
@app.post("/register")
async def register(email: str, background_tasks: BackgroundTasks):
    background_tasks.add_task(send_welcome, email)
    return {"message": "Registered"}
"""

ADD = "background_tasks.add_task(send_welcome, email)"
TODO = "# your route: POST /register\n"
EMAILS = ["li@example.com", "wang@example.com"]


def register_two(client: TestClient) -> list[str]:
    """Two people register; the names of the query's parameters are what the docs of the app list."""
    for email in EMAILS:
        client.post("/register", params={"email": email})
    route = client.get("/openapi.json").json()["paths"].get("/register", {}).get("post", {})
    return [parameter["name"] for parameter in route.get("parameters", [])]


def there_is_a_route(tried: Trial) -> str | None:
    """There is a route POST /register"""
    if tried.timeline.requests and tried.timeline.requests[0].status == 404:
        return 'There is no route POST /register yet: write a function, with @app.post("/register") above it.'
    return None


def asks_for_an_email(tried: Trial) -> str | None:
    """The query has an email, and nothing else"""
    if tried.seen and tried.seen != ["email"]:
        return (
            f"The query of the route has {' and '.join(tried.seen)}, and was to have `email` alone. "
            "A parameter is FastAPI's own, and not part of the query, if its type is BackgroundTasks."
        )
    return None


def each_gets_a_welcome(tried: Trial) -> str | None:
    """Each of them gets a welcome, after the response"""
    tasks = task_called(tried, "send_welcome")
    if not tasks:
        return "Nobody gets a welcome: add `send_welcome` to the background tasks."
    sent = [given(task, ["email"]).get("email") for task in tasks]
    return None if sent == EMAILS else f"Welcomed were {sent}, and registered {EMAILS}."


def _with(route: str) -> str:
    return STARTER.replace(TODO, route)


exercise = Exercise(
    __name__,
    level="build",
    statement="""\
Write the route `POST /register`. Its query has an `email`. It answers at once with status 200, and `send_welcome` runs
after the response, with that address.
""",
    starter=STARTER,
    answer=_with(ROUTE),
    hints=(
        "A route is a function below a line with @app.post(...).",
        "Its parameters: `email: str` is part of the query, `background_tasks: BackgroundTasks` is FastAPI's own.",
        "In its body: `background_tasks.add_task(send_welcome, email)`, and then a `return`.",
    ),
    scenario=register_two,
    checks=(
        added_by_name,
        there_is_a_route,
        asks_for_an_email,
        answered(200, 200, 200),
        answered_at_once("the welcome"),
        each_gets_a_welcome,
    ),
    notice="FastAPI found the second parameter by its type: the docs of your app list only `email`.",
    wrong=(
        (_with(ROUTE.replace("/register", "/registration")), "There is no route POST /register yet"),
        (_with(ROUTE.replace("background_tasks: BackgroundTasks", "background_tasks")), "its type is"),
        (_with(ROUTE.replace("email: str, ", "").replace("send_welcome, email", "send_welcome, 'me'")), "Welcomed"),
        (_with(ROUTE.replace(ADD, "pass")), "Nobody gets"),
        (_with(ROUTE.replace(ADD, "send_welcome(email)")), "waited 2 s, for the welcome"),
        (_with(ROUTE.replace(ADD, "background_tasks.add_task(send_welcome(email))")), "You called the function"),
        (_with(ROUTE.replace("post(", "get(")), "does not take POST"),
    ),
    varies={"send_welcome": ("send_welcome", "send_greeting", "greet_by_mail")},
)
