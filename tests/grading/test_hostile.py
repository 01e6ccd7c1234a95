"""Submissions that break, hang, flood or reach out: each gets a row that says so, and touches no other."""

import json
import os
from pathlib import Path

import pytest

from bgdemo.grading.walls import landlock
from bgdemo.grading.walls.limits import Limits
from grading.conftest import MARKER, ROUTE, Class, graded

pytestmark = [pytest.mark.timeout(300), pytest.mark.starts("a hostile class")]

LIMITS = Limits(seconds=6, memory=128)
ANSWER = ROUTE.answer
IN_ROUTE = "    background_tasks.add_task(send_receipt, email)\n"
IN_TASK = "    time.sleep(1)\n"
UNTOUCHED = {"before.py": MARKER + ANSWER, "zz-after.py": MARKER + ANSWER}

FORK_BOMB = """
import os

while True:
    try:
        os.fork()
    except OSError:
        pass
"""

NAME = f"orphan-{os.getpid()}"
"""What the processes that are left behind call themselves: tests of several workers run at the same time."""

ORPHAN = """
import ctypes, os, signal, time

if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        ctypes.CDLL(None).prctl(15, b"{name}", 0, 0, 0)
        time.sleep(600)
    os._exit(0)
"""

THREAD = """
import threading


def never_ends():
    while True:
        pass


threading.Thread(target=never_ends).start()
"""

LOOP_THAT_CATCHES = """
import time

while True:
    try:
        while True:
            time.sleep(0.01)
    except BaseException:
        pass
"""

FORGED = """
import json, os

reply = json.dumps({"to": "0" * 32, "result": None}).encode()
os.write(3, len(reply).to_bytes(4, "big") + reply)
"""

IN_C = """
import ctypes, os

libc = ctypes.CDLL(None)
libc.open.argtypes = [ctypes.c_char_p, ctypes.c_int, ctypes.c_int]
read = libc.open({read!r}, os.O_RDONLY, 0)
written = libc.open({write!r}, os.O_WRONLY | os.O_CREAT, 0o666)
killed = libc.kill(os.getppid(), 9)
libc.chmod({read!r}, 0)
libc.truncate({read!r}, 0)
print("read", read, "written", written, "killed", killed)
"""


def in_route(line: str) -> str:
    return ANSWER.replace(IN_ROUTE, f"    {line}\n" + IN_ROUTE)


def in_task(line: str) -> str:
    return ANSWER.replace(IN_TASK, f"    {line}\n")


def notebook(*cells: str) -> str:
    return json.dumps({"nbformat": 4, "cells": [{"cell_type": "code", "source": cell} for cell in cells]})


DOOR = """
class Door:
    def __repr__(self):
        raise Posed("stop the class")

    __str__ = __repr__


"""


def by_repr(kind: str, base: str = "BaseException") -> str:
    """An answer whose task has an argument that raises when anybody wants to show it."""
    module, _, name = kind.rpartition(".")
    posed = f"\n\nclass Posed({base}):\n    pass\n\n\nPosed.__module__ = {module!r}\nPosed.__qualname__ = {name!r}\n"
    return posed + DOOR + ANSWER.replace(IN_ROUTE, IN_ROUTE.replace(", email)", ", Door())"))


