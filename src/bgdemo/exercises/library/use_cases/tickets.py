"""Step 1, case (a), after notebook 04: the itineraries go to the platforms when the passenger has the ticket."""

from bgdemo.client import TestClient
from bgdemo.exercises.checks import answered, answered_at_once
from bgdemo.exercises.engine.exercise import Exercise
from bgdemo.exercises.engine.trial import Trial
from bgdemo.exercises.library.use_cases._checks import answered_as_before, done_by_tasks, lines_of

STARTER = """\
import time

from fastapi import FastAPI

from bgdemo.lessons import folder

PLATFORMS = ["Ctrip", "Qunar", "Fliggy"]

app = FastAPI()


def send_itinerary(platform: str, passenger: str) -> None:
    time.sleep(2)
    with open(folder() / "itineraries.txt", mode="a", encoding="utf-8") as sent:
        sent.write(f"to {platform}: itinerary of {passenger}\\n")


@app.post("/tickets")
def issue_ticket(passenger: str):
    for platform in PLATFORMS:
        send_itinerary(platform, passenger)
    return {"message": f"Ticket issued for {passenger}"}
"""

PASSENGER = "王小明"
SENT = [f"to {platform}: itinerary of {PASSENGER}" for platform in ("Ctrip", "Qunar", "Fliggy")]

LOOP = """\
    for platform in PLATFORMS:
        send_itinerary(platform, passenger)
"""
ADDED = LOOP.replace("send_itinerary(", "background_tasks.add_task(send_itinerary, ")


def issue(client: TestClient) -> list[str]:
    """One passenger; then what the platforms got."""
    client.post("/tickets", params={"passenger": PASSENGER})
    client.drain()
    return lines_of("itineraries.txt")


def every_platform_has_the_itinerary(tried: Trial) -> str | None:
    """Each platform gets the itinerary, once"""
    lines = tried.seen
    if lines == SENT:
        return None
    if lines == SENT[-1:] * len(SENT):
        return (
            "All three itineraries went to Fliggy: a lambda looks up `platform` when it runs, and the loop is over "
            "then. Pass the arguments to add_task instead: they are kept as they are now."
        )
    if sorted(lines) == sorted(SENT):
        return "Each platform has the itinerary, but in another order than before."
    missing = [line for line in SENT if line not in lines]
    if missing and all(line in SENT for line in lines):
        return f"Not every platform has the itinerary. Missing: {', '.join(missing)}."
    return f"The platforms were sent something else than before: {', '.join(lines)}."


def _with(loop: str, parameters: str = "passenger: str, background_tasks: BackgroundTasks") -> str:
    imported = STARTER.replace("import FastAPI", "import BackgroundTasks, FastAPI")
    return imported.replace("passenger: str):", f"{parameters}):").replace(LOOP, loop)


exercise = Exercise(
    __name__,
    level="build",
    statement="""\
A ticket is issued, and its itinerary goes to three platforms. The passenger waits for all of them.
**Rewrite the route**, so that the passenger has the response at once, and each platform still gets the itinerary.
""",
    starter=STARTER,
    answer=_with(ADDED),
    hints=(
        "Three things are missing: an import, a parameter, and a call that adds instead of one that does.",
        "The route's second parameter is `background_tasks: BackgroundTasks`, and `fastapi` has that class.",
        "In the loop: `background_tasks.add_task(send_itinerary, platform, passenger)`.",
    ),
    scenario=issue,
    checks=(
        answered(200),
        answered_at_once("the platforms"),
        answered_as_before(f"Ticket issued for {PASSENGER}"),
        done_by_tasks,
        every_platform_has_the_itinerary,
    ),
    notice="Three tasks of one response, one after the other. The passenger gained 6 s, and no platform lost any.",
    wrong=(
        (_with(ADDED, "passenger: str, background_tasks"), "'background_tasks' in its query"),
        (_with(ADDED + LOOP), "waited 6 s, for the platforms"),
        (
            _with(ADDED.replace("send_itinerary, platform, passenger", "send_itinerary(platform, passenger)")),
            "You called the function",
        ),
        (_with(""), "No task was added"),
        (_with("    background_tasks.add_task(send_itinerary, PLATFORMS[0], passenger)\n"), "Missing: to Qunar"),
        (_with("    background_tasks.add_task(send_itinerary, PLATFORMS, passenger)\n"), "something else than before"),
        (_with(ADDED.replace("platform, passenger)", "passenger, platform)")), "something else than before"),
        (
            _with(ADDED.replace("send_itinerary, platform, passenger", "lambda: send_itinerary(platform, passenger)")),
            "All three itineraries went to Fliggy",
        ),
        (_with(ADDED.replace("PLATFORMS", "reversed(PLATFORMS)")), "in another order"),
        (_with("    background_tasks = BackgroundTasks()\n" + ADDED, "passenger: str"), "dropped"),
        (_with(ADDED).replace("Ticket issued", "Ticket will be issued"), "keep what the route returns"),
    ),
)
