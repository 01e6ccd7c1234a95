"""The same without root: another user id is no defence then, and the rest has to do."""

import json
import os
import sys
from typing import Any

import pytest

from bgdemo.grading.inside import landlock
from grading.conftest import EXAM, MARKER, hand_in
from grading.ordinary_user import run_as_ordinary_user
from grading.test_hostile import ANSWER, FORK_BOMB, IN_C, NAME, ORPHAN, UNTOUCHED, in_route, in_task, processes

pytestmark = [pytest.mark.timeout(300), pytest.mark.skipif(sys.platform != "linux", reason="opens the way to Python")]


@pytest.fixture(scope="module")
def marks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("ordinary")
    submissions = folder / "submissions"
    neighbour, outside = submissions / "before.py", folder / "outside.txt"
    files = UNTOUCHED | {
        "fork_bomb.py": MARKER + FORK_BOMB,
        "orphan.py": MARKER + ANSWER + ORPHAN.format(name=NAME),
        "memory.py": MARKER + in_task("kept = [bytearray(b'x' * 10**6) for _ in range(10**6)]"),
        "in_c.py": MARKER + ANSWER + IN_C.format(read=os.fsencode(neighbour), write=os.fsencode(outside)),
        "reads_another.py": MARKER + in_route(f"open({str(neighbour)!r}).read()"),
    }
    hand_in(submissions, files)
    (folder / "exam.py").write_text(EXAM, encoding="utf-8")
    command = ("-m", "bgdemo", "grade", "submissions", "--exercises", "exam.py", "--time", "6", "--memory", "128")
    done = run_as_ordinary_user(folder, *command)
    assert done.returncode == 0, done.stdout + done.stderr
    data = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    return {student["file"]: student["marks"][0] for student in data["students"]}


@pytest.mark.parametrize(
    ("file", "verdict", "message"),
    [
        ("before.py", "right", "The response leaves at once"),
        ("zz-after.py", "right", "The response leaves at once"),
        ("fork_bomb.py", "stopped", "started more than 16 processes"),
        ("orphan.py", "right", "It left 1 process running, which had to be ended"),
        ("memory.py", "stopped", "wanted more than 128 MB of memory"),
        ("reads_another.py", "raised", "outside of the submission's own folder"),
    ],
)
def test_a_submission_gets_the_same_row(marks: dict[str, Any], file: str, verdict: str, message: str) -> None:
    assert marks[file]["verdict"] == verdict
    assert message in marks[file]["message"]


def test_a_grandchild_in_a_session_of_its_own_is_gone(marks: dict[str, Any]) -> None:
    assert marks["orphan.py"]["verdict"] == "right"
    assert NAME not in processes()


@pytest.mark.skipif(landlock.version() < 6, reason="needs a kernel whose Landlock knows signals")
def test_the_kernel_keeps_files_and_processes_of_the_same_user_from_it(marks: dict[str, Any]) -> None:
    assert marks["in_c.py"]["printed"] == "read -1 written -1 killed -1\n"
