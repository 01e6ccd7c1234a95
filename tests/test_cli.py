import contextlib
import importlib.metadata
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from packaging.requirements import Requirement

from bgdemo import Timeline
from bgdemo.cli import doctor, lab, main, terminal
from bgdemo.cli.request_line import FORMS, RequestLine, parse
from bgdemo.lessons import add_task, use_folder

COMMANDS = ["demo", "trace", "lab", "doctor"]
CHINESE = "后台 任务"
ESCAPE = "\x1b"

SHOP = """
import asyncio
import contextlib
import time

from fastapi import BackgroundTasks, FastAPI, Request
from starlette.applications import Starlette


@contextlib.asynccontextmanager
async def lifespan(app):
    print("start-up ran")
    yield {"owner": "Ann"}
    print("shutdown ran")


app = FastAPI(lifespan=lifespan)
starlette_app = Starlette()
number = 7


def send_mail(email):
    print(f"mail to {email}")


async def send_text(number):
    await asyncio.sleep(0)
    print(f"text to {number}")


def fail():
    raise ValueError("坏了")


def sleep_long():
    time.sleep(30)


@app.post("/mail")
def mail(email: str, tasks: BackgroundTasks):
    tasks.add_task(send_mail, email)
    tasks.add_task(send_text, 123)
    return {"to": email}


@app.post("/items")
def items(item: dict):
    return item


@app.get("/headers")
def headers(request: Request):
    return {"x-a": request.headers["x-a"], "owner": request.state.owner}


@app.get("/fail")
def add_fail(tasks: BackgroundTasks):
    tasks.add_task(fail)
    tasks.add_task(send_mail, "never")


@app.get("/long")
def add_long(tasks: BackgroundTasks):
    tasks.add_task(sleep_long)


@app.get("/raise")
def raise_it():
    raise LookupError("no such thing")


def make_app():
    return app


def wsgi(environ, start_response):
    pass


def broken_factory():
    raise RuntimeError("no database")
"""


@dataclass
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def bgdemo(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Run a command in this process."""

    def run(*arguments: str) -> Ran:
        monkeypatch.setattr(sys, "argv", ["bgdemo", *arguments])
        code: Any = 0
        try:
            main()
        except SystemExit as end:
            code = end.code
        captured = capsys.readouterr()
        return Ran(code or 0, captured.out, captured.err)

    yield run
    use_folder(None)


def in_a_process(*arguments: str, cwd: Path | None = None, **environment: str) -> Ran:
    """Run a command as one types it, with its output in a pipe."""
    done = subprocess.run(
        [sys.executable, "-m", "bgdemo", *arguments],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a module `shop`, which is the current one."""
    folder = tmp_path / CHINESE
    folder.mkdir()
    (folder / "shop.py").write_text(SHOP, encoding="utf-8")
    (folder / "broken.py").write_text("import json\nimport no_such_module_at_all\n", encoding="utf-8")
    (folder / "raising.py").write_text("x = 1\ny = x / 0\n", encoding="utf-8")
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry])
    yield folder
    for name in ("shop", "broken", "raising"):
        sys.modules.pop(name, None)


@pytest.fixture
def quick_task(monkeypatch: pytest.MonkeyPatch) -> None:
    """The article's task, a hundred times as fast."""
    quick = SimpleNamespace(sleep=lambda seconds: time.sleep(seconds / 100), time=time.time, ctime=time.ctime)
    monkeypatch.setattr(add_task, "time", quick)


# -- the command line itself


def test_without_arguments_the_commands_are_listed(bgdemo: Run) -> None:
    shown = bgdemo().out + bgdemo("--help").out

    assert all(command in shown for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_in_plain_text(command: str) -> None:
    ran = in_a_process(command, "--help")

    assert ran.code == 0
    assert ran.err == ""
    assert ran.out.startswith(f"Usage: bgdemo {command}")
    assert ESCAPE not in ran.out
    assert "\\b" not in ran.out


def test_the_version_is_that_of_the_package(bgdemo: Run) -> None:
    assert re.fullmatch(r"bgdemo \d+\.\d+\.\d+\n", bgdemo("--version").out)


def test_an_unknown_command_is_wrong_usage(bgdemo: Run) -> None:
    ran = bgdemo("dance")

    assert ran.code == 2
    assert "No such command 'dance'" in ran.err


def test_help_does_not_load_what_only_the_commands_need() -> None:
    script = (
        "import sys; sys.argv = ['bgdemo', '--help']\n"
        "import atexit\n"
        "late = ('jupyter_client', 'jupyterlab', 'uvicorn', 'nbformat', 'pytest')\n"
        "atexit.register(lambda: print([name for name in late if name in sys.modules]))\n"
        "from bgdemo.cli import main; main()"
    )
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, encoding="utf-8", check=True).stdout

    assert shown.endswith("[]\n")


