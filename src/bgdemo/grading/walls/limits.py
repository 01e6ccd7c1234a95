"""What a process that runs a submission may use, and whose child it is."""

import ctypes
import os
import resource
import sys
from dataclasses import dataclass

MIB = 2**20

_SET_PDEATHSIG, _SET_DUMPABLE, _SET_CHILD_SUBREAPER, _SET_NO_NEW_PRIVS = 1, 4, 36, 38
_KILL = 9

_THREADS = 1_536 * MIB
"""Address space that is set aside for threads, and never touched."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one question of one submission may use."""

    seconds: float = 10.0
    """On the wall, and of each processor."""
    memory: int = 512
    """MiB, all its processes together."""
    output: int = 1
    """MiB that it may print."""
    file: int = 20
    """MiB of one file."""
    folder: int = 50
    """MiB in its folder, all files together."""
    files: int = 500
    """Files and folders in its folder."""
    processes: int = 16
    """Beside its own."""
    threads: int = 160
    """Threads and processes together."""


def restrict(limits: Limits, uid: int | None) -> None:
    """Bind this process, and all that it will start, to limits that it cannot lift.

    Args:
        limits: how much.
        uid: the user to become, for good; None stays who it is.
    """
    seconds = int(limits.seconds) + 1
    bounds = {
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: limits.file * MIB,
        resource.RLIMIT_NOFILE: 256,
        resource.RLIMIT_NPROC: limits.threads + (0 if uid is not None else _threads_of(os.getuid())),
    }
    if sys.platform != "darwin":  # where it has no effect, or none that lets Python start
        bounds[resource.RLIMIT_AS] = limits.memory * MIB + _THREADS
    for kind, bound in bounds.items():
        hard = resource.getrlimit(kind)[1]
        bound = bound if hard == resource.RLIM_INFINITY else min(bound, hard)
        resource.setrlimit(kind, (bound, bound))
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    _prctl(_SET_NO_NEW_PRIVS, 1)
    _prctl(_SET_DUMPABLE, 1)  # changing the user took it; without it a process cannot read about itself
    die_with_parent()


def die_with_parent() -> None:
    """Let the kernel kill this process when its parent dies; Linux only, elsewhere the pipe's end tells."""
    _prctl(_SET_PDEATHSIG, _KILL)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent dies, whatever session it is in; Linux only."""
    _prctl(_SET_CHILD_SUBREAPER, 1)


def hide_memory() -> None:
    """Let no other process of the same user read this one's memory or files; Linux only."""
    _prctl(_SET_DUMPABLE, 0)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _threads_of(uid: int) -> int:
    """How many threads a user has at the moment: the limit on processes counts them all."""
    count = 0
    for name in os.listdir("/proc") if os.path.isdir("/proc") else ():
        try:
            if name.isdecimal() and os.stat(f"/proc/{name}").st_uid == uid:
                count += len(os.listdir(f"/proc/{name}/task"))
        except OSError:
            continue
    return count or 500
