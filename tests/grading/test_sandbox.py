"""The processes that submissions run in: what they see, how they end, and what is left of them."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fastapi
import pytest

import bgdemo
from bgdemo.exercises.engine.code import Chunk
from bgdemo.grading.judging.exam import ExamQuestion
from bgdemo.grading.judging.package import copy_without_answers, readable, search_path
from bgdemo.grading.judging.remote import Link, RemoteClient
from bgdemo.grading.judging.sandbox import Sandbox
from bgdemo.grading.judging.scores import Score
from bgdemo.grading.judging.submitted import SubmittedAnswer
from bgdemo.grading.judging.verdicts import score_answer
from bgdemo.grading.protocol.channel import ChannelClosed
from bgdemo.grading.walls import landlock, mounts, processes
from bgdemo.grading.walls.limits import Limits
from grading.conftest import ROUTE

pytestmark = pytest.mark.timeout(300)

LIMITS = Limits(seconds=8)
PARENT = """
import os, signal

if os.fork() == 0:
    os.setsid()
os.write(1, b"x")
signal.pause()
"""
LOCKS_ITS_FOLDER = "import os\nos.makedirs('a/b')\nos.mkdir('a/b/locked', 0)\nos.fchmod(os.open('a', os.O_RDONLY), 0)\n"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(LIMITS) as sandbox:
        yield sandbox


def ran(sandbox: Sandbox, code: str) -> Score:
    """What code that stands before a right answer comes to."""
    return score_answer(
        sandbox, LIMITS, ExamQuestion(ROUTE), SubmittedAnswer("route", (Chunk("answer.py", f"{code}\n{ROUTE.answer}"),))
    )


def printed(sandbox: Sandbox, expression: str) -> str:
    path_of = "_path_of = lambda name: sys.modules[f'bgdemo.{name}'.rstrip('.')].__path__"
    return ran(sandbox, f"import os, sys\n{path_of}\nprint({expression})").printed.strip()


def test_a_submission_finds_no_answers_and_no_checks(sandbox: Sandbox) -> None:
    found = printed(sandbox, "*(sorted(os.listdir(p)) for n in ('exercises', 'grading') for p in _path_of(n))")
    assert found == "['__init__.py', 'engine'] ['__init__.py', 'answer_process', 'protocol', 'walls']"
    found = printed(sandbox, "{'cli', 'notebooks', '__main__.py'} & set(os.listdir(_path_of('')[0]))")
    assert found == "set()"
    found = printed(
        sandbox, "[n for n in sys.modules if 'library' in n or 'exam' in n or n == 'bgdemo.exercises.engine.exercise']"
    )
    assert found == "[]"


def test_a_check_that_a_notebook_calls_does_nothing(sandbox: Sandbox) -> None:
    code = (
        "from bgdemo import exercises\nfrom bgdemo.questions.waiting import who_waited\n"
        "print(who_waited.ask())\nprint(exercises.add_task.turn_the_route.check(None))"
    )
    assert ran(sandbox, code).printed == "(not checked here)\n" * 2


def test_a_submission_has_a_small_environment_and_a_folder_of_its_own(sandbox: Sandbox) -> None:
    names = "'HOME', 'LANG', 'LC_ALL', 'MALLOC_ARENA_MAX', 'PATH', 'PYTHONHASHSEED', 'TMPDIR', 'TZ'"
    assert printed(sandbox, "sorted(set(os.environ) - {'LC_CTYPE'})") == f"[{names}]"
    assert (
        printed(sandbox, "os.getcwd() == os.environ['HOME'] == os.environ['TMPDIR'], os.listdir()") == "True ['files']"
    )
    assert printed(sandbox, "[name for name in sys.argv if 'exam' in name]") == "[]"


def test_all_modules_have_been_looked_through_before_an_answer_begins(sandbox: Sandbox) -> None:
    modules = "sum(hasattr(module, '__dict__') for module in list(sys.modules.values()))"
    assert printed(sandbox, f"{modules} - len(sys.modules['bgdemo.simulation.aliases']._seen) < 50") == "True"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be somebody else")
def test_a_submission_of_roots_runs_as_nobody(sandbox: Sandbox) -> None:
    uid = sandbox.uid
    assert printed(sandbox, "os.getresuid(), os.getresgid(), os.getgroups()") == f"{(uid,) * 3} {(uid,) * 3} []"
    with Sandbox(LIMITS) as other:
        assert other.uid != uid


def test_a_submission_holds_no_file_but_its_own(sandbox: Sandbox) -> None:
    assert printed(sandbox, "[fd for fd in range(256) if os.path.exists(f'/proc/self/fd/{fd}')]") == "[0, 1, 2, 3]"


def test_the_place_of_a_syntax_error_is_told_once(sandbox: Sandbox) -> None:
    assert ran(sandbox, "def (").message == "Your code raised SyntaxError: invalid syntax (line 1: `def (`)"


def test_there_is_no_network(sandbox: Sandbox) -> None:
    outcome = ran(sandbox, "import socket\nsocket.create_connection(('127.0.0.1', 9))")
    assert "there is no network where submissions are graded" in outcome.message


def test_an_answer_may_write_into_its_own_folder(sandbox: Sandbox) -> None:
    outcome = ran(sandbox, "import tempfile\nopen('mine.txt', 'w').write('1')\ntempfile.TemporaryFile().close()")
    assert outcome.verdict == "right"


def test_no_folder_is_left_also_where_it_was_locked(sandbox: Sandbox) -> None:
    assert ran(sandbox, LOCKS_ITS_FOLDER).verdict == "right"
    assert list((sandbox.folder / "answers").iterdir()) == []


def test_nothing_of_a_sandbox_is_left() -> None:
    with Sandbox(LIMITS) as sandbox:
        assert ran(sandbox, "").verdict == "right"
        folder = sandbox.folder
    assert not folder.exists()


def test_one_who_hangs_up_and_stays_is_ended_in_time() -> None:
    limits = Limits(seconds=2)
    with Sandbox(limits) as sandbox, sandbox.process() as running:
        link = Link(running.channel)
        code = "import os, time\nos.close(3)\ntime.sleep(1000)"
        chunk = {"name": "x.py", "code": code, "is_cell": False, "counts": True}
        with pytest.raises(ChannelClosed):
            link.call("load", {"chunks": [chunk], "seconds": 100, "wanted": "app"}, with_files=False)
        ended = running.ended()
    assert ended.why == "time"
    assert 2 <= ended.seconds < 8


def test_a_client_in_another_process_is_used_like_one_in_this(sandbox: Sandbox) -> None:
    code = ROUTE.answer + (
        "\n\n@app.get('/jump')\nasync def jump():\n"
        "    from fastapi.responses import RedirectResponse\n    return RedirectResponse('/landed')\n"
        "\n\n@app.get('/landed')\nasync def landed():\n    return {'landed': '好'}\n"
        "\n\n@app.get('/fail')\nasync def fail():\n    raise LookupError('no such thing')\n"
    )
    with sandbox.process() as running:
        link = Link(running.channel)
        chunk = {"name": "x.py", "code": code, "is_cell": False, "counts": True}
        link.call("load", {"chunks": [chunk], "seconds": 5, "wanted": "app"}, with_files=False)
        client: Any = RemoteClient(link)
        with client:
            assert client.post("/buy", params={"email": "a@example.com"}).json() == {"message": "Thank you!"}
            assert client.timeline.tasks[0].status == "added"
            client.clock.advance(0.5)
            assert client.clock.time() == 0.5
            assert client.timeline.tasks[0].status == "running"
            assert client.drain().tasks[0].ended == 1.0
            assert client.get("/jump").json() == {"landed": "好"}
            with pytest.raises(LookupError, match="no such thing"):
                client.get("/fail")
            with pytest.raises(NotImplementedError, match="cannot open a WebSocket"):
                client.websocket_connect("/")


def test_the_copy_is_looked_in_first_and_the_package_itself_cannot_be_read(tmp_path: Path) -> None:
    copy = copy_without_answers(tmp_path)
    assert search_path(copy)[0] == str(tmp_path)
    assert not list(tmp_path.rglob("*library*"))
    assert is_within(copy, readable(copy, []))
    assert not is_within(Path(bgdemo.__file__).parent, readable(copy, []))


def test_what_is_to_be_hidden_cannot_be_read_wherever_it_lies(tmp_path: Path) -> None:
    site = Path(fastapi.__file__).parents[1]
    copy = copy_without_answers(tmp_path)
    allowed = readable(copy, [site / "httpx", site / "fastapi" / "applications.py", tmp_path / "nothing"])
    assert not is_within(site / "httpx", allowed)
    assert not is_within(site / "fastapi" / "applications.py", allowed)
    assert is_within(site / "fastapi" / "routing.py", allowed)
    assert is_within(site / "starlette", allowed)


def test_a_folder_that_only_happens_to_be_searched_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "copy").mkdir()
    (tmp_path / "exams").mkdir()
    monkeypatch.syspath_prepend(tmp_path / "exams")
    assert not is_within(tmp_path / "exams", readable(copy_without_answers(tmp_path / "copy"), []))


def is_within(path: Path, allowed: list[str]) -> bool:
    real = path.resolve()
    return any(Path(one).resolve() in (real, *real.parents) for one in allowed)


@pytest.mark.skipif(sys.platform != "linux", reason="Linux's Landlock")
def test_the_kernel_is_asked_what_it_can_do() -> None:
    assert landlock.version() >= 0


def test_a_folder_that_others_may_not_enter_is_named(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    (closed / "inner").mkdir(parents=True)
    closed.chmod(0o700)
    assert mounts.closed_to_others("/") is None
    found = mounts.closed_to_others(str(closed / "inner"))
    assert found is not None
    assert str(closed).startswith(found)


@pytest.mark.parametrize("listed", [False, True])
def test_descendants_are_found(monkeypatch: pytest.MonkeyPatch, listed: bool) -> None:
    if listed:  # as on a system without /proc

        def nothing(pid: int) -> list[int]:
            raise FileNotFoundError

        monkeypatch.setattr(processes, "_walk", nothing)
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    assert parent.stdout.read(2) == b"xx"
    found = processes.descendants(os.getpid())
    assert found[parent.pid] > 0
    (child,) = processes.descendants(parent.pid)
    assert child in found
    for pid in (child, parent.pid):
        os.kill(pid, signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    assert parent.pid not in processes.descendants(os.getpid())