def test_output_into_a_pipe_is_utf_8_whatever_the_locale() -> None:
    ran = in_a_process("demo", "--clock", "simulated", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")

    assert ran.code == 0
    assert "█" in ran.out


def test_an_encoding_that_was_asked_for_is_kept_with_question_marks_for_what_it_lacks() -> None:
    ran = in_a_process("demo", "--clock", "simulated", PYTHONIOENCODING="ascii")

    assert ran.code == 0
    assert ran.out.isascii()
    assert "???" in ran.out


# -- demo


def test_the_demo_shows_the_response_at_once_and_the_task_for_7_real_seconds(tmp_path: Path) -> None:
    folder = tmp_path / CHINESE
    began = time.monotonic()
    ran = in_a_process("demo", "--folder", str(folder))
    took = time.monotonic() - began

    assert ran.code == 0
    assert 7 <= took < 14, "the wait is the point of it, and it is the only one"
    response = re.search(r"(\d+\.\d\d) s  the response is here, 200: ", ran.out)
    printed = re.search(r"(\d+\.\d\d) s  the task printed: write end", ran.out)
    ended = re.search(r"(\d+\.\d\d) s  the task ended: finished", ran.out)
    assert response is not None
    assert printed is not None
    assert ended is not None
    assert float(response[1]) < 2
    assert 5 <= float(printed[1]) < float(ended[1])
    assert float(ended[1]) >= 7
    assert "log_test.txt is not there yet; the task goes on" in ran.out
    assert ran.out.endswith(f"log_test.txt, in {folder}:\n  notification for a@example.com: some notification\n")
    assert ESCAPE not in ran.out
    assert ran.err == ""


def test_the_demo_on_the_simulated_clock_shows_exact_times(bgdemo: Run) -> None:
    ran = bgdemo("demo", "--clock", "simulated")

    assert ran.code == 0
    assert "  0.00 s  the response is here, 200: " in ran.out
    assert "  5.00 s  the task printed: write end\n  7.00 s  the task ended: finished\n" in ran.out
    assert "Response at 0.0 s; write_notification ended at 7.0 s: the client did not wait." in ran.out


@pytest.mark.usefixtures("quick_task")
def test_the_demo_says_that_a_temporary_folder_does_not_last(bgdemo: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BGDEMO_FOLDER", raising=False)

    assert "(a temporary folder, gone in a moment: --folder DIR keeps the file):" in bgdemo("demo").out


@pytest.mark.usefixtures("quick_task")
def test_the_demo_tells_the_file_of_an_earlier_run_from_its_own(bgdemo: Run, tmp_path: Path) -> None:
    bgdemo("demo", "--folder", str(tmp_path))
    ran = bgdemo("demo", "--folder", str(tmp_path))

    assert "log_test.txt is the one of an earlier run; the task goes on" in ran.out


def test_a_folder_that_cannot_be_made_is_wrong_usage(bgdemo: Run, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ran = bgdemo("demo", "--folder", str(tmp_path / "file" / "below"))

    assert ran.code == 2
    assert ran.err == f"Error: --folder {tmp_path / 'file' / 'below'}: that folder cannot be made: Not a directory\n"


def test_a_task_that_cannot_write_makes_the_demo_fail(
    bgdemo: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quick_task: None
) -> None:
    (tmp_path / "log_test.txt").mkdir()
    ran = bgdemo("demo", "--folder", str(tmp_path))

    assert ran.code == 1
    assert ran.err.startswith("Error: write_notification failed: IsADirectoryError")


@pytest.mark.skipif(os.name == "nt", reason="a pseudo-terminal")
def test_in_a_terminal_a_bar_grows_and_what_is_printed_stands_above_it() -> None:
    script = (
        "import time\n"
        "from types import SimpleNamespace\n"
        "from bgdemo.lessons import add_task\n"
        "quick = SimpleNamespace(sleep=lambda s: time.sleep(s / 10), time=time.time, ctime=time.ctime)\n"
        "add_task.time = quick\n"
        "import sys; sys.argv = ['bgdemo', 'demo']\n"
        "from bgdemo.cli import main; main()"
    )
    shown = in_a_terminal([sys.executable, "-c", script])

    assert "━━━━" in shown
    assert ESCAPE in shown
    assert re.search(r"\r\x1b\[2K *0\.\d\d s  the task printed: write end\r\n", shown)
    assert re.search(r"\r\nPOST /send_info .* 200 at .*\r\n  write_notification .* finished ", shown)


def in_a_terminal(command: list[str]) -> str:
    import pty

    parent, child = pty.openpty()
    process = subprocess.Popen(
        command, stdin=child, stdout=child, stderr=child, close_fds=True, env={**os.environ, "TERM": "xterm"}
    )
    os.close(child)
    shown = b""
    with contextlib.suppress(OSError):  # on Linux, how a terminal says that nobody is left
        while chunk := os.read(parent, 65536):
            shown += chunk
    os.close(parent)
    assert process.wait(10) == 0, shown.decode()
    return shown.decode()


# -- trace: what it shows


def test_trace_shows_responses_prints_and_the_timeline(bgdemo: Run, shop: Path) -> None:
    ran = bgdemo("trace", "shop:app", "POST /mail?email=a@example.com", "get /nowhere")

    assert ran.code == 0
    assert re.search(
        r"start-up ran\nPOST /mail\?email=a@example\.com\n  200 after \d+ ms  \{\"to\":\"a@example\.com\"\}\n", ran.out
    )
    assert "mail to a@example.com\n" in ran.out
    assert "text to 123\n" in ran.out
    assert re.search(r"GET /nowhere\n(.*\n)*  404 after \d+ ms  \{\"detail\":\"Not Found\"\}\n", ran.out)
    assert re.search(r"send_mail .* finished .* thread pool", ran.out)
    assert re.search(r"send_text .* finished .* event loop", ran.out)
    assert "shutdown ran\n" in ran.out
    assert ran.err == ""


def test_trace_works_as_a_command_in_a_folder_of_its_users(shop: Path) -> None:
    ran = in_a_process("trace", "shop:app", "POST /items {'名字': '安'}", cwd=shop)

    assert ran.code == 0
    assert '{"名字":"安"}' in ran.out
    assert ESCAPE not in ran.out


def test_a_failing_task_is_shown_with_its_place_and_fails_the_command(bgdemo: Run, shop: Path) -> None:
    ran = bgdemo("trace", "shop:app", "GET /fail")
    line = SHOP[: SHOP.index('raise ValueError("坏了")')].count("\n") + 1

    assert ran.code == 1
    assert re.search(r"fail +\S.*x +failed ", ran.out)
    assert re.search(r"send_mail .* skipped ", ran.out)
    assert ran.out.endswith(f"\nfail of GET /fail failed: ValueError: 坏了 (shop.py, line {line}, in fail)\n")


def test_a_route_that_raises_fails_the_command_and_the_others_are_still_sent(bgdemo: Run, shop: Path) -> None:
    ran = bgdemo("trace", "shop:app", "GET /raise", "POST /items {}")
    line = SHOP[: SHOP.index('raise LookupError("no')].count("\n") + 1

    assert ran.code == 1
    assert "GET /raise\n  500: the app raised LookupError: no such thing\nPOST /items\n  200 after " in ran.out
    assert f"\nGET /raise raised LookupError: no such thing (shop.py, line {line}, in raise_it)\n" in ran.out


def test_tasks_are_waited_for_as_long_as_drain_timeout_says(bgdemo: Run, shop: Path) -> None:
    began = time.monotonic()
    ran = bgdemo("trace", "shop:app", "GET /long", "--drain-timeout", "0.2")

    assert time.monotonic() - began < 10
    assert ran.code == 1
    assert re.search(r"sleep_long .* (cancelled|abandoned) ", ran.out)
    assert "\nNot waited for any longer than 0.2 s: sleep_long.\n" in ran.out


def test_trace_on_the_simulated_clock_does_not_wait(bgdemo: Run, shop: Path) -> None:
    ran = bgdemo("trace", "shop:app", "GET /long", "--clock", "simulated")

    assert ran.code == 0
    assert "Response at 0.0 s; sleep_long ended at 30.0 s: the client did not wait." in ran.out


@pytest.mark.skipif(os.name == "nt", reason="a signal to one process")
def test_ctrl_c_stops_the_waiting_and_shows_what_happened_so_far(shop: Path) -> None:
    command = [sys.executable, "-u", "-m", "bgdemo", "trace", "shop:app", "GET /long"]
    process = subprocess.Popen(command, cwd=shop, stdout=subprocess.PIPE, encoding="utf-8")
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("  200 after"):
            break
    process.send_signal(signal.SIGINT)
    shown, _ = process.communicate(timeout=20)

    assert process.returncode == 1
    assert re.search(r"sleep_long .* (cancelled|abandoned) ", shown)
    assert "shutdown ran\n" in shown
    assert shown.endswith("\nStopped with Ctrl+C: what had not ended by then was cancelled.\n")


def test_a_request_that_no_client_can_send_is_not_blamed_on_the_app(bgdemo: Run, shop: Path) -> None:
    ran = bgdemo("trace", "shop:app", "GET http://a:b/")

    assert ran.code == 1
    assert "GET http://a:b/\n  InvalidURL: Invalid port: 'b'\n" in ran.out
    assert ran.out.endswith("\nGET http://a:b/: InvalidURL: Invalid port: 'b'\n")


def test_headers_and_lifespan_state_reach_the_route(bgdemo: Run, shop: Path) -> None:
    ran = bgdemo("trace", "shop:app", "GET /headers", "-H", "X-A: 1: 2")

    assert '{"x-a":"1: 2","owner":"Ann"}' in ran.out


def test_a_long_body_is_cut_and_a_binary_one_is_counted(bgdemo: Run, shop: Path) -> None:
    (shop / "big.json").write_text(json.dumps({"a": "x" * 500}), encoding="utf-8")
    ran = bgdemo("trace", "shop:app", "POST /items @big.json")

    assert '{"a":"xxx' in ran.out
    assert "xxx... (508 characters)\n" in ran.out


def test_the_timeline_is_written_as_a_picture_and_as_json(bgdemo: Run, shop: Path) -> None:
    ran = bgdemo("trace", "shop:app", "GET /fail", "--svg", "图 1.svg", "--json", "t.json")
    timeline = Timeline.from_dict(json.loads((shop / "t.json").read_text(encoding="utf-8")))

    assert ran.code == 1
    assert "Written: 图 1.svg\n\nWritten: t.json\n" in ran.out
    assert (shop / "图 1.svg").read_text(encoding="utf-8").startswith("<svg")
    assert [task.status for task in timeline.tasks] == ["failed", "skipped"]


@pytest.mark.parametrize("target", ["shop:starlette_app", "shop:app.router"])
def test_any_asgi_app_will_do(bgdemo: Run, shop: Path, target: str) -> None:
    assert "404 after" in bgdemo("trace", target, "GET /nothing").out


def test_a_factory_makes_the_app(bgdemo: Run, shop: Path) -> None:
    assert bgdemo("trace", "shop:make_app", "POST /items {}", "--factory").code == 0


@pytest.mark.skipif(os.name == "nt", reason="a pseudo-terminal")
def test_in_a_terminal_trace_says_what_it_waits_for(shop: Path) -> None:
    (shop / "slow.py").write_text(SHOP.replace("sleep(30)", "sleep(1); print('done')"), encoding="utf-8")
    shown = in_a_terminal([sys.executable, "-m", "bgdemo", "trace", "slow:app", "GET /long"])

    assert "waiting for 1 task: sleep_long (Ctrl+C cancels)" in shown
    assert "\ndone\r\n" in shown.replace("\x1b[2K", "\n")
    assert "printed: done" in shown


# -- trace: what it refuses


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("shop", "'shop' does not say which app. Write module:app, as for uvicorn. Its apps: {apps}"),
        ("shop:ap", "shop has no 'ap'. Its apps: {apps}"),
        ("json:app", "json has no 'app'. It has no FastAPI or Starlette app at its top level; an app that a "
         "function makes needs --factory."),
        ("shop.py:app", "'shop.py:app' names a file. Name the module: shop:app"),
        ("sub/shop:app", "'sub/shop:app' names a file. Name the module: sub.shop:app"),
        (":app", "':app' names no module. Write module:app, as for uvicorn."),
        ("shp:app", "There is no module 'shp' in {here}, nor among what is installed for {python}. "
         "Run the command in the folder that holds it."),
        ("shop:number", "shop:number is no ASGI app, such as FastAPI(): it is a int."),
        ("shop:wsgi", "shop:wsgi takes two arguments, as WSGI apps do (Flask): an ASGI app takes three."),
        ("shop:make_app", "shop:make_app is called without arguments: if it makes the app, add --factory."),
    ],
)  # fmt: skip
def test_a_target_that_is_no_app_is_explained(bgdemo: Run, shop: Path, target: str, message: str) -> None:
    ran = bgdemo("trace", target, "GET /")
    expected = message.format(apps="shop:app, shop:starlette_app", here=shop, python=sys.executable)

    assert ran.code == 2
    assert ran.err == f"Error: {expected}\n"
    assert "start-up ran" not in ran.out


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("shop:number", "--factory: shop:number is a int, not a function that makes an app."),
        ("shop:wsgi", "--factory: shop:wsgi must be a function without arguments that makes the app."),
        ("shop:sleep_nothing", "shop has no 'sleep_nothing'. Its apps: shop:app, shop:starlette_app"),
    ],
)
def test_a_factory_that_is_none_is_explained(bgdemo: Run, shop: Path, target: str, message: str) -> None:
    ran = bgdemo("trace", target, "GET /", "--factory")

    assert (ran.code, ran.err) == (2, f"Error: {message}\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["broken:app"], "broken imports no_such_module_at_all, which is not installed for {python}."),
        (["raising:app"], "raising could not be imported: ZeroDivisionError: division by zero "
         "(raising.py, line 2, in <module>)"),
        (["shop:broken_factory", "--factory"], "shop:broken_factory could not make the app: RuntimeError: "
         "no database (shop.py, line {line}, in broken_factory)"),
    ],
)  # fmt: skip
def test_an_app_that_cannot_be_had_is_the_apps_failure(
    bgdemo: Run, shop: Path, arguments: list[str], message: str
) -> None:
    ran = bgdemo("trace", *arguments, "GET /")
    line = SHOP[: SHOP.index('raise RuntimeError("no')].count("\n") + 1

    assert (ran.code, ran.err) == (1, f"Error: {message.format(python=sys.executable, line=line)}\n")


