"""Which part of a file answers which question, and what counts of it."""

import json
import os
import traceback
from pathlib import Path
from typing import Any

import pytest

from bgdemo.exercises.engine.code import load_as
from bgdemo.grading.judging.submitted import SubmittedAnswer, SubmittedFile, read_answers
from bgdemo.grading.judging.texts import LARGEST, Unreadable, display, read_text

SCRIPT = """\
import math

# bgdemo: one
# What is asked, as a comment.

app = math.pi

# bgdemo: add_task.two
app = 2
    # bgdemo: indented
# BGDEMO：one
app += 1
"""


def answer_in(file: SubmittedFile, name: str) -> SubmittedAnswer:
    found = file.answer(name, names=(name, f"add_task.{name}"))
    assert found is not None
    return found


def script(folder: Path, text: str) -> SubmittedFile:
    path = folder / "answers.py"
    path.write_text(text, encoding="utf-8")
    return read_answers(path)


def notebook(folder: Path, *cells: Any) -> SubmittedFile:
    path = folder / "answers.ipynb"
    made = [cell if isinstance(cell, dict) else {"cell_type": "code", "source": cell} for cell in cells]
    path.write_text(json.dumps({"cells": made}), encoding="utf-8")
    return read_answers(path)


def test_a_part_goes_from_its_marker_to_the_next(tmp_path: Path) -> None:
    file = script(tmp_path, SCRIPT)
    assert load_as("app", answer_in(file, "two").chunks) == 2
    assert answer_in(file, "two").source == "app = 2\n    # bgdemo: indented"


def test_what_stands_before_the_first_marker_is_shared(tmp_path: Path) -> None:
    chunks = answer_in(script(tmp_path, SCRIPT), "one").chunks
    assert [chunk.counts for chunk in chunks] == [False, True, True]
    assert "import math" in chunks[0].code


def test_a_question_may_have_several_parts_and_the_marker_any_colon(tmp_path: Path) -> None:
    answer = answer_in(script(tmp_path, SCRIPT), "one")
    assert load_as("app", answer.chunks) == pytest.approx(4.14159, abs=1e-5)
    assert answer.source.split() == ["app", "=", "math.pi", "app", "+=", "1"]


def test_lines_keep_the_numbers_that_they_have_in_the_file(tmp_path: Path) -> None:
    answer = answer_in(script(tmp_path, "import math\n\n# bgdemo: one\nx = 1\nraise ValueError\n"), "one")
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        load_as("app", answer.chunks)
    assert traceback.extract_tb(caught.tb)[-1].lineno == 5


def test_a_file_without_markers_can_be_taken_as_a_whole(tmp_path: Path) -> None:
    file = script(tmp_path, "app = 1\n")
    assert file.answer("one", names=("one",)) is None
    assert load_as("app", file.whole("one").chunks) == 1


def test_what_is_shared_may_raise_and_keeps_what_it_defined(tmp_path: Path) -> None:
    answer = answer_in(script(tmp_path, "one = 1\nraise SystemExit\n# bgdemo: one\napp = one\n"), "one")
    assert load_as("app", answer.chunks) == 1


def test_a_mistake_in_one_part_is_no_mistake_in_another(tmp_path: Path) -> None:
    file = script(tmp_path, "# bgdemo: one\ndef (\n# bgdemo: two\napp = 2\n")
    assert load_as("app", answer_in(file, "two").chunks) == 2
    with pytest.raises(SyntaxError):
        load_as("app", answer_in(file, "one").chunks)


def test_in_a_notebook_marked_cells_count_and_what_comes_before_the_first_of_them(tmp_path: Path) -> None:
    file = notebook(
        tmp_path,
        {"cell_type": "markdown", "source": "# bgdemo: one"},
        "import math",
        "# bgdemo: one\napp = math.pi",
        "raise ValueError('an experiment, which nobody runs')",
        {"cell_type": "code", "source": ["# bgdemo: two\n", "app = 2"]},
        "\n# bgdemo: one\napp = round(app)",
    )
    assert load_as("app", answer_in(file, "one").chunks) == 3
    assert [chunk.name for chunk in answer_in(file, "one").chunks] == ["cell 1", "cell 2", "cell 5"]
    assert load_as("app", answer_in(file, "two").chunks) == 2


def test_a_cell_whose_marker_was_deleted_is_known_by_what_was_handed_out(tmp_path: Path) -> None:
    cell = {"cell_type": "code", "source": "app = 1", "metadata": {"bgdemo": {"question": "one"}}}
    assert load_as("app", answer_in(notebook(tmp_path, cell), "one").chunks) == 1


def test_magics_are_left_out_and_a_cell_may_await(tmp_path: Path) -> None:
    cell = """\
# bgdemo: one
%load_ext autoreload
!pip install pandas
import asyncio
asyncio.run?
?asyncio
for number in range(3):
    !echo {number}
app = await asyncio.sleep(0, 5 % 3)
"""
    file = notebook(tmp_path, "%%bash\necho hello", cell)
    assert load_as("app", answer_in(file, "one").chunks) == 2


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.py", b"", "The file is empty."),
        ("a.py", b" \n\n", "The file is empty."),
        ("a.py", "app = '坏'".encode("gb18030"), "not UTF-8 text"),
        ("a.ipynb", b"\xff\xfe", "not UTF-8 text"),
        ("a.ipynb", b"no json", "This is no notebook: "),
        ("a.ipynb", b"[" * 100_000, "This is no notebook: "),
        ("a.ipynb", b"[]", "it has no cells"),
        ("a.ipynb", b'{"worksheets": []}', "it has no cells"),
        ("a.py", b"#" * (LARGEST + 1), "The file has 4 MiB; 4 are read."),
    ],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Unreadable, match=message):
        read_answers(tmp_path / name)


def test_cells_that_are_none_are_passed_over(tmp_path: Path) -> None:
    file = notebook(tmp_path, {"cell_type": "code", "source": 1}, {"cell_type": "code"}, {}, "# bgdemo: one\napp = 1")
    assert list(file.marked) == ["one"]


def test_a_file_that_says_its_encoding_is_read_in_it(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes("# -*- coding: gb18030 -*-\r\nname = '王小明'\r\n".encode("gb18030"))
    assert read_text(tmp_path / "a.py") == "# -*- coding: gb18030 -*-\nname = '王小明'\n"


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_neither_a_link_nor_a_pipe_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real.py").write_text("app = 1", encoding="utf-8")
    (tmp_path / "link.py").symlink_to(tmp_path / "real.py")
    os.mkfifo(tmp_path / "pipe.py")
    with pytest.raises(Unreadable, match="This is a symbolic link, which is not followed"):
        read_text(tmp_path / "link.py")
    with pytest.raises(Unreadable, match="This is no plain file"):
        read_text(tmp_path / "pipe.py")
    with pytest.raises(Unreadable, match="No such file"):
        read_text(tmp_path / "nothing.py")


def test_a_name_is_shown_whatever_bytes_are_in_it() -> None:
    assert display("作业.py") == "作业.py"
    assert display(os.fsdecode(b"\xff.py")) == r"\xff.py"
