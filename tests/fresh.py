"""For tests of setting up: the repository as one downloads it, and a Python that knows nothing of it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PYTHON = "Scripts/python.exe" if os.name == "nt" else "bin/python"
IGNORED = [line.rstrip("/") for line in (ROOT / ".gitignore").read_text(encoding="utf-8").split()]
NOT_IN_AN_ARCHIVE = shutil.ignore_patterns(".git", *IGNORED)


def unpacked_archive(folder: Path) -> Path:
    """The repository as its archive unpacks: a folder below `folder`, without git."""
    return Path(shutil.copytree(ROOT, folder / "bgdemo-main", ignore=NOT_IN_AN_ARCHIVE))


def run(*command: str | Path, cwd: Path, code: int = 0, **environment: str) -> str:
    """Run a command to its end, and return what it printed.

    Args:
        command: the program and its arguments.
        cwd: the folder to run it in.
        code: the exit code that it must have.
        environment: variables that differ from this process's.
    """
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == code, done.stdout
    return done.stdout


def need_packages(folder: Path) -> None:
    """Skip, or fail where CI is "true", if pip cannot get packages."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), "hatchling"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    if done.returncode != 0:
        message = f"pip gets no packages here. Connect, or set PIP_FIND_LINKS to a folder of wheels.\n{done.stderr}"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(message)


def fresh_python(folder: Path, *packages: str) -> Path:
    """The Python of a new virtual environment in `folder`, with these packages only."""
    run(sys.executable, "-m", "venv", folder, cwd=folder.parent)
    python = folder / PYTHON
    if packages:
        run(python, "-m", "pip", "install", "--quiet", *packages, cwd=folder)
    return python
