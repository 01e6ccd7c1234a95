"""Read what was handed in: plain files only, of a bearable size, as text."""

import io
import os
import stat
import tokenize
from pathlib import Path

LARGEST = 4 * 2**20
"""Bytes of a file."""


class Unreadable(Exception):
    """A file that cannot be graded; the message says why."""


def read_text(path: Path) -> str:
    """The text of a file.

    Raises:
        Unreadable: it is no plain file, too large, empty, or no text.
    """
    content = _content(path)
    if not content.strip():
        raise Unreadable("The file is empty.")
    try:
        encoding = "utf-8-sig"
        if path.suffix == ".py":
            encoding = tokenize.detect_encoding(io.BytesIO(content).readline)[0]
        return content.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")
    except (UnicodeDecodeError, SyntaxError):
        raise Unreadable("The file is not UTF-8 text: save it as UTF-8.") from None


def display(name: str | Path) -> str:
    """A file's name for people; bytes of it that are no UTF-8 are shown as numbers."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _content(path: Path) -> bytes:
    try:
        place = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if path.is_symlink():
            raise Unreadable("This is a symbolic link, which is not followed: hand in the file itself.") from None
        raise Unreadable(f"The file cannot be read: {error.strerror}.") from None
    status = os.fstat(place)
    if not stat.S_ISREG(status.st_mode):
        os.close(place)
        raise Unreadable("This is no plain file.")
    with open(place, "rb") as file:
        if status.st_size > LARGEST:
            raise Unreadable(f"The file has {status.st_size / 2**20:.0f} MiB; {LARGEST / 2**20:.0f} are read.")
        return file.read(LARGEST)
