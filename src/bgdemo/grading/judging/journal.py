"""What has been graded so far, kept beside the results until they are complete."""

import hashlib
import json
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, TextIO

from bgdemo.grading.judging.scores import Score
from bgdemo.grading.judging.submissions import Submission
from bgdemo.grading.walls.limits import Limits


class Journal:
    """Marks by submission, line by line; a context manager that leaves the file closed.

    Args:
        path: of the file.
        exam: the fingerprint of the exam.
        limits: for each answer; scores of another exam, or under other limits, are not taken over.
    """

    def __init__(self, path: Path, exam: str, limits: Limits) -> None:
        self._path = path
        self._head = {"bgdemo": version("bgdemo"), "exam": exam, "limits": repr(limits)}
        self._known = self._read()
        self._file: TextIO | None = None

    def known(self, submission: Submission) -> list[Score] | None:
        """The scores that a submission has already; None if it has none, or was changed since."""
        scores = self._known.get(_fingerprint(submission))
        return None if scores is None else [Score(**score) for score in scores]

    def record(self, submission: Submission, scores: Sequence[Score]) -> None:
        """Keep the scores of a submission."""
        assert self._file is not None
        line = {"submission": _fingerprint(submission), "scores": [score.to_dict() for score in scores]}
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()

    def __enter__(self) -> "Journal":
        self._file = open(self._path, "a" if self._known else "w", encoding="ascii")
        if not self._known:
            self._file.write(json.dumps(self._head) + "\n")
        return self

    def __exit__(self, *error: object) -> None:
        assert self._file is not None
        self._file.close()

    def _read(self) -> dict[str, Any]:
        lines = _whole_lines(self._path)
        if not lines or lines[0] != self._head:
            return {}
        return {line["submission"]: line["scores"] for line in lines[1:]}


def _whole_lines(path: Path) -> list[dict[str, Any]]:
    """The lines of a journal; the last may have been cut off."""
    lines = []
    try:
        for line in path.read_text(encoding="ascii").splitlines():
            lines.append(json.loads(line))
    except (OSError, ValueError):
        pass
    return lines


def _fingerprint(submission: Submission) -> str:
    found = hashlib.sha256(submission.name.encode("utf-8", "backslashreplace"))
    for path in submission.files:
        found.update(str(path.name).encode("utf-8", "backslashreplace"))
        try:
            status = path.lstat()
            found.update(f"{status.st_size} {status.st_mtime_ns}".encode())
        except OSError:
            found.update(b"gone")
    return found.hexdigest()
