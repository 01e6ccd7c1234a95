"""An adversary's answers: they reach for the grader, for what is not theirs, or for more than they may have."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest

from bgdemo.exercises.engine.code import Chunk
from bgdemo.grading.judging.exam import ExamQuestion
from bgdemo.grading.judging.sandbox import Sandbox
from bgdemo.grading.judging.submitted import SubmittedAnswer
from bgdemo.grading.judging.verdicts import score_answer
from bgdemo.grading.walls import processes, seccomp
from grading.conftest import ROUTE
from grading.test_sandbox import LIMITS, ran

pytestmark = [pytest.mark.timeout(300), pytest.mark.starts("an adversary's answers")]
linux = pytest.mark.skipif(sys.platform != "linux", reason="asks Linux")

HARNESS = """
import gc
from bgdemo.grading.answer_process.harness import Harness

(harness,) = [one for one in gc.get_objects() if isinstance(one, Harness)]
calls = harness._calls
"""
"""How an answer gets hold of what runs it."""

LIBC = """
import ctypes, os, struct

libc = ctypes.CDLL(None)
"""

WRITES = "[open('x', 'wb').write(bytes(10**7)) for n in range(20)]"
TOO_MUCH = "It was stopped: it wrote more than 50 MB, or more than 500 files."


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(LIMITS) as sandbox:
        yield sandbox


@pytest.mark.parametrize(
    "lie",
    [
        "calls['request'] = lambda given: {'status': 200, 'headers': [['Content-Encoding', 'gzip']], 'body': ''}",
        "calls['request'] = lambda given: {'status': 200, 'headers': [], 'body': '', 'points': 4}",
        "calls['timeline'] = lambda given: {'now': 0.0, 'requests': [{'points': 4}], 'tasks': [], 'events': []}",
        "calls['open'] = lambda given: os.write(3, b'\\x00\\x00\\x00\\x02{}')",
        "os.write(3, (2**31).to_bytes(4, 'big'))",
        "os.write(3, (9).to_bytes(4, 'big') + b'[' * 9)",
    ],
)
def test_what_the_recorder_cannot_have_said_is_worth_nothing(sandbox: Sandbox, lie: str) -> None:
    seen = ran(sandbox, f"import os\n{HARNESS}{lie}")
    assert (seen.verdict, seen.points) == ("tampered", 0.0)


POSED = """
class Posed(BaseException):
    pass


Posed.__module__, _, Posed.__qualname__ = {kind!r}.rpartition(".")
Posed.__name__ = Posed.__qualname__


def pose(*_):
    raise Posed("stop the class")
"""
"""An error that calls itself something else."""

POSES = [
    "bgdemo.errors.GradingError",
    "bgdemo.grading.protocol.wire.Tampered",
    "bgdemo.grading.protocol.channel.ChannelClosed",
    "builtins.SystemExit",
    "builtins.AssertionError",
    "builtins.KeyboardInterrupt",
    "builtins.GeneratorExit",
    "asyncio.exceptions.CancelledError",
]


@pytest.mark.parametrize("call", ["load", "open", "request", "drain", "timeline"])
@pytest.mark.parametrize("kind", POSES)
def test_whatever_comes_out_of_an_answers_process_is_that_answers_outcome(
    sandbox: Sandbox, kind: str, call: str
) -> None:
    door = "pose()" if call == "load" else f"{HARNESS}calls[{call!r}] = pose"
    seen = ran(sandbox, f"{POSED.format(kind=kind)}\n{door}")
    assert seen.verdict in ("raised", "wrong", "crashed")
    assert seen.points < seen.out_of
    assert ran(sandbox, "").verdict == "right"


@pytest.mark.parametrize("call", ["open", "request", "drain", "timeline"])
def test_a_process_that_is_gone_in_the_middle_is_said_to_be_gone(sandbox: Sandbox, call: str) -> None:
    seen = ran(sandbox, f"import os\n{HARNESS}calls[{call!r}] = lambda given: os._exit(71)")
    assert (seen.verdict, seen.points) == ("crashed", 0.0)
    assert "It ended the process that it ran in, with exit code 71" in seen.message


LOOK_THROUGH_ALL_MEMORY = """
import re


def is_anywhere(first, backwards):
    rest = bytes(reversed(backwards))
    with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb") as memory:
        for line in maps:
            start, end = (int(number, 16) for number in line.split()[0].split("-"))
            if " r" not in line[:40] or "[v" in line:
                continue
            memory.seek(start)
            try:
                content = memory.read(end - start)
            except OSError:
                continue
            if any(content[at.end() : at.end() + len(rest)] == rest for at in re.finditer(first, content)):
                return True
    return False


