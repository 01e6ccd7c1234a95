"""`bgdemo demo`: the article's experiment in a terminal."""

import os
import re
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from bgdemo.lessons import add_task
from cli.conftest import CHINESE, ESCAPE, Run, in_a_process, in_a_terminal


@pytest.fixture
def quick_task(monkeypatch: pytest.MonkeyPatch) -> None:
    """The article's task, a hundred times as fast."""
    quick = SimpleNamespace(sleep=lambda seconds: time.sleep(seconds / 100), time=time.time, ctime=time.ctime)
    monkeypatch.setattr(add_task, "time", quick)


def test_the_demo_shows_the_response_at_once_and_the_task_for_7_real_seconds(tmp_path: Path) -> None:
    folder = tmp_path / CHINESE
    began = time.monotonic()
    ran = in_a_process("demo", "--folder", str(folder))
    took = time.monotonic() - began

    assert ran.code == 0
    assert 7 <= took < 14, "the wait is the point of it, and it is the only one"
    response = re.search(r"(\d+\.\d\d) s  the response is here, 200: ", ran.out)
    printed = re.search(r"(\d+\.\d\d) s  the task printed: write end", ran.out)
    ended = re.search(r"(\d+\.\d\d) s  the task ended: finished", ran.out)
    assert response is not None
    assert printed is not None
    assert ended is not None
    assert float(response[1]) < 2
    assert 5 <= float(printed[1]) < float(ended[1])
    assert float(ended[1]) >= 7
    assert "log_test.txt is not there yet; the task goes on" in ran.out
    assert ran.out.endswith(f"log_test.txt, in {folder}:\n  notification for a@example.com: some notification\n")
    assert ESCAPE not in ran.out
    assert ran.err == ""


def test_the_demo_on_the_simulated_clock_shows_exact_times(bgdemo: Run) -> None:
    ran = bgdemo("demo", "--clock", "simulated")

    assert ran.code == 0
    assert "  0.00 s  the response is here, 200: " in ran.out
    assert "  5.00 s  the task printed: write end\n  7.00 s  the task ended: finished\n" in ran.out
    assert "Response at 0.0 s; write_notification ended at 7.0 s: the client did not wait." in ran.out


@pytest.mark.usefixtures("quick_task")
def test_the_demo_says_that_a_temporary_folder_does_not_last(bgdemo: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BGDEMO_FOLDER", raising=False)

    assert "(a temporary folder, gone in a moment: --folder DIR keeps the file):" in bgdemo("demo").out


@pytest.mark.usefixtures("quick_task")
def test_the_demo_tells_the_file_of_an_earlier_run_from_its_own(bgdemo: Run, tmp_path: Path) -> None:
    bgdemo("demo", "--folder", str(tmp_path))
    ran = bgdemo("demo", "--folder", str(tmp_path))

    assert "log_test.txt is the one of an earlier run; the task goes on" in ran.out


def test_a_folder_that_cannot_be_made_is_wrong_usage(bgdemo: Run, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ran = bgdemo("demo", "--folder", str(tmp_path / "file" / "below"))

    assert ran.code == 2
    assert ran.err == f"Error: --folder {tmp_path / 'file' / 'below'}: that folder cannot be made: Not a directory\n"


def test_a_task_that_cannot_write_makes_the_demo_fail(
    bgdemo: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quick_task: None
) -> None:
    (tmp_path / "log_test.txt").mkdir()
    ran = bgdemo("demo", "--folder", str(tmp_path))

    assert ran.code == 1
    assert ran.err.startswith("Error: write_notification failed: IsADirectoryError")


@pytest.mark.skipif(os.name == "nt", reason="a pseudo-terminal")
def test_in_a_terminal_a_bar_grows_and_what_is_printed_stands_above_it() -> None:
    script = (
        "import time\n"
        "from types import SimpleNamespace\n"
        "from bgdemo.lessons import add_task\n"
        "quick = SimpleNamespace(sleep=lambda s: time.sleep(s / 10), time=time.time, ctime=time.ctime)\n"
        "add_task.time = quick\n"
        "import sys; sys.argv = ['bgdemo', 'demo']\n"
        "from bgdemo.cli import main; main()"
    )
    shown = in_a_terminal([sys.executable, "-c", script])

    assert "━━━━" in shown
    assert ESCAPE in shown
    assert re.search(r"\r\x1b\[2K *0\.\d\d s  the task printed: write end\r\n", shown)
    assert re.search(r"\r\nPOST /send_info .* 200 at .*\r\n  write_notification .* finished ", shown)
