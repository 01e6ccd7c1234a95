"""README's way to set the course up without make: each line is run as README has it, in an archive without git."""

import json
import os
import re
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest

from course import NOTEBOOKS, code_cells, tags
from fresh import PYTHON, ROOT, run, unpacked_archive

README = (ROOT / "README.md").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Line:
    """A row of README's table of commands."""

    when: str
    powershell: str
    posix: str


LINES = [Line(*row) for row in re.findall(r"^\| ([\w ]+) \| `([^`]+)` \| `([^`]+)` \|$", README, re.MULTILINE)]


def line_for(purpose: str) -> str:
    """README's POSIX line for a purpose."""
    (line,) = [line.posix for line in LINES if line.when == purpose]
    return line


# -- the lines themselves


def test_readme_has_the_lines_of_the_route() -> None:
    assert [line.when for line in LINES] == ["once", "once", "the course", "the experiment"]


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.posix)
def test_the_powershell_line_is_the_posix_line_with_other_names(line: Line) -> None:
    translated = line.powershell.replace("py -m venv", "python3 -m venv").replace(".venv\\Scripts\\", ".venv/bin/")

    assert translated == line.posix
    assert not set(line.powershell) & set("$&;'/"), "what PowerShell would take for something of its own"


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.posix)
def test_a_line_needs_no_activation_and_no_command_but_python(line: Line) -> None:
    program, *arguments = shlex.split(line.posix)

    assert program in ("python3", ".venv/bin/python")
    assert arguments[0] == "-m"


def test_conda_s_lines_name_what_environment_yml_names() -> None:
    name = re.search(r"^name: (\w+)$", (ROOT / "environment.yml").read_text(encoding="utf-8"), re.MULTILINE)
    assert name is not None

    assert f"`conda env create -f environment.yml`, `conda activate {name[1]}`, `bgdemo lab`" in README


# -- the route, in a folder whose name is not easy


@dataclass(frozen=True)
class Machine:
    """A machine with Python, and neither git nor make."""

    folder: Path
    """The unpacked archive."""
    path: Path
    """The only folder with programs."""

    def type(self, line: str, code: int = 0) -> str:
        """Run a line in a shell, as one types it there."""
        environment = {"PATH": str(self.path), "LC_ALL": "C.UTF-8"}
        return run("/bin/sh", "-c", line, cwd=self.folder, code=code, **environment)


def machine(folder: Path) -> Machine:
    """Unpack the archive below `folder`, and leave only python3 on the path."""
    difficult = folder / "后台 任务"
    path = folder / "bin"
    path.mkdir()
    (path / "python3").symlink_to(Path(sys.base_prefix, PYTHON).with_name("python3"))
    return Machine(unpacked_archive(difficult), path)


needs_a_posix_shell = pytest.mark.skipif(os.name == "nt", reason="the lines for Linux and macOS")


@needs_a_posix_shell
@pytest.mark.long
@pytest.mark.timeout(400)  # installing takes longer than a test may
class TestVirtualEnvironment:
    @pytest.fixture(scope="class")
    @classmethod
    def there(cls, packages: None, tmp_path_factory: pytest.TempPathFactory) -> Machine:
        """Where both lines that are typed once have been typed."""
        folder = tmp_path_factory.mktemp("machine")
        made = machine(folder)
        for line in LINES:
            if line.when == "once":
                made.type(line.posix)
        return made

    def test_the_machine_has_neither_git_nor_make(self, there: Machine) -> None:
        assert "not found" in there.type("git --version", code=127)
        assert "not found" in there.type("make --version", code=127)

    def test_the_doctor_finds_that_the_course_can_run(self, there: Machine) -> None:
        assert "`python -m bgdemo doctor`" in README
        said = there.type(".venv/bin/python -m bgdemo doctor")

        assert said.endswith("\nThe course can run here.\n")
        assert "\nmissing " not in said
        assert "ok       Jupyter kernel runs with this Python\n" in said

    def test_the_course_is_copied_without_its_outputs(self, there: Machine) -> None:
        said = there.type(f"{line_for('the course')} --print-only")
        copies = sorted((there.folder / "course").glob("*.ipynb"))

        assert f'-m jupyterlab "--ServerApp.root_dir={there.folder}/course"' in said
        assert [path.name for path in copies] == sorted(path.name for path in NOTEBOOKS.glob("*.ipynb"))
        assert not [cell for path in copies for cell in json.loads(path.read_bytes())["cells"] if cell.get("outputs")]

    def test_the_experiment_runs(self, there: Machine) -> None:
        said = there.type(f"{line_for('the experiment')} --clock simulated --folder '文件 夹'")

        assert "Response at 0.0 s; write_notification ended at 7.0 s: the client did not wait." in said
        assert (there.folder / "文件 夹" / "log_test.txt").exists()

    def test_a_notebook_runs_in_the_copied_course(self, there: Machine) -> None:
        fastest = min(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"), key=real_time_cells).name
        there.type(f"{line_for('the course')} '又 一份' --print-only")
        execute = ".venv/bin/python -m nbconvert --to notebook --inplace --execute"
        there.type(f"{execute} '又 一份/{fastest}'")
        cells = code_cells(nbformat.read(there.folder / "又 一份" / fastest, as_version=4))

        assert [bool(cell.outputs) for cell in cells] == [
            bool(cell.outputs) for cell in code_cells(nbformat.read(NOTEBOOKS / fastest, as_version=4))
        ]


def real_time_cells(notebook: Path) -> int:
    """How many cells of a notebook take real seconds."""
    return sum("real-time" in tags(cell) for cell in code_cells(nbformat.read(notebook, as_version=4)))