ROWS = [
    ("grading_error_in_repr.py", "wrong", "not to the address of whoever bought"),
    ("exit_in_repr.py", "wrong", "not to the address of whoever bought"),
    ("assertion_in_repr.py", "wrong", "not to the address of whoever bought"),
    ("error_that_cannot_be_shown.py", "raised", "Your code raised GradingError (line 27: `raise email.error`)"),
    ("os_exit_71.py", "crashed", "ended the process that it ran in, with exit code 71, before it was judged"),
    ("memory_and_exit.py", "stopped", "wanted more than 128 MB of memory"),
    (
        "loop_in_cell.ipynb",
        "raised",
        "was stopped: does its loop have a way out? (line 18: `while True: pass`)",
    ),
    ("sleep_in_cell.py", "raised", "went on without end, and was stopped"),
    ("loop_in_route.py", "raised", "went on without end, and was stopped"),
    ("loop_in_task.py", "raised", "went on without end, and was stopped"),
    ("loop_that_catches.py", "stopped", "stopped after 6 s: it does not come to an end"),
    ("sys_exit.py", "raised", "SystemExit: 0 (line 3: `sys.exit(0)`)"),
    ("sys_exit_in_task.py", "raised", "SystemExit"),
    ("os_exit.py", "crashed", "It ended the process that it ran in, with exit code 0, before it was judged"),
    ("segfault.py", "crashed", "It crashed Python itself: SIGSEGV"),
    ("memory.py", "stopped", "wanted more than 128 MB of memory"),
    ("memory_at_once.py", "raised", "MemoryError"),
    ("output.py", "stopped", "printed more than 1 MB"),
    ("output_in_c.py", "stopped", "printed more than 1 MB"),
    ("files.py", "stopped", "wrote more than 50 MB, or more than 500 files"),
    ("large_file.py", "raised", "File too large"),
    ("fork_bomb.py", "stopped", "started more than 16 processes"),
    ("orphan.py", "right", "It left 1 process running, which had to be ended"),
    ("thread.py", "right", ROUTE.notice),
    ("writes_outside.py", "raised", "outside of the submission's own folder: '"),
    ("reads_another.py", "raised", "outside of the submission's own folder: '"),
    ("missing_package.py", "raised", "No module named 'a_package_that_nobody_has' (line 2: `import a_package_"),
    ("no_json.ipynb", "unreadable", "no_json.ipynb: This is no notebook: "),
    ("empty.py", "unreadable", "empty.py: The file is empty."),
    (r"\xff\xfe.py", "right", ROUTE.notice),
    ("link.py", "unreadable", "symbolic link"),
    ("linked_folder", "unreadable", "symbolic link"),
    ("folder", "unreadable", "answer.py: This is a symbolic link, which is not followed"),
    ("forged.py", "tampered", "not written by the grader"),
    ("interrupt.py", "raised", "KeyboardInterrupt"),
    ("kills_its_parent.py", "raised", "PermissionError"),
]
"""File, verdict, and a part of the message."""


