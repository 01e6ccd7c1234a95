"""How a forked process becomes the one of an answer: first the walls, then the harness."""

import os
import socket
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn, TextIO

from bgdemo.grading.answer_process.harness import Harness
from bgdemo.grading.protocol.channel import Channel
from bgdemo.grading.walls import guard, landlock, seccomp
from bgdemo.grading.walls.keeper import Enclosure
from bgdemo.grading.walls.limits import restrict
from bgdemo.lessons import use_folder

DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty")


def become_the_answer(place: Enclosure, folder: Path, output: int, channel: socket.socket) -> NoReturn:
    """Put the walls up around this process, then serve the judge in it until it ends.

    Args:
        place: where submissions run.
        folder: this one's own.
        output: where it prints.
        channel: its end, to the judge.
    """
    code = 70
    try:
        os.setsid()
        os.dup2(output, 1)
        os.dup2(output, 2)
        sys.stdout, sys.stderr = _text(1), _text(2)
        link = os.dup2(channel.detach(), 3, inheritable=False)
        os.closerange(4, os.sysconf("SC_OPEN_MAX"))
        restrict(place.limits, place.uid)
        os.chdir(folder)
        os.environ.update(HOME=str(folder), TMPDIR=str(folder))
        tempfile.tempdir = None
        itself = f"/proc/{os.getpid()}"
        landlock.restrict([*place.read, itself], [str(folder), *DEVICES])
        seccomp.restrict(signals=landlock.version() < landlock.KNOWS_SIGNALS)
        guard.watch([*place.read, itself, *_own_names()], [str(folder), *DEVICES])
        use_folder(folder / "files")
        Harness(Channel(socket.socket(fileno=link)), folder / "files").serve()
        code = 0
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(code)


def _text(descriptor: int) -> TextIO:
    return open(descriptor, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)


def _own_names() -> Iterable[str]:
    return ("/proc/self", "/dev/fd")
