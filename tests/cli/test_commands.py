"""The command line itself: its commands, their help, and what it prints into a pipe."""

import re
import subprocess
import sys

import pytest

from cli.conftest import ESCAPE, Run, in_a_process

COMMANDS = ["demo", "trace", "lab", "doctor"]


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
