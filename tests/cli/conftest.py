"""What the tests of the command line share: commands that are run here or in a process, and an app to run them on."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bgdemo.cli import main
from bgdemo.lessons import use_folder

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
