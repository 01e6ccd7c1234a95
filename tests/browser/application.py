"""JupyterLab and Jupyter Notebook 7 for tests: on a free loopback port, stopped by their own handle."""

import contextlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bgdemo.cli.lab import jupyter_command

DEADLINE = 90.0
"""Seconds in which an application starts, and in which it stops, on a busy machine."""


@dataclass(frozen=True, slots=True)
class Application:
    """A Jupyter application that shows notebooks in a browser."""

    name: str
    command: Callable[[Path], list[str]]
    """What starts it on a folder."""
    address: str
    """Of a notebook {name}, below the server's own; without any other that was open before."""
    own_errors: tuple[str, ...] = ()
    """Patterns of the console's errors that the application makes itself."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running application."""

    application: Application
    folder: Path
    """What it shows."""
    url: str
    """ "http://127.0.0.1:port", without a slash at the end."""
    token: str

    def address_of(self, notebook: str) -> str:
        """Where a browser finds a notebook, such as "00_title.ipynb"."""
        path = self.application.address.format(name=notebook, stem=Path(notebook).stem)
        return f"{self.url}/{path}?token={self.token}"


def _notebook_command(folder: Path) -> list[str]:
    lab = jupyter_command(folder, browser=False)
    return ["notebook" if word == "jupyterlab" else word for word in lab if not word.startswith("--LabApp")]


JUPYTERLAB = Application(
    name="jupyterlab",
    command=lambda folder: [sys.executable, "-m", "bgdemo", "lab", str(folder), "--no-browser"],
    address="lab/workspaces/{stem}/tree/{name}",
)
NOTEBOOK_7 = Application(
    name="notebook",
    command=_notebook_command,
    address="notebooks/{name}",
    # Its keyboard shortcuts listen to all settings, and read their own before these are loaded (seen with 7.6.5).
    own_errors=(r"TypeError: Cannot read properties of undefined \(reading 'schema'\)\n +at \S+/notebook_core\.",),
)


def copy_course(folder: Path) -> None:
    """Give a reader a copy of the course, as `bgdemo lab` does, and open nothing."""
    subprocess.run([sys.executable, "-m", "bgdemo", "lab", str(folder), "--print-only"], check=True)


@contextlib.contextmanager
def serve(application: Application, folder: Path, private: Path) -> Iterator[Server]:
    """Start an application on a folder of notebooks.

    Args:
        application: which one.
        folder: what it shows.
        private: an empty folder for its settings and its log; nothing outside is read or written.

    Yields:
        The server, which answers by now.
    """
    places = {f"JUPYTER_{name}_DIR": str(private / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
    log = private / "log"
    with open(log, "w+b") as stream:
        process = subprocess.Popen(
            application.command(folder),
            cwd=private,
            env={**os.environ, **places, "JUPYTER_PORT": "0", "JUPYTER_PREFER_ENV_PATH": "1"},
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
    try:
        url, token = _address_in(log, process)
        yield Server(application, folder, url, token)
    finally:
        process.terminate()
        process.wait(DEADLINE)


def _address_in(log: Path, process: "subprocess.Popen[bytes]") -> tuple[str, str]:
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        said = log.read_text(encoding="utf-8")
        assert process.poll() is None, f"The application ended:\n{said}"
        if found := re.search(r"(http://127\.0\.0\.1:\d+)/\S*\?token=(\w+)", said):
            return found[1], found[2]
        time.sleep(0.1)
    raise AssertionError(f"The application printed no address in {DEADLINE:g} s:\n{log.read_text(encoding='utf-8')}")
