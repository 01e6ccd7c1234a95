"""The descendants of a process: who they are, what memory they hold, and how they all come to an end."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterable

ROUNDS = 200
"""How often those who are new are looked for, at most: with a limit on processes, a few rounds find all."""


def descendants(ancestor: int) -> dict[int, int]:
    """All children of a process, their children, and so on.

    Args:
        ancestor: a process id.

    Returns:
        Bytes of memory in use, by process id.
    """
    try:
        return {pid: _resident(pid) for pid in _walk(ancestor)}
    except FileNotFoundError:  # no Linux, or one without the list of children
        return _listed(ancestor)


def written(pids: Iterable[int]) -> int:
    """Bytes that processes have written, and those that they have seen off; also into files that have no name any more.

    Args:
        pids: their ids; of what is not there, or cannot be asked, nothing is counted.
    """
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError), open(f"/proc/{pid}/io", "rb") as file:
            counts = dict(line.split(b": ") for line in file.read().splitlines())
            total += max(int(counts[b"wchar"]), int(counts[b"write_bytes"]))
    return total


def end_all(ancestor: int, uid: int | None) -> int:
    """Kill all descendants of this process, which is their reaper, and see them off.

    Args:
        ancestor: this process's own id.
        uid: the user that they run as and nobody else does, if there is one.

    Returns:
        How many there were that were not dead already.
    """
    found: set[int] = set()
    for _ in range(ROUNDS):
        there = descendants(ancestor)
        found |= {pid for pid, memory in there.items() if memory}
        if uid is not None and len(there) > 1:
            _kill_user(uid)
        there |= _stop(ancestor)
        for pid in there:
            _signal(pid, signal.SIGKILL)
        if not _reap() and not there:
            break
        time.sleep(0.001)
    return len(found)


def _stop(ancestor: int) -> dict[int, int]:
    """Stop all, so that none can start another while they are being killed; what they are, and their memory."""
    stopped: dict[int, int] = {}
    for _ in range(ROUNDS):
        new = {pid: memory for pid, memory in descendants(ancestor).items() if pid not in stopped}
        if not new:
            break
        for pid in new:
            _signal(pid, signal.SIGSTOP)
        stopped |= new
    return stopped


def _kill_user(uid: int) -> None:
    """Kill every process of a user in one step of the kernel, which no fork can outrun."""
    helper = os.fork()
    if helper == 0:
        with contextlib.suppress(BaseException):
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            os.kill(-1, signal.SIGKILL)
        os._exit(0)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(helper, 0)


def _reap() -> bool:
    """See off who is dead; False if there is nobody left to wait for."""
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return False
        if pid == 0:
            return True


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def _walk(ancestor: int) -> list[int]:
    found: list[int] = []
    waiting = [ancestor]
    while waiting:
        for child in _children(waiting.pop(), must_be_there=not found):
            if child not in found:
                found.append(child)
                waiting.append(child)
    return found


def _children(pid: int, *, must_be_there: bool) -> list[int]:
    children: list[int] = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children", "rb") as file:
                children += map(int, file.read().split())
    except (FileNotFoundError, ProcessLookupError):
        if must_be_there:
            raise FileNotFoundError(pid) from None
    return children


def _resident(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0


def _listed(ancestor: int) -> dict[int, int]:
    done = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,rss="], capture_output=True, text=True, check=True)
    known = [tuple(map(int, line.split())) for line in done.stdout.splitlines()]
    found = {ancestor: 0}
    for _ in known:
        new = {pid: rss * 1024 for pid, parent, rss in known if parent in found and pid not in found}
        if not new:
            break
        found |= new
    return {pid: rss for pid, rss in found.items() if pid != ancestor}
