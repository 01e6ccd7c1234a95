"""Where the lessons write their files: never into the current folder unless somebody asks for it."""

import atexit
import contextlib
import os
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

_chosen: Path | None = None
_temporary: Path | None = None
# The first tasks to ask may be several at once, each in its own thread.
_lock = threading.Lock()


def folder() -> Path:
    """The folder for the lessons' files; it exists when this returns.

    Returns:
        The folder given to `use_folder`; else the one that the environment variable BGDEMO_FOLDER names; else
        a temporary one, the same for the whole process, removed when it exits (Ctrl+C included; SIGTERM leaves it).

    Raises:
        OSError: the folder is not there and cannot be made.
    """
    named = os.environ.get("BGDEMO_FOLDER")
    path = _chosen or (_absolute(named) if named else None)
    if path is None:
        return _temporary_folder()
    path.mkdir(parents=True, exist_ok=True)
    return path


def use_folder(path: str | os.PathLike[str] | None) -> None:
    """Let the lessons write into a folder of yours from now on; it is made if it is not there.

    Args:
        path: the folder, also relative or beginning with `~`; None (or "") goes back to the default.

    Raises:
        OSError: the folder cannot be made; the earlier choice stays. Said here, because a task that cannot
            write fails unseen: its client has its response already.
    """
    global _chosen
    chosen = _absolute(path) if path else None
    if chosen is not None:
        chosen.mkdir(parents=True, exist_ok=True)
    _chosen = chosen


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """Within this block the lessons write into an empty folder, which is removed at its end."""
    global _chosen
    before = _chosen
    with tempfile.TemporaryDirectory(prefix="bgdemo-", ignore_cleanup_errors=True) as path:
        _chosen = Path(path)
        try:
            yield _chosen
        finally:
            _chosen = before


def _absolute(path: str | os.PathLike[str]) -> Path:
    return Path(path).expanduser().absolute()


def _temporary_folder() -> Path:
    global _temporary
    with _lock:
        if _temporary is None:
            made = tempfile.TemporaryDirectory(prefix="bgdemo-", ignore_cleanup_errors=True)
            atexit.register(made.cleanup)
            _temporary = Path(made.name)
        return _temporary