def test_a_start_up_that_raises_fails_the_command(bgdemo: Run, shop: Path) -> None:
    (shop / "shop.py").write_text(SHOP.replace('print("start-up ran")', 'raise OSError("no disk")'), encoding="utf-8")
    ran = bgdemo("trace", "shop:app", "GET /")

    assert ran.code == 1
    assert re.fullmatch(r"\nThe app's start-up raised OSError: no disk \(shop\.py, line \d+, in lifespan\)\n", ran.out)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["GET / ", "-H", "nonsense"], "This is no header: 'nonsense'. Write -H \"Name: value\"."),
        (["GET /", "--svg", "no/such/t.svg"], "There is no folder {here}/no/such to write t.svg into."),
    ],
)
def test_a_wrong_option_is_said_before_anything_is_sent(
    bgdemo: Run, shop: Path, arguments: list[str], message: str
) -> None:
    ran = bgdemo("trace", "shop:app", *arguments)

    assert (ran.code, ran.err, ran.out) == (2, f"Error: {message.format(here=shop)}\n", "")


# -- how a request is written


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("GET /items?page=2", RequestLine("GET", "/items?page=2", None)),
        ("delete /提醒", RequestLine("DELETE", "/提醒", None)),
        ("GET http://example.com/x", RequestLine("GET", "http://example.com/x", None)),
        ('POST /items {"a": "it\'s"}', RequestLine("POST", "/items", b'{"a": "it\'s"}')),
        ("POST /items {'a': 1, 'b': [true, null]}", RequestLine("POST", "/items", b'{"a": 1, "b": [true, null]}')),
        (r"POST /items {'a': 'it\'s'}", RequestLine("POST", "/items", b'{"a": "it\'s"}')),
        ("POST /items {'a': 'say \"hi\"'}", RequestLine("POST", "/items", b'{"a": "say \\"hi\\""}')),
        ("POST /items  ['a@example.com'] ", RequestLine("POST", "/items", b'["a@example.com"]')),
        ("POST /items {'a': '提醒'}", RequestLine("POST", "/items", '{"a": "提醒"}'.encode())),
    ],
)
def test_a_request_is_a_method_a_path_and_perhaps_a_json_body(argument: str, expected: RequestLine) -> None:
    assert parse(argument) == expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_body_comes_from_a_file_in_any_encoding_that_powershell_writes(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / f"{CHINESE}.json"
    file.write_text('{"a": "提醒"}', encoding=encoding)

    assert parse(f"POST / @{file}").body == '{"a": "提醒"}'.encode()


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("GET", f"This is no request: 'GET'\n{FORMS}"),
        ("{'a': 1}", f"This is no request: \"{{'a': 1}}\"\n{FORMS}"),
        ("GET items", f"The path of 'GET items' must begin with a slash: /items\n{FORMS}"),
        ("GET /two words", "What follows the path in 'GET /two words' is no JSON: Expecting value at character 1.\n"
         f"{FORMS}\nA space that belongs to the path is written %20."),
        ("POST / @no/such.json", "The body of 'POST / @no/such.json' cannot be read from no/such.json: "
         "No such file or directory."),
    ],
)  # fmt: skip
def test_a_request_that_is_none_is_explained(bgdemo: Run, argument: str, message: str) -> None:
    ran = bgdemo("trace", "shop:app", argument)

    assert (ran.code, ran.err) == (2, f"Error: {message}\n")


