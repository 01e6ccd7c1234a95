"""What submissions may see: a copy of this package without answers, and the folders that Python itself needs."""

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

_SOURCE = Path(__file__).parents[2]

ANSWERS_MAY_IMPORT = (
    "__init__.py", "_compat/", "advice.py", "assertions/", "clock.py", "client/", "display/", "errors.py", "lessons/",
    "notebook.py", "py.typed", "pytest_plugin.py", "queue/", "record/", "server.py", "simulation/", "testing/",
    "threads/", "exercises/engine/code.py", "exercises/engine/trial.py", "grading/answer_process/",
    "grading/protocol/", "grading/walls/", "model.py", "questions/guesses.py", "questions/question.py",
)  # fmt: skip
"""Of this package, all that the process of an answer finds; nothing else is copied to it. Folders end with a slash."""

_EMPTY = '"""Not here while submissions are graded."""\n'

_NOTHING = '''\
"""While submissions are graded there are no exercises and no questions: whatever is called here does nothing."""

from typing import Any


class _Nothing:
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *args: Any, **kwargs: Any) -> "_Nothing":
        return self

    def __repr__(self) -> str:
        return "(not checked here)"


def __getattr__(name: str) -> Any:
    if name in ("engine", "guesses", "question"):
        raise AttributeError(name)
    return _Nothing().__getattr__(name)
'''

_QUESTIONS = """
from bgdemo.questions.guesses import is_close  # noqa: E402
from bgdemo.questions.question import Answer, Question  # noqa: E402
"""

_INSTEAD = {
    "exercises/__init__.py": _NOTHING,
    "exercises/engine/__init__.py": _EMPTY,
    "grading/__init__.py": _EMPTY,
    "questions/__init__.py": _NOTHING + _QUESTIONS,
}
"""What is in the first file of the folders that are not copied as a whole."""

_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc", "/nix", "/System", "/Library")


def copy_without_answers(folder: Path) -> Path:
    """Copy this package into a folder.

    Returns:
        The folder, for sys.path.
    """
    target = folder / "bgdemo"
    for name in files_for_answers():
        _write(target / name, (_SOURCE / name).read_text(encoding="utf-8"))
    for name, text in _INSTEAD.items():
        _write(target / name, text)
    for path in (_SOURCE / "questions").glob("*.py"):
        if not (target / "questions" / path.name).exists():
            _write(target / "questions" / path.name, _NOTHING)
    return folder


def files_for_answers() -> list[str]:
    """The files that `ANSWERS_MAY_IMPORT` allows, as paths below this package, in order."""
    every = [path.relative_to(_SOURCE).as_posix() for path in _SOURCE.rglob("*") if path.suffix in (".py", ".typed")]
    folders = tuple(name for name in ANSWERS_MAY_IMPORT if name.endswith("/"))
    return sorted(path for path in every if path in ANSWERS_MAY_IMPORT or path.startswith(folders))


def search_path(copy: Path) -> list[str]:
    """Where the process of a submission looks for modules: in the copy, then where Python and FastAPI are installed.

    Args:
        copy: from `copy_without_answers`.
    """
    prefixes = {Path(prefix).resolve() for prefix in (sys.prefix, sys.base_prefix, sys.exec_prefix)}
    here = [os.path.abspath(path) for path in sys.path if path and os.path.exists(path)]
    return [str(copy), *(path for path in here if _is_installed(Path(path), prefixes))]


def readable(copy: Path, hidden: Iterable[Path]) -> list[str]:
    """Files and folders that a submission may read; none of them holds this package itself.

    Args:
        copy: from `copy_without_answers`.
        hidden: more that none of them may hold.
    """
    roots = {*_SYSTEM, sys.prefix, sys.base_prefix, sys.exec_prefix, *search_path(copy)}
    real = {Path(root).resolve() for root in roots if os.path.exists(root)}
    outermost = [root for root in real if not any(other in root.parents for other in real)]
    forbidden = [_SOURCE.resolve(), *(path.resolve() for path in hidden)]
    return sorted(str(part) for root in outermost for part in _around(root, forbidden))


def _is_installed(path: Path, prefixes: Iterable[Path]) -> bool:
    real = path.resolve()
    return any(prefix == real or prefix in real.parents for prefix in prefixes) or (real / "fastapi").is_dir()


def _around(root: Path, forbidden: Iterable[Path]) -> Iterator[Path]:
    """The root, or where something forbidden is in it, all else in it."""
    inside = [path for path in forbidden if path == root or root in path.parents]
    if not inside:
        yield root
    elif root not in inside:
        for part in root.iterdir():
            if not part.is_symlink():
                yield from _around(part, inside)
            elif not any(part.resolve() in (path, *path.parents) for path in inside):  # such as lib64, for lib
                yield part.resolve()


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
