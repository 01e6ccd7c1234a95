"""The teacher's guide to grading: its commands are run in their order, in a class, and show what it shows."""

import csv
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from bgdemo.grading.judging.exam import Exam, load_exam
from grading.conftest import hand_in, write_exam

pytestmark = [pytest.mark.timeout(600), pytest.mark.long]

GUIDE = (Path(__file__).parents[2] / "TEACHING.md").read_text(encoding="utf-8").partition("## Grading a class")[2]
GUIDE = GUIDE.partition("\n## ")[0]
(EXAM,) = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
BLOCKS = re.findall(r"```console\n(.*?)```", GUIDE, re.DOTALL)
BEFORE, GRADE, NBGRADER, CONTAINER = BLOCKS

ROSTER = "学号,姓名\n20270012,Ann\n20270013,王小明\n20270014,李雷\n20270015,韩梅梅\n20270016,Bob\n"


def commands(block: str) -> list[str]:
    """The lines to be typed."""
    return re.findall(r"^\$ (.*)$", block.replace("\\\n", ""), re.MULTILINE)


def run(folder: Path, command: str) -> str:
    """Run one of them; bgdemo and nbgrader are those of this Python."""
    name, *arguments = shlex.split(command)
    path = str(Path(sys.executable).parent)
    environment = {**os.environ, "PATH": f"{path}{os.pathsep}{os.environ['PATH']}", "JUPYTER_PREFER_ENV_PATH": "1"}
    done = subprocess.run(
        [sys.executable, "-m", name, *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A class that has handed in: right, wrong, raising and without end, not attempted, and one that is missing."""
    folder = tmp_path_factory.mktemp("class")
    exam = load_exam(write_exam(folder, EXAM))
    first, second = (question.exercise for question in exam.questions)
    endless = second.answer.replace('    return {"page"', '    while True: pass\n    return {"page"')
    hand_in(
        folder / "submissions",
        {
            "20270012.py": handed_in(exam, first.answer, second.answer),
            "王小明-作业1.py": handed_in(exam, first.wrong[3][0], second.wrong[0][0]),
            "李雷.py": handed_in(exam, "app = FastAPI()", endless),
            "20270016/answer.py": handed_in(exam, first.starter),
        },
    )
    (folder / "roster.csv").write_text(ROSTER, encoding="gb18030")
    return folder


def handed_in(exam: Exam, *answers: str) -> str:
    parts = zip(exam.questions, answers, strict=False)
    return "\n".join(f"# bgdemo: {question.name}\n{answer}" for question, answer in parts)


def points(path: Path, student: str, column: str) -> dict[str, float]:
    with open(path, encoding="utf-8-sig") as file:
        return {row[student]: float(row[column]) for row in csv.DictReader(file)}


def test_before_the_lesson(folder: Path) -> None:
    verify, handout = commands(BEFORE)
    assert run(folder, verify).splitlines() == ["add_task.schedule_do_not_call@2027: ok", "exam.count_the_visit: ok"]
    run(folder, handout)
    assert sorted(path.name for path in (folder / "handout").iterdir()) == ["questions.ipynb", "questions.py"]
    text = (folder / "handout" / "questions.py").read_text(encoding="utf-8")
    assert "count_visit(page)" in text
    assert "add_task(count_visit" not in text


def test_grading_shows_what_the_guide_shows(folder: Path) -> None:
    (command,) = commands(GRADE)
    seen = re.sub(r"in \d+\.\d s", "in 1.9 s", run(folder, command))
    assert seen == GRADE.partition("\n")[2]
    assert points(folder / "results.csv", "name", "points") == {
        "Ann": 6.0, "王小明": 4.25, "李雷": 0.0, "Bob": 0.0, "韩梅梅": 0.0,
    }  # fmt: skip


def test_nbgrader_gives_the_same_points(folder: Path) -> None:
    export, enter, generate, autograde, table, grade = commands(NBGRADER)
    run(folder, export)
    assert enter == "cd course"
    course = folder / "course"
    run(course, generate)
    exam = load_exam(course / "exam.py")
    for file in ("20270012.py", "王小明-作业1.py"):
        submit(course, exam, file.partition(".")[0], (folder / "submissions" / file).read_text(encoding="utf-8"))
    run(course, autograde)
    run(course, table)
    run(course, grade)
    theirs = points(course / "grades.csv", "student_id", "score")
    assert theirs == points(course / "results.csv", "file", "points") == {"20270012": 6.0, "王小明-作业1": 4.25}


def submit(course: Path, exam: Exam, student: str, text: str) -> None:
    """Put the parts of a script into the cells of the notebook that was given out."""
    notebook = json.loads((course / "release" / "exam1" / "exam1.ipynb").read_text(encoding="utf-8"))
    parts = dict(re.findall(r"(# bgdemo: \w+\n)(.*?)(?=# bgdemo|\Z)", text, re.DOTALL))
    for cell in notebook["cells"]:
        marker = "".join(cell["source"]).partition("\n")[0] + "\n"
        if marker in parts:
            cell["source"] = marker + parts[marker]
    hand_in(course / "submitted" / student / "exam1", {"exam1.ipynb": json.dumps(notebook)})


def test_the_container_runs_the_command_that_was_run_here() -> None:
    (container,) = commands(CONTAINER)
    assert " ".join(container.split()).endswith(f"YOUR_IMAGE {commands(GRADE)[0]}")


CAPABILITIES = {"CHOWN": 0, "DAC_OVERRIDE": 1, "FOWNER": 3, "KILL": 5, "SETGID": 6, "SETUID": 7}
"""The kernel's numbers."""

AS_IN_A_CONTAINER = """
import ctypes, os, sys
from bgdemo.grading.walls import mounts

folder, source, kept, *command = sys.argv[1:]
mounts.open_the_way([sys.prefix, sys.base_prefix, source, folder])
libc = ctypes.CDLL(None)
for number in range(64):
    if str(number) not in kept.split(","):
        libc.prctl(24, number, 0, 0, 0)
os.chdir(folder)
os.execv(sys.executable, [sys.executable, *command])
"""


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="asks Linux, as root")
def test_the_capabilities_of_the_container_are_enough(folder: Path) -> None:
    import bgdemo

    kept = ",".join(str(CAPABILITIES[name]) for name in re.findall(r"--cap-add (\w+)", CONTAINER))
    source = str(Path(bgdemo.__file__).parents[1])
    (command,) = commands(GRADE)
    arguments = [str(folder), source, kept, "-m", *shlex.split(command.replace("results", "results_in_a_container"))]
    done = subprocess.run(
        [sys.executable, "-c", AS_IN_A_CONTAINER, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert points(folder / "results_in_a_container.csv", "name", "points")["王小明"] == 4.25
