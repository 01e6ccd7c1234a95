"""Say no, by name, to what lies outside a submission's own folder; the kernel says it again where it can."""

import errno
import os
import socket
import sys
from collections.abc import Iterable
from typing import Any

_WRITES = frozenset(
    f"os.{name}"
    for name in (
        "chflags",
        "chmod",
        "chown",
        "link",
        "mkdir",
        "remove",
        "rename",
        "rmdir",
        "symlink",
        "truncate",
        "utime",
    )
)
_READS = frozenset(["os.listdir", "os.scandir", "os.chdir"])
_NETWORK = frozenset(["socket.bind", "socket.connect", "socket.getaddrinfo", "socket.sendto"])
_INNER = (socket.AF_UNIX, -1)
"""The kinds of a pair of sockets, and of a socket that is there already."""
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def watch(read: Iterable[str], write: Iterable[str]) -> None:
    """Refuse what Python code of this process does elsewhere, from now on. Code in C can pass this by.

    Args:
        read: files and folders that may be read.
        write: files and folders that may be read and written.
    """
    writable = tuple(map(os.path.realpath, write))
    readable = (*map(os.path.realpath, read), *writable)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            if not isinstance(path, int):
                _check(path, writable if flags & _WRITING else readable)
        elif event in _WRITES:
            for path in arguments[:2]:
                if isinstance(path, (str, bytes)):
                    _check(path, writable)
        elif event in _READS:
            if isinstance(arguments[0], (str, bytes)):
                _check(arguments[0], readable)
        elif event in _NETWORK or (event == "socket.__new__" and arguments[1] not in _INNER):
            raise PermissionError(errno.EACCES, "there is no network where submissions are graded")

    sys.addaudithook(hook)


def _check(path: Any, allowed: tuple[str, ...]) -> None:
    try:
        real = os.path.realpath(os.fsdecode(path))
    except (TypeError, ValueError):
        return
    if not any(real == place or real.startswith(place.rstrip("/") + "/") for place in allowed):
        raise PermissionError(errno.EACCES, "this is outside of the submission's own folder", os.fsdecode(path))
