"""`bgdemo lab`: the course is copied, and JupyterLab opens the copy."""

import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from bgdemo.cli import lab, terminal
from cli.conftest import CHINESE, Run


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
