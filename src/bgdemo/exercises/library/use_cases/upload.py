"""Step 1, case (c), after notebook 04: a file is processed again when the client knows that it has arrived."""

from bgdemo.client import TestClient
from bgdemo.exercises.checks import answered, answered_at_once
from bgdemo.exercises.engine.exercise import Exercise
from bgdemo.exercises.engine.trial import Trial
from bgdemo.exercises.library.use_cases._checks import answered_as_before, done_by_tasks, lines_of

STARTER = """\
import time

from fastapi import FastAPI, UploadFile

from bgdemo.lessons import folder

app = FastAPI()


def process_again(file: UploadFile) -> None:
    time.sleep(5)
    file.file.seek(0)  # back to the beginning of the file
    content = file.file.read()
    with open(folder() / "processed.txt", mode="a", encoding="utf-8") as report:
        report.write(f"{file.filename}: {len(content)} bytes\\n")


@app.post("/upload")
def upload(file: UploadFile):
    received = len(file.file.read())
    process_again(file)
    return {"message": f"{received} bytes received"}
"""

NAME, CONTENT = "行程.txt", b"x" * 2000
CALL = "    process_again(file)\n"
ADDED = "    background_tasks.add_task(process_again, file)\n"
COUNTED = "    received = len(file.file.read())\n"


def send(client: TestClient) -> list[str]:
    """One file; then the report."""
    client.post("/upload", files={"file": (NAME, CONTENT)})
    client.drain()
    return lines_of("processed.txt")


def the_whole_file_is_processed(tried: Trial) -> str | None:
    """The whole file is processed, once"""
    lines = tried.seen
    if lines == [f"{NAME}: {len(CONTENT)} bytes"]:
        return None
    if lines == [f"{NAME}: 0 bytes"]:
        return "The task read 0 bytes: the route has read to the end, so the task has to go back first, seek(0)."
    if len(lines) > 1:
        return f"The file was processed {len(lines)} times."
    return f"The report says {lines[0] if lines else 'nothing'}, not {NAME}: {len(CONTENT)} bytes."


def _with(call: str, parameters: str = "file: UploadFile, background_tasks: BackgroundTasks") -> str:
    imported = STARTER.replace("import FastAPI", "import BackgroundTasks, FastAPI")
    return imported.replace("upload(file: UploadFile)", f"upload({parameters})").replace(CALL, call)


exercise = Exercise(
    __name__,
    level="build",
    statement="""\
A client uploads a file, and waits until it has been processed again.
**Rewrite the route**, so that the client learns at once how many bytes have arrived, and the file is still processed.
""",
    starter=STARTER,
    answer=_with(ADDED),
    hints=(
        "Which of the two lines does the response need: the one that counts, or the one that processes?",
        "Three things are missing: an import, a parameter, and a call that adds instead of one that does.",
        "`background_tasks.add_task(process_again, file)`: the task may have the file itself, it is still open then.",
    ),
    scenario=send,
    checks=(
        answered(200),
        answered_at_once("the processing"),
        answered_as_before(f"{len(CONTENT)} bytes received"),
        done_by_tasks,
        the_whole_file_is_processed,
    ),
    notice="Counting stays before the response, which needs the number. The file is still open for the task after it.",
    wrong=(
        (_with(ADDED, "file: UploadFile, background_tasks"), "'background_tasks' in its query"),
        (_with(ADDED + CALL), "waited 5 s, for the processing"),
        (_with("    background_tasks.add_task(process_again(file))\n"), "You called the function"),
        (_with(""), "No task was added"),
        (_with("    background_tasks.add_task(process_again)\n"), "missing 1 required positional argument: 'file'"),
        (_with("    background_tasks.add_task(process_again, file.file)\n"), "has no attribute 'file'"),
        (_with(ADDED).replace("    file.file.seek(0)  # back to the beginning of the file\n", ""), "read 0 bytes"),
        (_with(ADDED + "    file.file.close()\n"), "closed file"),
        (_with(ADDED + ADDED), "processed 2 times"),
        (_with(ADDED).replace(COUNTED, "").replace("{received} bytes", "File"), "keep what the route returns"),
        (_with(f"    background_tasks = BackgroundTasks()\n{ADDED}", "file: UploadFile"), "dropped"),
    ),
)
