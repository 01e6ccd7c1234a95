import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

import matrix

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
NOT_SHIPPED = {".ci/run", ".gitignore"}
"""Files of the repository that an archive of the source does without."""


def run(*command: str | Path, cwd: Path | None = None, **environment: str) -> str:
    """Run a command to its end, and return what it printed; fail with that if it failed."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


# -- environment.yml and pyproject.toml


def conda() -> Any:
    return yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))


def test_conda_names_what_pyproject_names_with_the_same_lowest_versions() -> None:
    *packages, pip_section = conda()["dependencies"]
    named = {package for package in packages if not package.startswith(("python>", "pip"))}

    notebooks = PROJECT["optional-dependencies"]["notebooks"]
    assert named == {*PROJECT["dependencies"], *(line for line in notebooks if "sys_platform" not in line)}
    assert set(pip_section) == {"pip"}


def test_conda_names_the_packages_of_the_course_explicitly() -> None:
    names = {re.split(r"[>=]", package)[0] for package in conda()["dependencies"] if isinstance(package, str)}

    assert names >= {"python", "pip", "fastapi", "httpx", "nest-asyncio", "jupyter", "pytest"}


def test_the_classifiers_the_matrix_conda_and_the_readme_name_the_pythons_that_the_tests_run_on() -> None:
    classifiers = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))
    lowest, newest = classifiers[0], int(classifiers[-1].partition(".")[2])

    assert tuple(classifiers) == matrix.VERSIONS
    assert PROJECT["requires-python"] == f">={lowest}"
    assert f"python>={lowest},<3.{newest + 1}" in conda()["dependencies"]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"The tests run on Python {', '.join(classifiers[:-1])} and {classifiers[-1]}" in readme


def test_conda_takes_all_from_conda_forge_and_by_pip_this_package_alone() -> None:
    assert conda()["channels"] == ["conda-forge", "nodefaults"]
    assert conda()["dependencies"][-1] == {"pip": ["."]}


def test_requirements_give_lowest_versions_only_which_the_doctor_can_read() -> None:
    extras = PROJECT["optional-dependencies"].values()

    for line in [*PROJECT["dependencies"], *(line for extra in extras for line in extra)]:
        assert re.fullmatch(r"[a-z0-9-]+>=[0-9.]+(; sys_platform == 'win32')?|bgdemo\[\w+\]", line), line


def test_what_lab_says_to_install_is_what_pyproject_names() -> None:
    from bgdemo.cli.lab import LAB

    assert LAB in PROJECT["optional-dependencies"]["notebooks"]


def test_no_file_names_a_package_index() -> None:
    for name in ("pyproject.toml", "environment.yml", "Makefile", ".ci/run"):
        if (ROOT / name).exists():  # .ci is not in the archive
            text = (ROOT / name).read_text(encoding="utf-8")
            assert not re.search(r"index-url|pypi\.|https?://", text), name


# -- the distributions: built once, installed once, into a virtual environment of their own


@dataclass
class Built:
    """What one build gave."""

    sdist: Path
    wheel: Path
    python: Path
    """Of a fresh virtual environment in which the wheel is installed, with its extra "notebooks"."""


@pytest.fixture(scope="module")
def built(packages: None, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Build the sdist, from that the wheel, and install the wheel as a user of the course does."""
    folder = tmp_path_factory.mktemp("built")
    run(sys.executable, "-m", "venv", folder / "venv")
    python = folder / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    run(*pip, "hatchling")
    run(python, "-m", "hatchling", "build", "-t", "sdist", "-d", folder, cwd=ROOT)
    (sdist,) = folder.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder / "unpacked", filter="data")
    (unpacked,) = (folder / "unpacked").iterdir()
    run(python, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=unpacked)
    (wheel,) = folder.glob("*.whl")
    run(*pip, f"{wheel}[notebooks]")
    return Built(sdist, wheel, python)


@pytest.fixture
def somewhere(tmp_path: Path) -> Path:
    """A folder far from the checkout, with a name that is not easy."""
    folder = tmp_path / "课程 one"
    folder.mkdir()
    return folder


