"""What the process of an answer finds of this package: an exact list, so that nothing new gets there unseen."""

import subprocess
import sys
from pathlib import Path

from bgdemo.grading.judging.package import copy_without_answers, files_for_answers

ALLOWED = Path(__file__).with_name("files_for_answers.txt")
"""Whoever adds a file to a room that answers may see adds it here, and asks: may they see it?"""


def test_an_answer_finds_the_listed_files_and_no_others(tmp_path: Path) -> None:
    assert files_for_answers() == ALLOWED.read_text(encoding="utf-8").splitlines()
    copy = copy_without_answers(tmp_path)
    found = {path.relative_to(copy / "bgdemo").as_posix() for path in copy.rglob("*") if path.is_file()}
    empty = {path for path in found - set(files_for_answers()) if (copy / "bgdemo" / path).stat().st_size < 1_000}
    assert found == {*files_for_answers(), *empty}
    for path in empty:
        assert path.startswith(("exercises/", "grading/", "questions/")), path
        assert "Exercise(" not in (copy / "bgdemo" / path).read_text(encoding="utf-8")


def test_the_listed_files_are_enough_for_the_process_of_an_answer(tmp_path: Path) -> None:
    copy = copy_without_answers(tmp_path)
    code = f"import sys; sys.path.insert(0, {str(copy)!r}); import bgdemo.grading.answer_process.server as server; "
    code += "from bgdemo.grading.answer_process import warm; warm.warm_up(); print(server.__file__)"
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().startswith(str(copy))