def test_a_file_without_json_is_explained(bgdemo: Run, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("nothing", encoding="utf-8")
    ran = bgdemo("trace", "shop:app", f"POST / @{tmp_path / 'a.json'}")

    assert ran.code == 2
    assert ran.err.startswith(f"Error: The file {tmp_path / 'a.json'} holds no JSON: Expecting value: line 1 column 1")


# -- lab


def notebook(words: str, **changed: Any) -> str:
    code = {
        "cell_type": "code",
        "id": "two",
        "source": ["1 + 1"],
        "execution_count": 3,
        "outputs": [{"output_type": "execute_result", "data": {"text/plain": "2"}}],
        "metadata": {"tags": ["slide"], "execution": {"iopub.status.busy": "2026-11-24"}},
    }
    text = {"cell_type": "markdown", "id": "one", "source": [words], "metadata": {}}
    metadata = {"kernelspec": {"name": "python3"}, "widgets": {"state": {}}}
    return json.dumps({"cells": [text, code], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5, **changed})


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where `lab` finds the course in these tests: two notebooks with outputs."""
    folder = tmp_path / "originals"
    folder.mkdir()
    (folder / "00_first.ipynb").write_text(notebook("提醒"), encoding="utf-8")
    (folder / "01_second.ipynb").write_text(notebook("second"), encoding="utf-8")
    monkeypatch.setattr(lab, "notebooks", lambda: sorted(folder.glob("*.ipynb")))
    return folder


def test_lab_copies_the_course_without_outputs(bgdemo: Run, course: Path, tmp_path: Path) -> None:
    folder = tmp_path / CHINESE
    ran = bgdemo("lab", str(folder), "--print-only")
    copied = json.loads((folder / "00_first.ipynb").read_text(encoding="utf-8"))

    assert ran.code == 0
    assert ran.out.startswith(f"{folder}: 2 notebooks copied, 0 kept as they are.\n")
    assert sorted(path.name for path in folder.glob("*.ipynb")) == ["00_first.ipynb", "01_second.ipynb"]
    text, code = copied["cells"]
    assert text["source"] == ["提醒"]
    assert (code["id"], code["outputs"], code["execution_count"]) == ("two", [], None)
    assert code["metadata"] == {"tags": ["slide"]}
    assert copied["metadata"] == {"kernelspec": {"name": "python3"}}
    assert "提醒" in (folder / "00_first.ipynb").read_text(encoding="utf-8"), "written as it reads, not as \\u escapes"


def test_lab_copies_into_course_where_git_does_not_see_it(
    bgdemo: Run, course: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    bgdemo("lab", "--print-only")

    assert (tmp_path / "course" / "00_first.ipynb").exists()
    assert (tmp_path / "course" / ".gitignore").read_text(encoding="utf-8") == "*\n"


def test_lab_adds_new_notebooks_and_never_overwrites_work(bgdemo: Run, course: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "00_first.ipynb").write_text("my work", encoding="utf-8")
    ran = bgdemo("lab", str(folder), "--print-only")

    assert f"{folder}: 1 notebook copied, 1 kept as they are.\n" in ran.out
    assert (folder / "00_first.ipynb").read_text(encoding="utf-8") == "my work"
    assert (folder / "01_second.ipynb").exists()
    assert not (folder / ".gitignore").exists(), "a folder that was there already is its owner's"


@pytest.mark.parametrize("name", ["00", "00_first", "00_first.ipynb"])
def test_reset_gives_one_notebook_back_and_keeps_the_old_one(
    bgdemo: Run, course: Path, tmp_path: Path, name: str
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "00_first.ipynb").write_text("my work", encoding="utf-8")
    (folder / "00_first.backup-1.ipynb").write_text("my older work", encoding="utf-8")
    ran = bgdemo("lab", str(folder), "--reset", name)

    assert ran.code == 0
    assert f"Yours is now {folder / '00_first.backup-2.ipynb'}\nGiven back: {folder / '00_first.ipynb'}\n" in ran.out
    assert "提醒" in (folder / "00_first.ipynb").read_text(encoding="utf-8")
    assert (folder / "00_first.backup-1.ipynb").read_text(encoding="utf-8") == "my older work"
    assert (folder / "00_first.backup-2.ipynb").read_text(encoding="utf-8") == "my work"
    assert not (folder / "01_second.ipynb").exists()


def test_reset_gives_back_a_notebook_that_was_deleted(bgdemo: Run, course: Path, tmp_path: Path) -> None:
    bgdemo("lab", str(tmp_path / "mine"), "--print-only")
    (tmp_path / "mine" / "01_second.ipynb").unlink()
    bgdemo("lab", str(tmp_path / "mine"), "--reset", "01")

    assert (tmp_path / "mine" / "01_second.ipynb").exists()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("07", "There is no notebook '07'. There are:\n  00_first\n  01_second"),
        ("0", "More than one notebook begins with '0'. There are:\n  00_first\n  01_second"),
    ],
)
def test_reset_of_an_unclear_name_lists_what_there_is(bgdemo: Run, course: Path, name: str, message: str) -> None:
    ran = bgdemo("lab", "--reset", name)

    assert (ran.code, ran.err) == (2, f"Error: {message}\n")


def test_lab_without_jupyterlab_says_the_line_that_installs_it(
    bgdemo: Run, course: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lab.importlib.util, "find_spec", lambda name: None)
    ran = bgdemo("lab", str(tmp_path / "mine"))

    assert ran.code == 1
    assert ran.err == (
        f'Error: JupyterLab is not installed. Install it: {terminal.python_command()} -m pip install "jupyter>=1.1"\n'
    )


def test_a_course_that_cannot_be_copied_is_explained(bgdemo: Run, course: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ran = bgdemo("lab", str(tmp_path / "file" / "below"))

    assert ran.code == 1
    assert ran.err == (
        f"Error: The course cannot be copied into {tmp_path / 'file' / 'below'}: Not a directory. "
        "Name another: lab DIR\n"
    )


def test_the_course_is_found_in_a_checkout_and_its_notebooks_lose_their_outputs() -> None:
    for path in lab.notebooks():
        cells = json.loads(lab.without_outputs(path.read_text(encoding="utf-8")))["cells"]
        assert all(not cell.get("outputs") for cell in cells), path


@pytest.mark.parametrize(("root", "expected"), [(True, True), (False, False)])
def test_as_root_jupyter_is_allowed_to_run_as_root(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, root: bool, expected: bool
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0 if root else 1000, raising=False)

    assert ("--allow-root" in lab.jupyter_command(tmp_path, browser=True)) is expected


def test_without_a_display_no_browser_is_opened(
    bgdemo: Run, course: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    without = bgdemo("lab", str(tmp_path / "mine"), "--print-only").out
    monkeypatch.setenv("DISPLAY", ":0")
    with_display = bgdemo("lab", str(tmp_path / "mine"), "--print-only").out

    assert "--no-browser" in without
    assert "--no-browser" not in with_display
    assert "--no-browser" in bgdemo("lab", str(tmp_path / "mine"), "--print-only", "--no-browser").out


@pytest.mark.skipif(os.name == "nt", reason="terminate() would end the command, and not JupyterLab below it")
def test_lab_really_starts_jupyterlab_on_the_copied_course(tmp_path: Path) -> None:
    folder = tmp_path / CHINESE
    places = {f"JUPYTER_{name}_DIR": str(tmp_path / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    with open(tmp_path / "log", "w+b") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "bgdemo", "lab", str(folder), "--no-browser"],
            cwd=tmp_path,
            env={**os.environ, **places},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            address, token = address_in(tmp_path / "log", process)
            contents = fetch(f"{address}/api/contents/?token={token}")
            kernels = fetch(f"{address}/api/kernelspecs?token={token}")
        finally:
            process.terminate()
            process.wait(20)

    assert {item["name"] for item in contents["content"]} == {path.name for path in lab.notebooks()}
    assert kernels["default"] == "python3"


def address_in(log: Path, process: "subprocess.Popen[bytes]") -> tuple[str, str]:
    """Wait until JupyterLab answers; its address, without a path, and the token."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        said = log.read_text(encoding="utf-8")
        assert process.poll() is None, said
        if found := re.search(r"(http://127\.0\.0\.1:\d+)/\S*\?token=(\w+)", said):
            assert "version" in fetch(f"{found[1]}/api")
            return found[1], found[2]
        time.sleep(0.1)
    raise AssertionError(f"JupyterLab printed no address: {log.read_text(encoding='utf-8')}")


def fetch(url: str) -> Any:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=20) as response:
        return json.load(response)


