"""Notebook 03: a file that is opened with mode "w" forgets the mail before."""

from bgdemo.client import TestClient
from bgdemo.exercises.checks import answered, task_called
from bgdemo.exercises.engine.exercise import Exercise
from bgdemo.exercises.engine.trial import Trial
from bgdemo.lessons import folder

STARTER = """\
from fastapi import BackgroundTasks, FastAPI

from bgdemo.lessons import folder

app = FastAPI()


def write_notification(email: str, message: str = "") -> None:
    with open(folder() / "log_test.txt", mode="w", encoding="utf-8") as email_file:
        email_file.write(f"notification for {email}: {message}\\n")


@app.post("/send_info")
async def send_notification(email: str, background_tasks: BackgroundTasks):
    background_tasks.add_task(write_notification, email, message="some notification")
    return {"message": "Notification sent in the background"}
"""

ADDED = 'background_tasks.add_task(write_notification, email, message="some notification")'
EMAILS = ["li@example.com", "wang@example.com"]
KEPT = [f"notification for {email}: some notification" for email in EMAILS]


def two_mails(client: TestClient) -> list[str] | None:
    """Two customers, one after the other; then the lines of the file."""
    for email in EMAILS:
        client.post("/send_info", params={"email": email})
        client.drain()
    file = folder() / "log_test.txt"
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else None


def still_tasks(tried: Trial) -> str | None:
    """Each mail is written by a task of its own"""
    number = len(task_called(tried, "write_notification"))
    if number == len(EMAILS):
        return None
    return f"Two mails, and {number} tasks: let the route add `write_notification` once, as it did."


def both_mails_are_kept(tried: Trial) -> str | None:
    """The file has both mails, the first one first"""
    lines = tried.seen
    if lines is None:
        return "There is no file log_test.txt: keep its name, and its folder."
    if lines == KEPT:
        return None
    if lines == KEPT[1:]:
        return 'Only the second mail is in the file: mode "w" begins with an empty file each time it is opened.'
    if lines == KEPT[::-1]:
        return "Both mails are there, but the second one stands first: add at the end."
    if "".join(lines) == "".join(KEPT):
        return "Both mails are there, on one line: each has to end with a line break, \\n."
    return f"The file has these lines: {lines}. Both mails were meant, each on a line of its own, and nothing else."


exercise = Exercise(
    __name__,
    level="repair",
    statement="""\
Two customers get a mail, one after the other, and the file keeps the second mail only.
**Repair the task function**, so that the file keeps both, each on a line of its own.
""",
    starter=STARTER,
    answer=STARTER.replace('mode="w"', 'mode="a"'),
    hints=(
        "Call the function twice by hand, and read the file after each call.",
        'The mode says what becomes of a file that is there already: "w" empties it.',
        'There is a mode that appends: "a".',
    ),
    scenario=two_mails,
    checks=(answered(200), still_tasks, both_mails_are_kept),
    notice='The route has not changed: a task function is an ordinary function, and mode "a" keeps what was there.',
    wrong=(
        (STARTER.replace('mode="w"', 'mode="x"'), "FileExistsError"),
        (STARTER.replace('mode="w"', 'mode="r+"'), "FileNotFoundError"),
        (STARTER.replace('mode="w"', 'mode="r"'), "FileNotFoundError"),
        (STARTER.replace('mode="w"', 'mode="a"').replace("\\n", ""), "on one line"),
        (STARTER.replace('mode="w"', 'mode="a"').replace("log_test.txt", "mails.txt"), "no file log_test.txt"),
        (STARTER.replace('mode="w"', 'mode="a"').replace("{email}", "you"), "The file has these lines"),
        (STARTER.replace('mode="w"', 'mode="a"').replace(ADDED, "write_notification(email)"), "and 0 tasks"),
        (STARTER.replace('mode="w"', 'mode="a"').replace(ADDED, f"{ADDED}\n    {ADDED}"), "and 4 tasks"),
        (STARTER.replace("email_file.write(", "email_file.append("), "has no attribute 'append'"),
        (
            STARTER.replace(
                '    with open(folder() / "log_test.txt", mode="w"',
                '    path = folder() / "log_test.txt"\n    old = path.read_text() if path.exists() else ""\n'
                '    with open(path, mode="w"',
            ).replace("{message}\\n", "{message}\\n{old}"),
            "the second one stands first",
        ),
    ),
)