planted = "".join(["the-", "planted-", "word"])
print(is_anywhere(b"the-", b"drow-detnalp"), is_anywhere(b"the-", b"drow-terces"))
"""


@linux
def test_nothing_of_the_question_is_anywhere_in_an_answers_memory(sandbox: Sandbox) -> None:
    secret = "the-secret-word"
    exercise = replace(ROUTE, answer=f"{ROUTE.answer}# {secret}\n", notice=secret, hints=(secret,), statement=secret)
    code = f"{LOOK_THROUGH_ALL_MEMORY}\n{ROUTE.answer}"
    found = score_answer(sandbox, LIMITS, ExamQuestion(exercise), SubmittedAnswer("route", (Chunk("answer.py", code),)))
    assert found.printed == "True False\n"
    assert found.message == secret


@linux
@pytest.mark.parametrize(
    "code",
    [
        "x = {}\nfor n in range(20):\n    x[n] = open('x', 'wb')\n    os.unlink('x')\n    x[n].write(bytes(10**7))",
        WRITES,
        "for n in range(20):\n    os.posix_fallocate(os.open(str(n), os.O_CREAT | os.O_RDWR), 0, 10**7)",
        f"if os.fork() == 0:\n    {WRITES}\n    os._exit(0)\nos.wait()",
    ],
    ids=["files without a name", "one file again and again", "room that is only set aside", "in another process"],
)
def test_the_disk_is_not_filled(sandbox: Sandbox, code: str) -> None:
    seen = ran(sandbox, f"import os, time\n{code}\ntime.sleep(0.5)")
    assert (seen.verdict, seen.message) == ("stopped", TOO_MUCH)


@linux
@pytest.mark.parametrize(
    ("call", "result"),
    [
        ("libc.socket(2, 2, 0)", -1),  # UDP
        ("libc.socket(1, 1, 0)", -1),  # the sockets of services on this machine
        ("libc.memfd_create(b'x', 0)", -1),  # a file in no folder
        ("libc.shmget(77, 10**7, 0o1666)", -1),  # memory that stays
        ("libc.unshare(0x10000000)", -1),  # a user of its own, with all rights
        ("libc.syscall(425, 8, None)", -1),  # io_uring, which does all of this by another way
        ("libc.ptrace(16, os.getppid(), 0, 0)", -1),
        ("libc.setpriority(0, os.getppid(), 19)", -1),
        ("libc.prlimit(os.getppid(), 0, None, None)", -1),
        ("libc.ioctl(0, 0x5412, b'x')", -1),  # type into a terminal
        ("(open('x', 'w').write('kept'), libc.truncate(b'x', 0), os.path.getsize('x'))[1:]", (-1, 4)),
        ("(open('x', 'w').close(), libc.chmod(b'x', 0), os.stat('x').st_mode & 0o777)[1:]", (0, 0o644)),
        ("libc.setpriority(0, 0, 19)", 0),  # what a process does to itself is allowed
    ],
)
def test_the_kernel_refuses_what_leads_out_of_a_process(sandbox: Sandbox, call: str, result: object) -> None:
    assert ran(sandbox, f"{LIBC}print({call})").printed == f"{result}\n"


@linux
def test_a_file_is_copied_as_ever(sandbox: Sandbox) -> None:
    code = "import shutil\nopen('one', 'w').write('1')\nshutil.copy2('one', 'two')\nprint(open('two').read())"
    assert ran(sandbox, code).printed == "1\n"


@linux
def test_a_pair_of_sockets_reaches_nobody_else(sandbox: Sandbox) -> None:
    code = (
        "import socket\nhere, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
        "here.send(b'between')\nprint(there.recv(10))\nhere.sendto(b'out', '/dev/log')"
    )
    seen = ran(sandbox, code)
    assert seen.printed == "b'between'\n"
    assert "PermissionError" in seen.message


WITHOUT_LANDLOCK = """
import os, signal, threading
from bgdemo.grading.walls import seccomp


def refused(call):
    try:
        call()
    except PermissionError:
        return True
    return False


print(seccomp.restrict(signals=True))
print(refused(lambda: os.kill(os.getppid(), 0)), refused(lambda: os.kill(-1, 0)), refused(lambda: os.kill(0, 0)))
print(refused(lambda: signal.pidfd_send_signal(0, 0)), refused(lambda: os.kill(os.getpid(), 0)))
thread = threading.Thread(target=print, args=["a thread"])
thread.start()
thread.join()
os.abort()
"""


@linux
def test_signals_to_others_are_refused_where_landlock_does_not_know_them() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT_LANDLOCK], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == ["True", "True True True", "True False", "a thread"], done.stderr
    assert done.returncode == -6


def test_a_machine_whose_numbers_are_not_known_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seccomp.platform, "machine", lambda: "abacus")
    assert seccomp.restrict(signals=False) is False


@linux
def test_what_was_written_by_processes_that_have_ended_is_counted_for_who_saw_them_off() -> None:
    in_a_child = "if os.fork() == 0:\n    os.write(1, bytes(5000))\n    os._exit(0)\nos.wait()\n"
    code = f"import os\n{in_a_child}os.write(1, b'x')\ninput()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert len(process.stdout.read(5001)) == 5001
        assert 5001 <= processes.written([process.pid]) < 6000
        process.kill()
    assert processes.written([process.pid]) == 0


ACCOMPLICE = """
import os, signal, time

for number in range(3):
    if os.fork() == 0:
        os.setsid()
        for known in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM):
            signal.signal(known, signal.SIG_IGN)
        os.closerange(0, 10)
        time.sleep(1000)
"""


def test_processes_that_let_go_of_everything_and_ignore_signals_are_ended(sandbox: Sandbox) -> None:
    seen = ran(sandbox, ACCOMPLICE)
    assert seen.verdict == "right"
    assert "It left 3 processes running, which had to be ended." in seen.message
    assert not [pid for pid in processes.descendants(os.getpid()) if _sleeps_as_an_accomplice(pid)]


def _sleeps_as_an_accomplice(pid: int) -> bool:
    status = f"/proc/{pid}/status"
    if not os.path.exists(status):
        return False
    with open(status, encoding="ascii") as file:
        ignored = next(int(line.split()[1], 16) for line in file if line.startswith("SigIgn"))
    return bool(ignored >> 14 & 1 and ignored >> 13 & 1)


def test_stopped_by_its_own_hand_is_stopped_in_time(sandbox: Sandbox) -> None:
    seen = ran(sandbox, "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)")
    assert (seen.verdict, seen.message) == ("stopped", "It was stopped after 8 s: it does not come to an end.")


def test_the_next_answer_is_graded_as_if_nothing_had_happened(sandbox: Sandbox) -> None:
    ran(sandbox, "import os\nos.closerange(0, 10)\nos.kill(os.getpid(), 11)")
    assert ran(sandbox, "").verdict == "right"