# -- doctor


def test_the_doctor_finds_that_the_course_can_run_here() -> None:
    ran = in_a_process("doctor")

    assert ran.code == 0, ran.out
    assert ran.err == ""
    assert ran.out.endswith("\nThe course can run here.\n")
    assert "ok       Jupyter kernel runs with this Python\n" in ran.out
    assert re.search(r"^ok       fastapi \d", ran.out, re.MULTILINE)


def test_the_doctor_fails_if_something_needed_is_missing(bgdemo: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "findings", lambda: [doctor.Finding("a"), doctor.Finding("no b", "get b")])
    ran = bgdemo("doctor")

    assert ran.code == 1
    assert ran.out == (
        "ok       a\nmissing  no b\n         to fix it: get b\n\nThe course cannot run here yet.\n"
    )  # fmt: skip


def test_the_doctor_passes_if_only_something_optional_is_missing(bgdemo: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "findings", lambda: [doctor.Finding("no b", "get b", needed=False)])
    ran = bgdemo("doctor")

    assert ran.code == 0
    assert ran.out == "optional  no b\n         to fix it: get b\n\nThe course can run here.\n"


def test_the_doctor_names_the_line_that_installs_what_is_missing_or_too_old() -> None:
    pip = f"{terminal.python_command()} -m pip install"
    missing = doctor.installed(Requirement("no-such-package>=1.2"))
    old = doctor.installed(Requirement("httpx[http2]>=99"))
    good = doctor.installed(Requirement("httpx>=0.27"))
    any_will_do = doctor.installed(Requirement("no-such-package"))

    assert (missing.what, missing.fix) == ("no-such-package: not installed", f'{pip} "no-such-package>=1.2"')
    assert re.fullmatch(r"httpx [\d.]+: >=99 is needed", old.what)
    assert old.fix == f'{pip} "httpx[http2]>=99"'
    assert good.fix is None
    assert any_will_do.fix == f"{pip} no-such-package"


