"""The same without root: another user id is no defence then, and the rest has to do."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from bgdemo.grading.walls import landlock
from grading.conftest import EXAM
from grading.ordinary_user import run_as_ordinary_user
from grading.test_hostile import LIMITS, NAME, ROWS, UNTOUCHED, hand_in_all, processes

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.starts("a hostile class"),
    pytest.mark.skipif(sys.platform != "linux", reason="opens the way to Python"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ordinary")
    hand_in_all(folder)
    return folder


@pytest.fixture(scope="module")
def scores(folder: Path) -> dict[str, dict[str, Any]]:
    """What each got, by the name of its file."""
    (folder / "exam.py").write_text(EXAM, encoding="utf-8")
    limits = ("--time", str(LIMITS.seconds), "--memory", str(LIMITS.memory))
    done = run_as_ordinary_user(folder, "-m", "bgdemo", "grade", "submissions", "--exercises", "exam.py", *limits)
    assert done.returncode == 0, done.stdout + done.stderr
    data = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    return {student["file"]: student["scores"][0] for student in data["students"]}


@pytest.mark.parametrize("file", UNTOUCHED)
def test_the_others_are_graded_as_if_nothing_had_happened(scores: dict[str, Any], file: str) -> None:
    assert (scores[file]["verdict"], scores[file]["points"]) == ("right", 4.0)


@pytest.mark.parametrize(("file", "verdict", "message"), ROWS)
def test_a_submission_gets_the_same_row(scores: dict[str, Any], file: str, verdict: str, message: str) -> None:
    assert message in scores[file]["message"]
    assert scores[file]["verdict"] == verdict


def test_a_grandchild_in_a_session_of_its_own_is_gone(scores: dict[str, Any]) -> None:
    assert scores["orphan.py"]["verdict"] == "right"
    assert NAME not in processes()


@pytest.mark.skipif(not landlock.version(), reason="needs a kernel with Landlock")
def test_the_kernel_keeps_files_and_processes_of_the_same_user_from_it(scores: dict[str, Any]) -> None:
    assert scores["in_c.py"]["printed"] == "read -1 written -1 killed -1\n"


def test_files_of_the_same_user_keep_their_content_and_their_rights(scores: dict[str, Any], folder: Path) -> None:
    path = folder / "submissions" / "before.py"
    assert scores["in_c.py"]["verdict"] == "right"
    assert path.read_text(encoding="utf-8") == UNTOUCHED["before.py"]
    assert path.stat().st_mode & 0o777 == 0o644
