"""Which part of a file answers which question: what stands below a line `# bgdemo: NAME`, up to the next such line."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bgdemo.exercises.engine.code import Chunk
from bgdemo.grading.judging.texts import Unreadable, read_text

MARKER = "# bgdemo: {name}"
"""The line that an answer begins with."""

_MARKER = re.compile(r"#\s*bgdemo\s*[:：]\s*([\w.]+(?:@\d+)?)\s*", re.IGNORECASE)
_MAGIC = re.compile(r"\s*([%!]|\?{1,2}[\w.]|[\w.]+\?{1,2}\s*$)")


@dataclass(frozen=True, slots=True)
class SubmittedAnswer:
    """An answer to one question."""

    name: str
    """As the marker gives it."""
    chunks: tuple[Chunk, ...]
    """What is shared by all answers comes first, and does not count."""

    @property
    def source(self) -> str:
        """The answer itself, without the comment that it begins with."""
        return "\n".join(below_the_comment(chunk.code) for chunk in self.chunks if chunk.counts)


@dataclass(slots=True)
class SubmittedFile:
    """A file, taken apart."""

    shared: list[Chunk] = field(default_factory=list)
    """What stands before the first marker."""
    marked: dict[str, list[Chunk]] = field(default_factory=dict)

    def answer(self, name: str, *, names: tuple[str, ...]) -> SubmittedAnswer | None:
        """The answer to a question; None if no marker names it.

        Args:
            name: what the answer is to be called.
            names: what a marker may call it.
        """
        chunks = [chunk for marked in names for chunk in self.marked.get(marked, ())]
        return SubmittedAnswer(name, (*self.shared, *chunks)) if chunks else None

    def whole(self, name: str) -> SubmittedAnswer:
        """All of a file without markers, as the answer to its only question."""
        return SubmittedAnswer(name, tuple(Chunk(chunk.name, chunk.code, chunk.is_cell) for chunk in self.shared))


def read_answers(path: Path) -> SubmittedFile:
    """Read a file and take it apart.

    Raises:
        Unreadable: it cannot be.
    """
    text = read_text(path)
    if path.suffix == ".ipynb":
        return _of_notebook(text)
    return _of_script(text, path.name)


def marker_of(text: str) -> str | None:
    """The name in the marker that a text begins with; None if it begins with something else."""
    for line in text.splitlines():
        if line.strip():
            found = _MARKER.fullmatch(line.strip())
            return found.group(1) if found else None
    return None


def _of_script(text: str, name: str) -> SubmittedFile:
    file = SubmittedFile()
    question: str | None = None
    begun, lines = 0, text.split("\n")
    for at, line in [*enumerate(lines), (len(lines), None)]:
        found = _MARKER.fullmatch(line.strip()) if line is not None else None
        if line is not None and (found is None or line != line.lstrip()):
            continue
        code = "\n" * begun + "\n".join(lines[begun:at]) + "\n"  # so that lines keep their numbers
        _put(file, question, Chunk(name, code, counts=question is not None))
        begun, question = at, found.group(1) if found else None
    return file


def _of_notebook(text: str) -> SubmittedFile:
    file = SubmittedFile()
    for number, (code, metadata) in enumerate(_cells(text), 1):
        question = marker_of(code) or _question_in(metadata)
        if question is not None or not file.marked:
            chunk = Chunk(f"cell {number}", _without_magics(code), is_cell=True, counts=question is not None)
            _put(file, question, chunk)
    return file


def _put(file: SubmittedFile, question: str | None, chunk: Chunk) -> None:
    if chunk.code.strip():
        (file.shared if question is None else file.marked.setdefault(question, [])).append(chunk)


def _cells(text: str) -> Iterator[tuple[str, Any]]:
    try:
        notebook = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"This is no notebook: {error}.") from None
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        raise Unreadable("This is no notebook that Jupyter has written in the last ten years: it has no cells.")
    for cell in cells:
        if isinstance(cell, dict) and cell.get("cell_type") == "code":
            source = cell.get("source", "")
            lines = source if isinstance(source, list) else [source]
            if all(isinstance(line, str) for line in lines):
                yield "".join(lines), cell.get("metadata")


def _question_in(metadata: Any) -> str | None:
    own = metadata.get("bgdemo") if isinstance(metadata, dict) else None
    question = own.get("question") if isinstance(own, dict) else None
    return question if isinstance(question, str) else None


def _without_magics(code: str) -> str:
    if code.lstrip().startswith("%%"):
        return ""
    return "\n".join(_without_magic(line) for line in code.splitlines()) + "\n"


def _without_magic(line: str) -> str:
    if not _MAGIC.match(line):
        return line
    return f"{line[: len(line) - len(line.lstrip())]}pass  # {line.lstrip()}"


def below_the_comment(code: str) -> str:
    """The code without the comment that it begins with, which holds the marker and the statement."""
    lines = code.splitlines()
    while lines and (not lines[0].strip() or lines[0].lstrip().startswith("#")):
        del lines[0]
    return "\n".join(lines)