def test_the_doctor_compares_versions_as_pip_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "1.10.0rc1")

    assert doctor.installed(Requirement("x>=1.9")).fix is None
    assert doctor.installed(Requirement("x>=1.10")).fix is not None  # a candidate comes before its release
    assert doctor.installed(Requirement("x>=1.9,<1.10.dev0")).fix is not None


def test_the_doctor_reads_the_requirements_of_the_package() -> None:
    lines = [
        "fastapi>=0.118",
        "jupyter>=1.1; extra == 'notebooks'",
        "bgdemo[notebooks]; extra == 'test'",
        'uvicorn[standard]>=0.34.1 ; extra == "test"',
        "rich",
    ]

    assert doctor.requirements(lines, ["notebooks", "test", "queue"]) == {
        "": [Requirement("fastapi>=0.118"), Requirement("rich")],
        "notebooks": [Requirement("jupyter>=1.1; extra == 'notebooks'")],
        "test": [Requirement("uvicorn[standard]>=0.34.1; extra == 'test'")],
        "queue": [],
    }


def test_the_doctor_leaves_out_what_is_for_another_platform_or_python() -> None:
    lines = [
        "here; python_version >= '3.11'",
        "there; sys_platform == 'nowhere' and extra == 'test'",
        "old; python_version < '3.9'",
    ]

    assert doctor.requirements(lines, ["test"]) == {"": [Requirement(lines[0])], "test": []}


