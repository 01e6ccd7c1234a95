"""The list of a class, and whose a file is."""

import csv
import io
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from bgdemo.errors import GradingError

_IDS = ("id", "student id", "student_id", "number", "学号", "學號")
_NAMES = ("name", "student", "student name", "full name", "姓名", "名字")


@dataclass(frozen=True, slots=True)
class Student:
    """One of a class."""

    id: str
    name: str


def read_roster(path: Path) -> list[Student]:
    """The students in a CSV file: with columns `id` and `name`, in any order, or with these two and no header.

    Args:
        path: in UTF-8, or as a Chinese Excel saves it.

    Raises:
        GradingError: it cannot be read, or an id is there twice.
    """
    rows = [row for row in _rows(path) if any(cell.strip() for cell in row)]
    if not rows:
        raise GradingError(f"The roster {path} is empty.")
    header = [cell.strip().casefold() for cell in rows[0]]
    at_id = next((header.index(name) for name in _IDS if name in header), None)
    at_name = next((header.index(name) for name in _NAMES if name in header), None)
    if at_id is None and at_name is None:
        at_id, at_name = 0, 1
    else:
        del rows[0]
    students = [Student(_cell(row, at_id) or _cell(row, at_name), _cell(row, at_name)) for row in rows]
    ids = [student.id for student in students]
    twice = sorted({one for one in ids if ids.count(one) > 1})
    if twice:
        raise GradingError(f"The roster {path} has two students {', '.join(twice)}.")
    return students


def whose(name: str, students: Sequence[Student]) -> Student | None:
    """The student that the name of a file or folder names; None if none, or more than one, comes into question.

    Args:
        name: an id, a name, or something with one of them in it: `20240101-王小明.ipynb`, `Ann_Smith_hw1.py`.
        students: the class.
    """
    stem = _plain(PurePath(name).stem if name.endswith((".py", ".ipynb")) else name)
    for is_it in (_is_exactly, _has_id, _has_name):
        found = [student for student in students if is_it(stem, student)]
        if found:
            return found[0] if len(found) == 1 else None
    return None


def _is_exactly(stem: str, student: Student) -> bool:
    return stem in (_plain(student.id), _plain(student.name))


def _has_id(stem: str, student: Student) -> bool:
    return _is_in(_plain(student.id), stem)


def _has_name(stem: str, student: Student) -> bool:
    return _is_in(_plain(student.name), stem)


def _is_in(word: str, stem: str) -> bool:
    if not word:
        return False
    if not word.isascii():  # Chinese has no spaces between words
        return word in stem
    return re.search(rf"(?<![a-z0-9]){re.escape(word)}(?![a-z0-9])", stem) is not None


def _plain(text: str) -> str:
    """The text as it can be compared: one form of accents, small letters, spaces for what stands for them."""
    return re.sub(r"[\s_\-]+", " ", unicodedata.normalize("NFC", text)).strip().casefold()


def _cell(row: Sequence[str], at: int | None) -> str:
    return row[at].strip() if at is not None and at < len(row) else ""


def _rows(path: Path) -> list[list[str]]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise GradingError(f"The roster {path} cannot be read: {error.strerror}.") from None
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return list(csv.reader(io.StringIO(content.decode(encoding), newline="")))
        except (UnicodeDecodeError, csv.Error):
            continue
    raise GradingError(f"The roster {path} is no CSV file in UTF-8.")
