"""`bgdemo doctor`: what is missing, and the command that installs it."""

import importlib.metadata
import os
import re
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from bgdemo.cli import doctor, terminal
from cli.conftest import Run, in_a_process


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
