"""`bgdemo lab`: a copy of the course for its reader, without outputs, opened in JupyterLab."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import bgdemo
from bgdemo.cli.terminal import Failed, WrongUsage, plural, python_command

LAB = "jupyter>=1.1"
"""What to install where JupyterLab is missing: the line in pyproject.toml that brings it."""


def run(folder: Path, *, browser: bool, start: bool) -> None:
    """Copy what is not there yet, then let JupyterLab take this process over.

    Args:
        folder: the reader's copy of the course; made if it is not there.
        browser: open a browser, if there is a display.
        start: False prints the command instead.

    Raises:
        Failed: there are no notebooks, the folder cannot be written, or JupyterLab is not installed.
    """
    folder = folder.expanduser().absolute()
    copied, kept = copy(folder)
    print(f"{folder}: {plural(len(copied), 'notebook')} copied, {len(kept)} kept as they are.", flush=True)
    command = jupyter_command(folder, browser=browser and has_display())
    if not start:
        print(subprocess.list2cmdline(command))
        return
    if importlib.util.find_spec("jupyterlab") is None:
        raise Failed(f'JupyterLab is not installed. Install it: {python_command()} -m pip install "{LAB}"')
    print("JupyterLab starts; Ctrl+C here ends it.", flush=True)
    # A kernel of the same name elsewhere on this machine must not come before the one of this environment.
    _become(command, {**os.environ, "JUPYTER_PREFER_ENV_PATH": "1"})


def reset(folder: Path, name: str) -> None:
    """Give one notebook back as it was, and keep the reader's beside it.

    Args:
        folder: the reader's copy of the course.
        name: the notebook's name, or how it begins, with or without .ipynb.

    Raises:
        WrongUsage: no notebook, or more than one, is meant by that name.
    """
    original = _meant(name)
    target = folder.expanduser().absolute() / original.name
    if target.exists():
        backup = _backup(target)
        target.rename(backup)
        print(f"Yours is now {backup}")
    _copy(original, target)
    print(f"Given back: {target}\nIf it is open in JupyterLab: File > Reload Notebook from Disk.")


def notebooks() -> list[Path]:
    """The course's notebooks, with outputs: in a checkout those of its notebooks/, else those in the wheel.

    Raises:
        Failed: there are none.
    """
    package = Path(bgdemo.__file__).parent
    places = [package / "notebooks"]
    if package.parent.name == "src":
        places.insert(0, package.parents[1] / "notebooks")
    for place in places:
        found = sorted(place.glob("*.ipynb"))
        if found:
            return found
    raise Failed(f"The course's notebooks are missing: there are none in {' or '.join(map(str, places))}.")


def copy(folder: Path) -> tuple[list[str], list[str]]:
    """Copy the notebooks that are not in `folder` yet.

    Returns:
        The names of those that were copied, and of those that were there.
    """
    originals = notebooks()
    copied: list[str] = []
    kept: list[str] = []
    try:
        if not folder.exists():
            folder.mkdir(parents=True)
            (folder / ".gitignore").write_text("*\n", encoding="utf-8")
        for original in originals:
            done = _copy(original, folder / original.name)
            (copied if done else kept).append(original.name)
    except OSError as error:
        raise Failed(f"The course cannot be copied into {folder}: {error.strerror}. Name another: lab DIR") from error
    return copied, kept


def without_outputs(text: str) -> str:
    """A notebook as nobody has run it yet; its cells keep their ids."""
    notebook: dict[str, Any] = json.loads(text)
    for cell in notebook["cells"]:
        cell.get("metadata", {}).pop("execution", None)
        if cell["cell_type"] == "code":
            cell["outputs"] = []
            cell["execution_count"] = None
    notebook["metadata"].pop("widgets", None)
    return json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"


def jupyter_command(folder: Path, *, browser: bool) -> list[str]:
    """What starts JupyterLab on a folder, with the kernel of this very interpreter."""
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={folder}", "--ServerApp.log_level=WARN"]
    first = sorted(folder.glob("*.ipynb"))
    command += [f"--LabApp.default_url=/lab/tree/{first[0].name}"] if first else []
    command += [] if browser else ["--no-browser"]
    return command + (["--allow-root"] if _is_root() else [])


def has_display() -> bool:
    """True if a browser can be shown."""
    if sys.platform in ("win32", "darwin"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))


def _copy(original: Path, target: Path) -> bool:
    text = without_outputs(original.read_text(encoding="utf-8"))
    try:
        with open(target, "x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        return False
    return True


def _meant(name: str) -> Path:
    stem = name.removesuffix(".ipynb")
    every = notebooks()
    found = [path for path in every if path.stem == stem] or [path for path in every if path.stem.startswith(stem)]
    if len(found) == 1:
        return found[0]
    problem = "More than one notebook begins with" if found else "There is no notebook"
    raise WrongUsage(f"{problem} {name!r}. There are:\n" + "\n".join(f"  {path.stem}" for path in found or every))


def _backup(path: Path) -> Path:
    number = 1
    while (backup := path.with_name(f"{path.stem}.backup-{number}.ipynb")).exists():
        number += 1
    return backup


def _is_root() -> bool:
    geteuid = getattr(os, "geteuid", None)  # not on Windows
    return geteuid is not None and geteuid() == 0


def _become(command: list[str], environment: dict[str, str]) -> None:
    """Run a command in this process's place, so that its signals and its exit code are the command's."""
    if os.name != "nt":
        os.execve(command[0], command, environment)
    process = subprocess.Popen(command, env=environment)
    while True:
        try:
            raise SystemExit(process.wait())
        except KeyboardInterrupt:  # JupyterLab got it too, and ends by itself
            continue
