"""Where Python lies in a folder that only root may enter: open a way to it, and to nothing else in there."""

import ctypes
import os
import sys
from collections.abc import Iterable

_NEW_NAMESPACE = 0x00020000
_BIND, _RECURSIVE, _PRIVATE = 4096, 16384, 1 << 18
_O_PATH = getattr(os, "O_PATH", 0)


def closed_to_others(path: str) -> str | None:
    """The outermost folder on the way to a path that other users may not enter; None if they can go all the way."""
    way = "/"
    for part in ["", *os.path.realpath(path).strip("/").split("/")]:
        way = os.path.join(way, part)
        if os.path.isdir(way) and not os.stat(way).st_mode & 0o001:
            return way
    return None


def open_the_way(needed: Iterable[str]) -> None:
    """Let this process, and all that it will start, see closed folders as if only these paths were in them.

    Args:
        needed: files and folders.

    Raises:
        OSError: it may not do that.
    """
    real = [os.path.realpath(path) for path in needed if os.path.exists(path)]
    closed: dict[str, list[str]] = {}
    for path in real:
        folder = closed_to_others(path)
        if folder is not None:
            closed.setdefault(folder, []).append(path)
    if not closed:
        return
    if sys.platform != "linux":
        raise PermissionError(f"other users may not enter {next(iter(closed))}")
    libc = ctypes.CDLL(None, use_errno=True)
    _succeed(libc.unshare(_NEW_NAMESPACE))
    _succeed(libc.mount(b"none", b"/", None, _RECURSIVE | _PRIVATE, None))
    for folder, paths in closed.items():
        _replace(libc, folder, [path for path in paths if not any(_is_in(path, other) for other in paths)])


def _replace(libc: ctypes.CDLL, folder: str, paths: list[str]) -> None:
    held = {path: os.open(path, _O_PATH) for path in sorted(set(paths))}
    _succeed(libc.mount(b"none", os.fsencode(folder), b"tmpfs", 0, b"mode=0755,size=1m"))
    for path, place in held.items():
        if os.path.isdir(f"/proc/self/fd/{place}"):
            os.makedirs(path, mode=0o755, exist_ok=True)
        else:
            os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o644))
        _succeed(libc.mount(b"/proc/self/fd/%d" % place, os.fsencode(path), None, _BIND | _RECURSIVE, None))
        os.close(place)


def _is_in(path: str, other: str) -> bool:
    return path != other and path.startswith(other.rstrip("/") + "/")


def _succeed(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
