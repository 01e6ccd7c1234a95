"""The lessons' folder, of which each side of a channel has its own, and how one is made like the other."""

import base64
import errno
import os
import shutil
import stat
from pathlib import Path, PurePosixPath
from typing import Any

from bgdemo.grading.protocol.wire import Tampered, from_base64

FILES, BYTES = 64, 4 * 2**20
"""How many files are passed on, and how many bytes of them all."""

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""What a disk says that takes nothing more."""

Files = dict[str, str]
"""Contents in base64, by the path below the folder."""


def read(folder: Path) -> Files:
    """The plain files in a folder and its folders; nothing that a symbolic link leads to."""
    found: Files = {}
    room = BYTES
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(place, name)
            content = _content(path, room) if len(found) < FILES else None
            if content is not None:
                room -= len(content)
                found[path.relative_to(folder).as_posix()] = base64.b64encode(content).decode("ascii")
    return found


def write(folder: Path, files: Files) -> None:
    """Make a folder hold these files, and nothing else.

    Raises:
        Tampered: no folder can hold them.
        OSError: the disk is full.
    """
    for path in folder.iterdir():
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() and not path.is_symlink() else path.unlink()
    try:
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(base64.b64decode(content))
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno in FULL:
            raise  # that is nobody's fault who handed something in
        raise Tampered("files that no folder can hold") from None


def checked(data: Any) -> Files:
    """Files that came back from a submission.

    Raises:
        Tampered: a name leads out of the folder, or there is more than `read` reads.
    """
    if not isinstance(data, dict) or len(data) > FILES:
        raise Tampered("files that are none")
    for name, content in data.items():
        parts = PurePosixPath(name).parts
        if not parts or name.startswith("/") or ".." in parts or "\0" in name or "\\" in name or len(name) > 200:
            raise Tampered("a file in another folder")
        if not isinstance(content, str):
            raise Tampered("a file that is none")
    if sum(len(from_base64(content)) for content in data.values()) > BYTES:
        raise Tampered("files larger than they can be")
    return data


def _content(path: Path, room: int) -> bytes | None:
    try:
        place = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    status = os.fstat(place)
    if not stat.S_ISREG(status.st_mode) or status.st_size > room:
        os.close(place)
        return None
    with open(place, "rb") as file:
        return file.read()
