"""An environment with bgdemo and without its extra "notebooks": what the commands say, and that their lines fix it."""

import os
import re
import tomllib
from pathlib import Path

import pytest

from fresh import ROOT, fresh_python, run, unpacked_archive

EXTRA = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
FIX = "         to fix it: "

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(400),  # installing takes longer than a test may
    pytest.mark.skipif(os.name == "nt", reason="the lines for Linux and macOS"),
]


def pip_install(*requirements: str) -> str:
    """The line that the doctor gives in the folder with the environment."""
    return " ".join([".venv/bin/python -m pip install", *(f'"{requirement}"' for requirement in requirements)])


@pytest.fixture(scope="module")
def bare(packages: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with bgdemo and without its extra `notebooks`."""
    folder = tmp_path_factory.mktemp("bare 空")
    return fresh_python(folder / ".venv", str(unpacked_archive(folder)))


def doctor(bare: Path) -> str:
    """What the doctor says; it finds that the course cannot run."""
    return run(bare, "-m", "bgdemo", "doctor", cwd=bare.parents[2], code=1)


def test_the_doctor_names_every_package_that_the_course_lacks(bare: Path) -> None:
    said = doctor(bare)

    for requirement in EXTRA["notebooks"]:
        name = requirement.partition(">")[0]
        if name != "python-multipart" and "sys_platform" not in requirement:  # another test installs it
            assert f"missing  {name}: not installed\n{FIX}{pip_install(requirement)}\n" in said
    assert said.endswith("\nThe course cannot run here yet.\n")


def test_the_doctor_has_one_line_for_all_that_is_missing(bare: Path) -> None:
    (all_at_once,) = re.findall(rf"packages, as said above: all at once\n{FIX}(.*)\n", doctor(bare))
    lacking = re.findall(rf"^missing  [\w-]+: not installed\n{FIX}.* ([^ ]+)\n", doctor(bare), re.MULTILINE)

    assert all_at_once == pip_install(*(requirement.strip('"') for requirement in lacking))
    assert len(lacking) >= 5


def test_the_line_that_fixes_it_fixes_it(bare: Path) -> None:
    run("/bin/sh", "-c", pip_install("python-multipart>=0.0.20"), cwd=bare.parents[2])

    assert re.search(r"^ok       python-multipart \d", doctor(bare), re.MULTILINE)


def test_what_is_for_another_platform_is_not_missing(bare: Path) -> None:
    assert "pywin32" not in doctor(bare)


def test_lab_says_the_line_that_installs_jupyterlab_and_the_experiment_runs_without(bare: Path) -> None:
    said = run(bare, "-m", "bgdemo", "lab", cwd=bare.parents[2], code=1)
    run(bare, "-m", "bgdemo", "demo", "--clock", "simulated", cwd=bare.parents[2])

    assert said.endswith(f"JupyterLab is not installed. Install it: {pip_install('jupyter>=1.1')}\n")


def test_without_a_package_that_it_starts_with_it_names_that_one(bare: Path) -> None:
    run(bare, "-m", "pip", "uninstall", "--quiet", "--yes", "httpx", cwd=bare.parents[2])
    said = run(bare, "-m", "bgdemo", "doctor", cwd=bare.parents[2], code=1)
    run(bare, "-m", "pip", "install", "--quiet", "httpx", cwd=bare.parents[2])

    assert said == f"No module named 'httpx'. To fix it: \"{bare}\" -m pip install httpx\n"
