"""What submissions may see: a copy of this package without answers, and the folders that Python itself needs."""

import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

_SOURCE = Path(__file__).parents[1]

_LEFT_OUT = frozenset({"cli", "exercises", "grading", "notebooks", "questions", "__pycache__", "__main__.py"})
_KEPT = {
    "exercises": ("attempt.py", "code.py"),
    "grading": ("inside",),
    "questions": ("core.py",),
}
"""Of the folders that are left out, what is needed all the same."""

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
    if name in ("attempt", "code", "core"):
        raise AttributeError(name)
    return _Nothing().__getattr__(name)
'''

_QUESTIONS = "\nfrom bgdemo.questions.core import Answer, Question, is_close  # noqa: E402\n"

_FIRST = {"exercises": _NOTHING, "grading": _EMPTY, "questions": _NOTHING + _QUESTIONS}
"""What is in the first file of those folders instead."""

_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc", "/nix", "/System", "/Library")


def copy_without_answers(folder: Path) -> Path:
    """Copy this package into a folder.

    Returns:
        The folder, for sys.path.
    """
    target = folder / "bgdemo"
    skip = shutil.ignore_patterns("__pycache__")
    target.mkdir()
    for path in _SOURCE.iterdir():
        if path.name not in _LEFT_OUT:
            _copy(path, target / path.name, skip)
    for name, kept in _KEPT.items():
        (target / name).mkdir()
        (target / name / "__init__.py").write_text(_FIRST[name], encoding="utf-8")
        for part in kept:
            _copy(_SOURCE / name / part, target / name / part, skip)
    for path in (_SOURCE / "questions").glob("*.py"):
        if not (target / "questions" / path.name).exists():
            (target / "questions" / path.name).write_text(_NOTHING, encoding="utf-8")
    return folder


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


def _copy(path: Path, target: Path, skip: object) -> None:
    if path.is_dir():
        shutil.copytree(path, target, ignore=skip)  # type: ignore[arg-type]
    else:
        shutil.copyfile(path, target)
