"""nbgrader, run as its users run it: on a course that `bgdemo export nbgrader` wrote."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bgdemo.grading.judging.exam import Exam, ExamQuestion

ASSIGNMENT = "作业1"


def run(course: Path, *arguments: str) -> None:
    """Run an nbgrader command in a course."""
    bin_folder = str(Path(sys.executable).parent)  # it calls alembic by its name
    environment = {**os.environ, "PATH": bin_folder + os.pathsep + os.environ["PATH"], "JUPYTER_PREFER_ENV_PATH": "1"}
    command = [sys.executable, "-m", "nbgrader", *arguments]
    done = subprocess.run(
        command, cwd=course, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def released(course: Path) -> dict[str, Any]:
    """The notebook that students get."""
    path = course / "release" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
    notebook: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return notebook


def submit(course: Path, student: str, exam: Exam, answer: Callable[[ExamQuestion], str]) -> None:
    """Hand in the released notebook, with an answer in each question's cell."""
    notebook = released(course)
    questions = {question.name: question for question in exam.questions}
    for cell in notebook["cells"]:
        question = questions.get(cell["metadata"]["nbgrader"]["grade_id"])
        if question is not None:
            cell["source"] = f"# bgdemo: {question.name}\n{answer(question)}"
    path = course / "submitted" / student / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(notebook, ensure_ascii=False), encoding="utf-8")