def hand_in_all(folder: Path) -> Path:
    """Write all of them into a folder of submissions."""
    submissions = folder / "submissions"
    submissions.mkdir()
    neighbour, outside = submissions / "before.py", folder / "outside.txt"
    files = UNTOUCHED | {
        "loop_in_cell.ipynb": notebook(MARKER + ANSWER + "\nwhile True: pass"),
        "sleep_in_cell.py": MARKER + ANSWER + "\ntime.sleep(1000)",
        "loop_in_route.py": MARKER + in_route("while True: pass"),
        "loop_in_task.py": MARKER + in_task("while True: pass"),
        "loop_that_catches.py": MARKER + LOOP_THAT_CATCHES,
        "sys_exit.py": MARKER + "import sys\nsys.exit(0)\n" + ANSWER,
        "sys_exit_in_task.py": MARKER + "import sys\n" + in_task("sys.exit(0)"),
        "os_exit.py": MARKER + "import os\n" + in_route("os._exit(0)"),
        "segfault.py": MARKER + "import ctypes\n" + in_task("ctypes.string_at(0)"),
        "memory.py": MARKER + in_task("kept = [bytearray(b'x' * 10**6) for _ in range(10**6)]"),
        "memory_at_once.py": MARKER + "kept = b'x' * 10**11\n" + ANSWER,
        "output.py": MARKER + in_task("while True: print('x' * 1000)"),
        "output_in_c.py": MARKER + "import os\nwhile True: os.write(1, b'x' * 1000)\n",
        "files.py": MARKER + "for number in range(10**6): open(str(number), 'w').close()\n" + ANSWER,
        "large_file.py": MARKER + "open('large', 'wb').write(b'x' * 10**8)\n" + ANSWER,
        "fork_bomb.py": MARKER + FORK_BOMB,
        "orphan.py": MARKER + ANSWER + ORPHAN.format(name=NAME),
        "thread.py": MARKER + ANSWER + THREAD,
        "writes_outside.py": MARKER + in_route(f"open({str(outside)!r}, 'w')"),
        "reads_another.py": MARKER + in_route(f"open({str(neighbour)!r}).read()"),
        "in_c.py": MARKER + ANSWER + IN_C.format(read=os.fsencode(neighbour), write=os.fsencode(outside)),
        "missing_package.py": MARKER + "import a_package_that_nobody_has\n" + ANSWER,
        "no_json.ipynb": "this is no notebook",
        "empty.py": "",
        "forged.py": MARKER + ANSWER + FORGED,
        "grading_error_in_repr.py": MARKER + by_repr("bgdemo.errors.GradingError"),
        "exit_in_repr.py": MARKER + by_repr("builtins.SystemExit", "SystemExit"),
        "assertion_in_repr.py": MARKER + by_repr("builtins.AssertionError", "AssertionError"),
        "error_that_cannot_be_shown.py": MARKER
        + by_repr("bgdemo.errors.GradingError").replace(
            IN_TASK, "    email.error = Posed(email)\n    raise email.error\n"
        ),
        "os_exit_71.py": MARKER + "import os\n" + in_route("os._exit(71)"),
        "memory_and_exit.py": MARKER + "import os\n" + in_route("kept = b'x' * (200 * 2**20); os._exit(0)"),
        "interrupt.py": MARKER + in_route("raise KeyboardInterrupt"),
        "kills_its_parent.py": MARKER + "import os\n" + in_route("os.kill(os.getppid(), 9)"),
    }
    for name, text in files.items():
        (submissions / name).write_text(text, encoding="utf-8")
    Path(os.fsdecode(os.fsencode(submissions) + b"/\xff\xfe.py")).write_text(MARKER + ANSWER, encoding="utf-8")
    (folder / "secret.py").write_text(MARKER + ANSWER, encoding="utf-8")
    (submissions / "link.py").symlink_to(folder / "secret.py")
    (submissions / "linked_folder").symlink_to(folder)
    (submissions / "folder").mkdir()
    (submissions / "folder" / "answer.py").symlink_to(folder / "secret.py")
    return submissions


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Class:
    """One class in which all of them were graded together."""
    folder = tmp_path_factory.mktemp("hostile")
    return Class(graded(folder, hand_in_all(folder), limits=LIMITS))


@pytest.mark.parametrize("file", UNTOUCHED)
def test_the_others_are_graded_as_if_nothing_had_happened(seen: Class, file: str) -> None:
    assert (seen.score(file).verdict, seen.score(file).points) == ("right", 4.0)
    assert seen.score(file).message == ROUTE.notice


@pytest.mark.parametrize(("file", "verdict", "message"), ROWS)
def test_a_submission_gets_a_row_that_says_what_happened(seen: Class, file: str, verdict: str, message: str) -> None:
    score = seen.score(file)
    assert message in score.message
    assert score.verdict == verdict
    if verdict != "wrong":  # which may have a part of the points
        assert score.points == (4.0 if verdict == "right" else 0.0)


def processes() -> list[str]:
    return [path.read_text(encoding="utf-8").strip() for path in Path("/proc").glob("[0-9]*/comm")]


@pytest.mark.skipif(not Path("/proc/self/comm").exists(), reason="asks /proc")
def test_a_grandchild_in_a_session_of_its_own_is_gone(seen: Class) -> None:
    assert seen.score("orphan.py").verdict == "right"
    assert NAME not in processes()


@pytest.mark.skipif(not landlock.version(), reason="needs a kernel with Landlock")
def test_code_in_c_that_asks_no_python_is_refused_by_the_kernel(seen: Class) -> None:
    assert seen.score("in_c.py").printed == "read -1 written -1 killed -1\n"