def test_the_doctor_knows_the_extras_that_the_course_does_without() -> None:
    have, lack = doctor.other_extras(
        {"test": [Requirement("httpx>=0.27")], "queue": [Requirement("no-such-package>=2")]}
    )

    assert have == doctor.Finding("what the extra 'test' names")
    assert lack.what == "extra 'queue': without no-such-package"
    assert lack.fix == f'{terminal.python_command()} -m pip install "no-such-package>=2"'
    assert not lack.needed


def test_the_doctor_refuses_an_old_python() -> None:
    assert doctor.python_version((3, 10, 13)).fix == "install Python 3.11 or later, and make a new .venv with it"
    assert doctor.python_version((3, 11, 0)).fix is None


def test_the_doctor_warns_of_a_terminal_that_is_not_utf_8() -> None:
    assert doctor.utf8("cp936").what == "terminal takes cp936, not UTF-8: characters may come out wrong"
    assert doctor.utf8("cp936").fix is not None
    assert doctor.utf8("UTF8").fix is None


def test_the_doctor_says_which_folder_cannot_be_written(tmp_path: Path) -> None:
    finding = doctor.writable(tmp_path / "no")

    assert finding.what == f"cannot write into {tmp_path / 'no'}: No such file or directory"
    assert finding.fix == "cd into a folder of yours, and try there"


def test_the_doctor_tells_a_kernel_of_another_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_kernel_prefix", lambda: "/elsewhere")
    finding = doctor.kernel()

    assert finding.what == f"Jupyter kernel python3 runs /elsewhere, not {sys.prefix}"
    assert finding.fix == f"{terminal.python_command()} -m ipykernel install --sys-prefix"


@pytest.mark.parametrize(("below", "expected"), [(True, ".venv/bin/python"), (False, "/somewhere/bin/python")])
def test_the_interpreter_is_named_as_one_types_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, below: bool, expected: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "name", "posix")
    monkeypatch.setattr(sys, "executable", str(tmp_path / ".venv/bin/python") if below else "/somewhere/bin/python")

    assert terminal.python_command() == expected
