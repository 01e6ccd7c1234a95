"""Temporary folders of a grading, each held while it lasts; what nobody holds any more is removed by the next one."""

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bgdemo.errors import GradingError

PREFIX = "bgdemo-grade-"


class HeldFolder:
    """A new folder, locked for as long as its process lives, and at most until `close`.

    Raises:
        GradingError: none can be made.
    """

    def __init__(self) -> None:
        self._lock = -1
        try:
            while self._lock < 0:
                self.path = Path(tempfile.mkdtemp(prefix=PREFIX))
                self._lock = _lock(self.path)  # -1 if another run took it, in this very moment, for one that was left
            self.path.chmod(0o711)
        except OSError as error:
            raise GradingError(
                f"No temporary folder can be made: {error.strerror}. Make room there, or name a folder that has some: "
                "TMPDIR=FOLDER."
            ) from None

    def close(self) -> None:
        """Remove it, with all that is in it."""
        remove(self.path)
        os.close(self._lock)


@contextlib.contextmanager
def one_for_all() -> Iterator[Path]:
    """Within this block all temporary files of this process are in one folder; what earlier runs left is removed.

    Raises:
        GradingError: no folder can be made.
    """
    with contextlib.suppress(OSError):
        remove_left(Path(tempfile.gettempdir()))
    folder = HeldFolder()
    before, tempfile.tempdir = tempfile.tempdir, str(folder.path)
    try:
        yield folder.path
    finally:
        tempfile.tempdir = before
        folder.close()


def remove_left(place: Path) -> None:
    """Remove the folders in which nobody grades any more: whoever made them was killed.

    Args:
        place: where temporary folders are.
    """
    for folder in place.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            mine = folder.lstat().st_uid == os.geteuid() and not folder.is_symlink()
            if mine and not any(_is_held(one) for one in (folder, *folder.rglob(f"{PREFIX}*"))):
                shutil.rmtree(folder, ignore_errors=True)


def remove(folder: Path) -> None:
    """Remove a folder in which others may still be removing theirs."""
    for _ in range(100):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            break
        time.sleep(0.02)


def _lock(folder: Path) -> int:
    """The descriptor that holds a folder; -1 if it is held, or gone."""
    try:
        place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return -1
    try:
        fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(place)
        return -1
    if folder.exists():
        return place
    os.close(place)
    return -1


def _is_held(folder: Path) -> bool:
    place = _lock(folder)
    if place >= 0:
        os.close(place)
    return place < 0
