"""Linux's Landlock: what the kernel lets a process open, connect to and signal, whoever it runs as."""

import ctypes
import errno
import os
import sys
from collections.abc import Iterable

_CREATE, _ADD_RULE, _RESTRICT = 444, 445, 446  # the same numbers on every architecture
_PATH_BENEATH = 1
_VERSION = 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR, _TRUNCATE, _IOCTL_DEV = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 14, 1 << 15
_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
"""How many rights on files a version knows."""
KNOWS_SIGNALS = 6
"""The first version that keeps signals in."""
_ON_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV
_TCP = 0b11
_SOCKETS_AND_SIGNALS = 0b11


class _Ruleset(ctypes.Structure):
    _fields_ = (("fs", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _Rule(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def version() -> int:
    """The version that this kernel speaks; 0 for none."""
    if sys.platform != "linux":
        return 0
    return max(int(ctypes.CDLL(None).syscall(_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION))), 0)


def restrict(read: Iterable[str], write: Iterable[str]) -> bool:
    """Leave this process, which has one thread, only these places; no TCP, and signals only to its own children.

    Args:
        read: files and folders that it may read, with all that is in them.
        write: files and folders with which it may do everything.

    Returns:
        False if this kernel cannot do it, or not all of it.
    """
    known = version()
    if not known:
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    everything = (1 << _RIGHTS.get(known, 16)) - 1
    net, scoped = (_TCP if known >= 4 else 0), (_SOCKETS_AND_SIGNALS if known >= KNOWS_SIGNALS else 0)
    wanted = _Ruleset(everything, net, scoped)
    size = 24 if known >= KNOWS_SIGNALS else 16 if known >= 4 else 8
    ruleset = libc.syscall(_CREATE, ctypes.byref(wanted), ctypes.c_size_t(size), ctypes.c_uint32(0))
    if ruleset < 0:
        return False
    try:
        for path in read:
            _allow(libc, ruleset, path, (_EXECUTE | _READ_FILE | _READ_DIR) & everything)
        for path in write:
            _allow(libc, ruleset, path, everything)
        return bool(libc.syscall(_RESTRICT, ctypes.c_int(ruleset), ctypes.c_uint32(0)) == 0)
    finally:
        os.close(ruleset)


def _allow(libc: ctypes.CDLL, ruleset: int, path: str, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.EACCES, errno.ENOTDIR):
            return
        raise
    try:
        if not os.path.isdir(path):
            rights &= _ON_FILES
        rule = _Rule(rights, place)
        libc.syscall(
            _ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(_PATH_BENEATH), ctypes.byref(rule), ctypes.c_uint32(0)
        )
    finally:
        os.close(place)