@pytest.mark.long
@pytest.mark.timeout(600)  # installing takes longer than a test may
class TestDistributions:
    def test_the_wheel_holds_the_package_its_types_and_the_course(self, built: Built) -> None:
        names = zipfile.ZipFile(built.wheel).namelist()
        notebooks = {f"bgdemo/notebooks/{path.name}" for path in (ROOT / "notebooks").glob("*.ipynb")}

        assert "bgdemo/py.typed" in names
        assert notebooks
        assert notebooks <= set(names)
        modules = {path.relative_to(ROOT / "src").as_posix() for path in (ROOT / "src").rglob("*.py")}
        assert modules <= set(names)

    def test_the_wheel_holds_no_tests_and_nothing_beside_the_package(self, built: Built) -> None:
        names = zipfile.ZipFile(built.wheel).namelist()

        assert {name.partition("/")[0] for name in names} == {"bgdemo", f"bgdemo-{PROJECT['version']}.dist-info"}
        assert not [name for name in names if re.search(r"(^|/)(tests?/|test_|conftest|\.ipynb_checkpoints)", name)]

    @pytest.mark.skipif(shutil.which("git") is None or not (ROOT / ".git").exists(), reason="not a git checkout")
    def test_the_sdist_holds_every_file_of_the_repository(self, built: Built) -> None:
        tracked = set(run("git", "ls-files", "-z", cwd=ROOT).split("\0")) - {""}
        there = {name for name in tracked if (ROOT / name).exists()}
        with tarfile.open(built.sdist) as archive:
            shipped = {name.partition("/")[2] for name in archive.getnames()}

        assert there - NOT_SHIPPED <= shipped

    def test_the_installed_demo_runs(self, built: Built, somewhere: Path) -> None:
        shown = run(built.python, "-W", "error", "-m", "bgdemo", "demo", "--folder", "文件 夹", cwd=somewhere)

        assert re.search(r"POST /send_info .* 200 at .*\n  write_notification .* finished .* 7\.", shown)
        assert (somewhere / "文件 夹" / "log_test.txt").read_text(encoding="utf-8") == (
            "notification for a@example.com: some notification"
        )

    def test_the_installed_doctor_finds_that_the_course_can_run(self, built: Built, somewhere: Path) -> None:
        shown = run(built.python, "-m", "bgdemo", "doctor", cwd=somewhere)

        assert shown.endswith("\nThe course can run here.\n"), shown
        assert "missing" not in shown

    def test_the_installed_lab_copies_the_course(self, built: Built, somewhere: Path) -> None:
        shown = run(built.python, "-m", "bgdemo", "lab", "我的 课程", "--print-only", cwd=somewhere)

        assert "-m jupyterlab" in shown
        copied = {path.name for path in (somewhere / "我的 课程").glob("*.ipynb")}
        assert copied == {path.name for path in (ROOT / "notebooks").glob("*.ipynb")}

    def test_the_console_script_is_the_same_command_line(self, built: Built, somewhere: Path) -> None:
        script = built.python.with_name("bgdemo.exe" if os.name == "nt" else "bgdemo")

        assert run(script, "--version", cwd=somewhere) == f"bgdemo {PROJECT['version']}\n"


# -- make: a machine that has only Python and make


needs_make = pytest.mark.skipif(os.name == "nt" or shutil.which("make") is None, reason="make is not here")

FAKE = """#!/bin/sh
# What a Python that lacks something does; the rest is the real one's.
case "$*" in
  {refused}) exit 1 ;;
esac
exec {real} "$@"
"""


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A folder with the Makefile, and beside it `bin`, the only one on the path."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "bin").mkdir()
    return tmp_path


def put(machine: Path, name: str, refused: str = '"nothing of it"') -> None:
    path = machine / "bin" / name
    real = Path(sys.base_prefix) / "bin" / "python3"
    path.write_text(FAKE.format(refused=refused, real=real), encoding="utf-8")
    path.chmod(0o755)


def make(machine: Path, *arguments: str, code: int = 0) -> str:
    command = [str(shutil.which("make")), *arguments]
    own = ("MAKEFLAGS", "MAKELEVEL", "PYTHON")
    environment = {name: value for name, value in os.environ.items() if name not in own}
    done = subprocess.run(
        command,
        cwd=machine,
        env={**environment, "PATH": str(machine / "bin"), "LC_ALL": "C"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    assert bool(done.returncode) is bool(code), done.stdout
    return done.stdout


@needs_make
@pytest.mark.starts("make")
class TestMake:
    def test_a_shim_that_starts_no_python_is_passed_over(self, machine: Path) -> None:
        put(machine, "python3.13", refused="*")
        put(machine, "python3")
        make(machine, ".venv/bin/python")

        assert run(machine / ".venv/bin/python", "-m", "pip", "--version").startswith("pip ")

    def test_python_without_ensurepip_lends_its_own_pip(self, machine: Path) -> None:
        put(machine, "python3", refused='"-c import ensurepip"')
        make(machine, ".venv/bin/python")

        assert run(machine / ".venv/bin/python", "-m", "pip", "--version").startswith("pip ")

    def test_python_without_any_pip_is_explained(self, machine: Path) -> None:
        put(machine, "python3", refused='"-c import ensurepip"|"-m pip "*')

        assert make(machine, ".venv/bin/python", code=2).startswith(
            "No pip and no ensurepip for: python3. On Debian and Ubuntu: apt-get install python3-venv\n"
        )

    def test_no_python_that_is_new_enough_is_explained(self, machine: Path) -> None:
        assert make(machine, ".venv/bin/python", "PYTHON=python2", code=2).startswith(
            "Python 3.11 or later was not found. Install it, or name it: make PYTHON=/path/to/python3 ...\n"
        )

    def test_the_python_that_is_named_comes_first(self, machine: Path) -> None:
        put(machine, "python3.13", refused="*")
        put(machine, "mine")
        make(machine, ".venv/bin/python", "PYTHON=bin/mine")

        assert (machine / ".venv/bin/python").exists()

    def test_without_a_target_the_targets_are_listed(self, machine: Path) -> None:
        shown = make(machine)

        assert [line.split()[1] for line in shown.splitlines()] == [
            "lab",
            "demo",
            "test",
            "test-all",
            "bench",
            "soak",
            "fuzz",
            "peers",
            "build",
            "lint",
        ]

    def test_what_is_set_up_is_not_set_up_again_until_pyproject_changes(self, machine: Path) -> None:
        for name in (".venv/bin/python", ".venv/with-notebooks"):
            (machine / name).parent.mkdir(parents=True, exist_ok=True)
            (machine / name).touch()
        up_to_date = make(machine, "-n", "demo")
        os.utime(machine / "pyproject.toml", (2_000_000_000, 2_000_000_000))
        changed = make(machine, "-n", "demo")

        assert up_to_date == ".venv/bin/python -m bgdemo demo\n"
        assert "pip --disable-pip-version-check install" in changed
