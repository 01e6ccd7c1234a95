"""Step 1, case (b), after notebook 04: the customers get their mails when the purchase has been confirmed."""

from bgdemo.client import TestClient
from bgdemo.exercises.checks import answered, answered_at_once
from bgdemo.exercises.engine.exercise import Exercise
from bgdemo.exercises.engine.trial import Trial
from bgdemo.exercises.library.use_cases._checks import answered_as_before, done_by_tasks, lines_of

STARTER = """\
import time

from fastapi import FastAPI

from bgdemo.lessons import folder

app = FastAPI()


def send_mail(email: str, message: str) -> None:
    time.sleep(3)
    with open(folder() / "mails.txt", mode="a", encoding="utf-8") as sent:
        sent.write(f"to {email}: {message}\\n")


@app.post("/purchase")
def purchase(emails: list[str]):
    for email in emails:
        send_mail(email, message="your purchase succeeded")
    return {"message": "Purchase succeeded"}
"""

EMAILS = ["li@example.com", "wang@example.com"]
MESSAGE = "your purchase succeeded"
SENT = [f"to {email}: {MESSAGE}" for email in EMAILS]

LOOP = """\
    for email in emails:
        send_mail(email, message="your purchase succeeded")
"""
ADDED = LOOP.replace("send_mail(", "background_tasks.add_task(send_mail, ")


def buy(client: TestClient) -> list[str]:
    """Two customers buy together; then the mails that were sent."""
    client.post("/purchase", json=EMAILS)
    client.drain()
    return lines_of("mails.txt")


def every_customer_has_a_mail(tried: Trial) -> str | None:
    """Each customer gets a mail, once"""
    lines = tried.seen
    if lines == SENT:
        return None
    if lines == SENT[-1:] * len(SENT):
        return (
            f"All mails went to {EMAILS[-1]}: a lambda looks up `email` when it runs, and the loop is over then. "
            "Pass the arguments to add_task instead: they are kept as they are now."
        )
    if lines == [f"to {EMAILS}: {MESSAGE}"]:
        return "One mail went to the whole list: add one task for each customer, in the loop."
    missing = [email for email, line in zip(EMAILS, SENT, strict=True) if line not in lines]
    if missing and all(line in SENT for line in lines):
        return f"Not every customer has a mail. Missing: {', '.join(missing)}."
    return f"Other mails were sent than before: {', '.join(lines)}."


def _with(loop: str, parameters: str = "emails: list[str], background_tasks: BackgroundTasks") -> str:
    imported = STARTER.replace("import FastAPI", "import BackgroundTasks, FastAPI")
    return imported.replace("emails: list[str]):", f"{parameters}):").replace(LOOP, loop)


exercise = Exercise(
    __name__,
    level="build",
    statement="""\
A purchase succeeds, and each customer gets a mail. The more customers, the longer all of them wait for the response.
**Rewrite the route**, so that the response is there at once, and each customer still gets a mail.
""",
    starter=STARTER,
    answer=_with(ADDED),
    hints=(
        "Three things are missing: an import, a parameter, and a call that adds instead of one that does.",
        "A keyword argument of the mail becomes a keyword argument of `add_task`.",
        'In the loop: `background_tasks.add_task(send_mail, email, message="your purchase succeeded")`.',
    ),
    scenario=buy,
    checks=(
        answered(200),
        answered_at_once("the mails"),
        answered_as_before("Purchase succeeded"),
        done_by_tasks,
        every_customer_has_a_mail,
    ),
    notice="The response no longer depends on how many customers there are. The mails take what they took.",
    wrong=(
        (_with(ADDED, "emails: list[str], background_tasks"), "'background_tasks' in its query"),
        (_with(ADDED + LOOP), "waited 6 s, for the mails"),
        (
            _with(LOOP.replace("send_mail(", "background_tasks.add_task(send_mail(").replace('")', '"))')),
            "You called the function",
        ),
        (_with(""), "No task was added"),
        (_with(ADDED.replace("for email in emails", "for email in emails[:1]")), "Missing: wang@example.com"),
        (
            _with('    background_tasks.add_task(send_mail, emails, message="your purchase succeeded")\n'),
            "went to the whole list",
        ),
        (_with(ADDED.replace(', message="your purchase succeeded"', "")), "missing 1 required positional argument"),
        (_with(ADDED.replace("your purchase succeeded", "hello")), "Other mails were sent than before"),
        (
            _with(ADDED.replace("send_mail, email, ", "lambda: send_mail(email, ").replace('")', '"))')),
            "All mails went to wang@example.com",
        ),
        (_with("    background_tasks = BackgroundTasks()\n" + ADDED, "emails: list[str]"), "dropped"),
        (_with(ADDED).replace("Purchase succeeded", "Thank you"), "keep what the route returns"),
    ),
)
