"""Who handed in what: one file, or one folder, for each student."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bgdemo.errors import GradingError
from bgdemo.grading.judging.texts import display

KINDS = (".py", ".ipynb")
MANY = 50
"""Files that are looked at in one student's folder."""


@dataclass(frozen=True, slots=True)
class Submission:
    """What one student handed in."""

    name: str
    """Of the file, or of the folder, for people; it says whose it is."""
    files: tuple[Path, ...]
    """Notebooks and Python files, in the order of their names."""
    problem: str | None = None
    """Why there is nothing to grade."""


def find(folder: Path, but_not: frozenset[Path] = frozenset()) -> list[Submission]:
    """The submissions in a folder, by name.

    Args:
        folder: with one file or one folder for each student.
        but_not: files in it that are no submissions.

    Raises:
        GradingError: there is no such folder, or nothing in it.
    """
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: os.fsencode(entry.name))
    except OSError as error:
        raise GradingError(f"The folder {folder} cannot be read: {error.strerror}.") from None
    found = [_submission(Path(entry.path), entry) for entry in entries if not _is_aside(entry, but_not)]
    if not found:
        raise GradingError(
            f"There is nothing to grade in {folder}: put one file, or one folder, for each student into it."
        )
    return found


def _is_aside(entry: "os.DirEntry[str]", but_not: frozenset[Path]) -> bool:
    return entry.name.startswith((".", "__")) or Path(entry.path).resolve() in but_not


def _submission(path: Path, entry: "os.DirEntry[str]") -> Submission:
    name = display(path.name)
    if entry.is_symlink():
        return Submission(name, (), "This is a symbolic link, which is not followed: hand in the file itself.")
    if entry.is_dir(follow_symlinks=False):
        files = tuple(file for _, file in zip(range(MANY), _inside(path), strict=False))
        return Submission(name, files, None if files else "There is no .py and no .ipynb in this folder.")
    if path.suffix not in KINDS:
        return Submission(name, (), f"A {path.suffix or 'file'} cannot be graded: hand in .py or .ipynb.")
    return Submission(name, (path,))


def _inside(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__")))
        yield from (Path(place, name) for name in sorted(names) if _is_one(name))


def _is_one(name: str) -> bool:
    return name.endswith(KINDS) and not name.startswith(".")
