"""Notebook 05: the article's dependency, which adds a task of its own."""

from bgdemo.client import TestClient
from bgdemo.exercises.checks import answered
from bgdemo.exercises.engine.exercise import Exercise
from bgdemo.exercises.engine.trial import Trial
from bgdemo.lessons import folder

STARTER = """\
from fastapi import BackgroundTasks, Depends, FastAPI

from bgdemo.lessons import folder

app = FastAPI()


def write_log(message: str) -> None:
    with open(folder() / "log.txt", mode="a", encoding="utf-8") as log:
        log.write(message)


def get_query(q: str | None = None) -> str | None:
    # complete this function
    return q


@app.post("/send_info")
async def send_notification(
    email: str, background_tasks: BackgroundTasks, q: str | None = Depends(get_query)
) -> dict[str, str]:
    background_tasks.add_task(write_log, f"message to {email}\\n")
    return {"message": "Message sent"}
"""

GAP = """\
def get_query(q: str | None = None) -> str | None:
    # complete this function
"""
DECLARED = "def get_query(background_tasks: BackgroundTasks, q: str | None = None) -> str | None:\n"
ADDED = '    if q:\n        background_tasks.add_task(write_log, f"found query: {q}\\n")\n'
CALLED = ADDED.replace("write_log, ", "write_log(").replace('\\n")', '\\n"))')
QUERY, EMAIL = "fastapi", "li@example.com"
FOUND, SENT = f"found query: {QUERY}\n", f"message to {EMAIL}\n"


def with_and_without_a_query(client: TestClient) -> str:
    client.post("/send_info", params={"email": EMAIL, "q": QUERY})
    client.drain()
    client.post("/send_info", params={"email": EMAIL})
    client.drain()
    log = folder() / "log.txt"
    return log.read_text(encoding="utf-8") if log.exists() else ""


def query_logged(tried: Trial) -> str | None:
    """The query is logged"""
    log = str(tried.seen)
    if QUERY in log:
        return None
    if any(task.status == "dropped" for task in tried.timeline.tasks):
        return (
            "The line was added to a list that nobody runs: FastAPI runs the one that it passes in. "
            "Declare the parameter `background_tasks: BackgroundTasks` in `get_query`."
        )
    return f"With q={QUERY} the log has no line about it: `get_query` has to add `write_log`."


def in_the_background(tried: Trial) -> str | None:
    """The line is written in the background"""
    first = tried.timeline.tasks_of(1)
    if len(first) < 2:
        return (
            "The line was written before the response: `get_query` calls `write_log`. Let it add `write_log` instead."
        )
    return None


def only_with_a_query(tried: Trial) -> str | None:
    """Without a q there is no line"""
    if len(tried.timeline.tasks_of(2)) > 1:
        return "Without a q in the request, a line about a query was added as well: add it only `if q`."
    return None


def lines_and_order(tried: Trial) -> str | None:
    """The log has its lines, in order"""
    log = str(tried.seen)
    if log == FOUND + SENT + SENT:
        return None
    if log == SENT + FOUND + SENT:
        return "The route's line comes first: a dependency runs before its route, so let `get_query` add the task."
    if log.replace("\n", "") == (FOUND + SENT + SENT).replace("\n", ""):
        return r"The lines run together: a line ends with \n."
    return f"The log should begin with {FOUND!r}, and it is {log!r}."


def _with(function: str) -> str:
    return STARTER.replace(GAP, function)


UNTYPED = DECLARED.replace(": BackgroundTasks", "")
IN_THE_ROUTE = "    return {"

exercise = Exercise(
    __name__,
    level="complete",
    statement="""\
Each query is to be logged: where there is a `q`, `get_query` adds `write_log` with the text `f"found query: {q}\\n"`.
**Complete `get_query`.** The route stays as it is.
""",
    starter=STARTER,
    answer=_with(DECLARED + ADDED),
    hints=(
        "`get_query` may ask for the same thing as the route does.",
        "Give it the parameter `background_tasks: BackgroundTasks`. It has no default, so it comes before `q`.",
        'Then, `if q:`, `background_tasks.add_task(write_log, f"found query: {q}\\n")`.',
    ),
    scenario=with_and_without_a_query,
    checks=(answered(200), query_logged, in_the_background, only_with_a_query, lines_and_order),
    notice="Two functions asked for a BackgroundTasks, and got the same list: the dependency's task comes first.",
    wrong=(
        (_with(GAP + ADDED), "name 'background_tasks' is not defined"),
        (_with(UNTYPED + ADDED), "'background_tasks' in its query"),
        (_with(DECLARED + ADDED.replace("background_tasks.add_task(write_log, ", "write_log(")), "before the response"),
        (_with(DECLARED + CALLED), "You called the function"),
        (_with(DECLARED + ADDED.replace("    if q:\n    ", "")), "only `if q`"),
        (_with(GAP + "    background_tasks = BackgroundTasks()\n" + ADDED), "a list that nobody runs"),
        (_with(DECLARED + ADDED.replace("\\n", "")), "The lines run together"),
        (_with(DECLARED + ADDED.replace("found query: ", "query ")), "The log should begin with"),
        (STARTER.replace(IN_THE_ROUTE, ADDED + IN_THE_ROUTE), "The route's line comes first"),
        (_with(DECLARED + "    background_tasks.add_task(write_log)\n"), "missing 1 required positional"),
    ),
)
