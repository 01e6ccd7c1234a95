"""The classroom on the command line: list, begin, check, watch, grade, hand out."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bgdemo.cli import main
from bgdemo.exercises import all_exercises
from bgdemo.grading.judging import platform
from bgdemo.grading.judging.submitted import read_answers
from grading.conftest import EXAM, MARKER, ROUTE, hand_in, write_exam

EVERY = all_exercises()


class Ran:
    """What a command left behind."""

    def __init__(self, code: Any, captured: Any) -> None:
        self.code, self.out, self.err = code or 0, captured.out, captured.err


@pytest.fixture
def bgdemo(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Run a command in this process."""

    def run(*arguments: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["bgdemo", *map(str, arguments)])
        code: Any = 0
        try:
            main()
        except SystemExit as end:
            code = end.code
        return Ran(code, capsys.readouterr())

    return run


def answer_file(folder: Path, code: str, name: str = "answer.py") -> Path:
    path = folder / name
    path.write_text(f"# bgdemo: add_task.turn_the_route\n\n{code}", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "command", ["exercises", "exercises start", "exercises verify", "check", "grade", "export nbgrader"]
)
def test_every_command_explains_itself(bgdemo, command: str) -> None:
    ran = bgdemo(*command.split(), "--help")
    assert ran.code == 0
    assert ran.out.startswith(f"Usage: bgdemo {command} ")
    assert "--help" in ran.out


# -- bgdemo exercises


def test_the_exercises_are_listed_with_level_and_statement(bgdemo) -> None:
    ran = bgdemo("exercises")
    assert ran.code == 0
    for exercise in EVERY:
        first = " ".join(exercise.statement.split())[:30]
        assert re.search(rf"^  {exercise.name} +{exercise.level} +{re.escape(first)}", ran.out, re.MULTILINE)
    assert "\nadd_task\n" in ran.out


def test_a_starter_is_written_once_and_never_overwritten(bgdemo, tmp_path: Path) -> None:
    path = tmp_path / "练习" / "turn_the_route.py"
    assert bgdemo("exercises", "start", "turn_the_route", path.parent).out == f"{path}\n"
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# bgdemo: add_task.turn_the_route\n#\n# This shop sends the receipt")
    assert "# Check it: bgdemo check turn_the_route.py\n" in text
    assert text.endswith(ROUTE.starter)
    path.write_text("mine", encoding="utf-8")
    assert bgdemo("exercises", "start", "add_task.turn_the_route", path.parent).out == (
        f"{path} is there already, and stays as it is.\n"
    )
    assert path.read_text(encoding="utf-8") == "mine"


def test_a_subject_begins_all_of_its_exercises(bgdemo, tmp_path: Path) -> None:
    bgdemo("exercises", "start", "parameter", tmp_path)
    expected = sorted(f"{one.name}.py" for one in EVERY if one.subject == "parameter")
    assert sorted(path.name for path in tmp_path.iterdir()) == expected


def test_a_name_that_no_exercise_has_is_wrong_usage(bgdemo, tmp_path: Path) -> None:
    ran = bgdemo("exercises", "start", "turn_the_rout", tmp_path)
    assert ran.code == 2
    assert "There is no exercise 'turn_the_rout'. There are:\n  add_task." in ran.err


@pytest.mark.parametrize("exercise", EVERY, ids=lambda exercise: exercise.name)
def test_every_starter_file_counts_as_not_attempted(bgdemo, exercise, tmp_path: Path) -> None:
    bgdemo("exercises", "start", exercise.name, tmp_path)
    ran = bgdemo("check", tmp_path / f"{exercise.name}.py")
    assert ran.code == 1
    assert ran.out.startswith(f"{exercise.subject}.{exercise.name}: Not attempted. ")


@pytest.mark.parametrize("exercise", [one for one in EVERY if one.varies], ids=lambda exercise: exercise.name)
def test_a_seed_gives_other_names_and_numbers_and_the_check_follows_the_file(bgdemo, exercise, tmp_path: Path) -> None:
    plain, seven = tmp_path / "plain", tmp_path / "seven"
    bgdemo("exercises", "start", exercise.name, plain)
    assert bgdemo("exercises", "start", exercise.name, seven, "--seed", "7").code == 0
    path = seven / f"{exercise.name}.py"
    marker, *_ = text = path.read_text(encoding="utf-8").splitlines()
    assert marker == f"# bgdemo: {exercise.subject}.{exercise.name}@7"
    assert text[1:] != (plain / path.name).read_text(encoding="utf-8").splitlines()[1:]
    assert bgdemo("check", path).out.startswith(f"{exercise.subject}.{exercise.name}@7: Not attempted. ")
    path.write_text(f"{marker}\n{exercise.seeded(7).answer}", encoding="utf-8")
    assert bgdemo("check", path).code == 0
    path.write_text(f"{marker}\n{exercise.answer}", encoding="utf-8")
    assert bgdemo("check", path).code == 1


def test_a_seed_for_what_does_not_vary_changes_nothing(bgdemo, tmp_path: Path) -> None:
    bgdemo("exercises", "start", "turn_the_route", tmp_path, "--seed", "7")
    text = (tmp_path / "turn_the_route.py").read_text(encoding="utf-8")
    assert text.startswith("# bgdemo: add_task.turn_the_route\n")


def test_the_self_test_says_that_an_exercise_is_ok(bgdemo) -> None:
    ran = bgdemo("exercises", "verify", "turn_the_route")
    assert (ran.code, ran.out) == (0, "add_task.turn_the_route: ok\n")


def test_the_self_test_names_what_a_teachers_exercise_does_not_keep(bgdemo, tmp_path: Path) -> None:
    text = EXAM + (
        "from dataclasses import replace\n"
        "own = questions[0].exercise\n"
        "questions = [replace(own, wrong=((own.answer, 'twice'),))]\n"
    )
    ran = bgdemo("exercises", "verify", "--exercises", write_exam(tmp_path, text))
    assert ran.code == 1
    assert ran.out == (
        "add_task.turn_the_route: broken\n  a wrong answer is right; it should be told: twice\n\n1 exercise broken.\n"
    )


# -- bgdemo check


def test_a_folder_is_not_checked_but_watched(bgdemo, tmp_path: Path) -> None:
    ran = bgdemo("check", tmp_path)
    assert ran.code == 2
    assert ran.err == (
        f"Error: {tmp_path} is a folder. Name a file in it, or watch them all: bgdemo check --watch {tmp_path}\n"
    )


def test_the_help_of_grade_says_what_it_does_not_defend_against(bgdemo) -> None:
    text = " ".join(bgdemo("grade", "--help").out.split())
    assert "does not defend against an answer that makes its own process lie" in text
    assert "run it in a container; TEACHING.md" in text


def test_a_right_answer_is_right(bgdemo, tmp_path: Path) -> None:
    ran = bgdemo("check", answer_file(tmp_path, ROUTE.answer))
    assert ran.code == 0
    assert ran.out.startswith(f"add_task.turn_the_route: Right. {ROUTE.notice}\n")


def test_a_wrong_answer_is_shown_below_the_right_one(bgdemo, tmp_path: Path) -> None:
    ran = bgdemo("check", answer_file(tmp_path, ROUTE.wrong[1][0]))
    assert ran.code == 1
    assert ran.out.startswith("add_task.turn_the_route: Wrong. The receipt is sent twice")
    assert 0 < ran.out.index("Expected") < ran.out.index("Yours")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import nothing_like_it", "Raised. Your code raised ModuleNotFoundError: No module named 'nothing_like_it'"),
        ("app = 7", "Wrong. `app` is no app."),
        ("x = 1", "Raised. Your code raised NameError: this answer defines no `app`: keep its name"),
        ("raise SystemExit", "Raised. Your code raised SystemExit"),
        ("def (", "Raised. Your code raised SyntaxError"),
    ],
)
def test_whatever_an_answer_does_it_is_told(bgdemo, tmp_path: Path, code: str, message: str) -> None:
    ran = bgdemo("check", answer_file(tmp_path, code))
    assert ran.code == 1
    assert message in ran.out


def test_the_exercise_can_be_named(bgdemo, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(ROUTE.answer, encoding="utf-8")
    assert bgdemo("check", tmp_path / "a.py", "--exercise", "turn_the_route").code == 0
    assert "names " in bgdemo("check", tmp_path / "a.py", "--exercise", "add_task").err


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("app = 1", 2, "does not say which exercise it answers (markers in it: none)"),
        ("# bgdemo: nothing\napp = 1", 2, "(markers in it: nothing)"),
        ("", 1, "The file is empty."),
    ],
)
def test_a_file_that_answers_nothing_says_why(bgdemo, tmp_path: Path, text: str, code: int, message: str) -> None:
    (tmp_path / "a.py").write_text(text, encoding="utf-8")
    ran = bgdemo("check", tmp_path / "a.py")
    assert ran.code == code
    assert message in ran.err


def test_a_file_has_to_be_named(bgdemo) -> None:
    ran = bgdemo("check")
    assert (ran.code, ran.err) == (
        2,
        "Error: Which file? bgdemo check FILE, or bgdemo check --watch for all in this folder.\n",
    )


class Watching:
    """`bgdemo check --watch`, its keyboard and its screen."""

    def __init__(self, target: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-u", "-m", "bgdemo", "check", "--watch", str(target)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            encoding="utf-8",
        )
        self.shown = ""

    def until(self, text: str) -> str:
        """Read on until this is shown; what was shown up to then."""
        assert self._process.stdout is not None
        shown = ""
        while text not in shown:
            line = self._process.stdout.readline()
            assert line, f"{text!r} was never shown:\n{shown}"
            shown += line
        return shown

    def type(self, text: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(text)
        self._process.stdin.flush()

    def end(self) -> int:
        return self._process.wait(30)

    def __enter__(self) -> "Watching":
        return self

    def __exit__(self, *error: object) -> None:
        with contextlib.suppress(OSError):
            self._process.communicate(timeout=0.1) if self._process.poll() is not None else self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                pipe.close()


@pytest.mark.skipif(os.name == "nt", reason="types into a pipe")
def test_a_watched_file_is_checked_when_it_is_saved_and_the_next_one_comes_when_told(tmp_path: Path) -> None:
    first = answer_file(tmp_path, ROUTE.wrong[1][0], "1.py")
    answer_file(tmp_path, ROUTE.answer, "2.py")
    (tmp_path / "notes.py").write_text("no answer", encoding="utf-8")
    with Watching(tmp_path) as watching:
        assert "1.py (1 of 2)" in watching.until("Wrong. The receipt is sent twice")
        watching.until("n: the next one")
        watching.type("h\n")
        watching.until(ROUTE.hints[0])
        answer_file(tmp_path, ROUTE.answer, "1.py")
        watching.until("Right.")
        watching.until("n: the next one")
        answer_file(tmp_path, ROUTE.answer + "\n# saved again", "1.py")
        watching.until("Right.")  # still the first: nobody has said to go on
        watching.until("n: the next one")
        watching.type("n\n")
        assert "2.py (2 of 2)" in watching.until("Right.")
        watching.until("n: the next one")
        watching.type("n\n")
        watching.until("That was the last of 2 files.")
        assert watching.end() == 0
    assert first.exists()


@pytest.mark.skipif(os.name == "nt", reason="types into a pipe")
def test_a_check_that_does_not_end_is_given_up_when_the_file_is_saved(tmp_path: Path) -> None:
    path = answer_file(tmp_path, "print('began', flush=True)\nwhile True: pass")
    with Watching(path) as watching:
        watching.until("began")
        answer_file(tmp_path, ROUTE.answer)
        watching.until("Right.")
        watching.until("n: the next one")
        watching.type("q\n")
        assert watching.end() == 0


def test_a_folder_without_answers_has_nothing_to_watch(bgdemo, tmp_path: Path) -> None:
    ran = bgdemo("check", "--watch", tmp_path)
    assert ran.code == 2
    assert "begins with `# bgdemo: NAME`" in ran.err


# -- bgdemo export handout


def test_a_handout_has_the_questions_and_no_answers(bgdemo, tmp_path: Path) -> None:
    exam = write_exam(tmp_path)
    folder = tmp_path / "out"
    assert bgdemo("export", "handout", folder, "--exercises", exam).code == 0
    for name in ("questions.py", "questions.ipynb"):
        text = (folder / name).read_text(encoding="utf-8")
        assert "background_tasks.add_task" not in text
        assert "4 points" in text
        answer = read_answers(folder / name).answer("turn_the_route", names=("turn_the_route",))
        assert answer is not None
        assert answer.source.split() == ROUTE.starter.split()
    ran = bgdemo("export", "handout", folder, "--exercises", exam)
    assert ran.code == 1
    assert "questions.py is there already, and stays as it is" in ran.err


# -- bgdemo grade

unix = pytest.mark.skipif(sys.platform not in ("linux", "darwin"), reason="grading needs Linux or macOS")


@unix
@pytest.mark.timeout(300)
def test_grading_shows_the_class_at_a_glance(bgdemo, tmp_path: Path, submissions: Path) -> None:
    wrong = ROUTE.wrong[1][0]
    hand_in(submissions, {"1.py": MARKER + ROUTE.answer, "2.py": MARKER + wrong, "x.py": MARKER + wrong})
    (tmp_path / "roster.csv").write_text("id,name\n1,王小明\n2,Ann\n3,李雷\n", encoding="utf-8")
    out = tmp_path / "成绩.csv"
    exam = write_exam(tmp_path)
    ran = bgdemo("grade", submissions, "--exercises", exam, "--roster", tmp_path / "roster.csv", "--out", out)
    assert ran.code == 0, ran.err
    assert re.match(r"3 submissions graded in [\d.]+ s\.\n", ran.out)
    assert "  turn_the_route             2.93 of 4 points on average: 2 wrong, 1 right\n" in ran.out
    assert "\nMost often:\n  2 students, turn_the_route: The receipt is sent twice" in ran.out
    assert "\nMissing: 李雷 (3)\n" in ran.out
    assert "\nNot on the roster: x.py\n" in ran.out
    assert ran.out.endswith(f"\nWritten: {out}, {tmp_path / '成绩.json'}\n")
    assert out.exists()
    assert (tmp_path / "成绩.json").exists()


@unix
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("version", "is_told"), [(0, True), (1, False), (None, False)])
def test_a_kernel_that_cannot_help_is_told_of(
    bgdemo, tmp_path: Path, submissions: Path, monkeypatch: pytest.MonkeyPatch, version: int | None, is_told: bool
) -> None:
    from bgdemo.grading.judging.judges import Judges

    monkeypatch.setattr(Judges, "landlock", version)
    hand_in(submissions, {"1.py": MARKER + ROUTE.answer})
    ran = bgdemo("grade", submissions, "--exercises", write_exam(tmp_path), "--out", tmp_path / "r.csv")
    assert ("This kernel has no Landlock: see TEACHING.md" in ran.out) is is_told


@unix
@pytest.mark.timeout(300)
def test_ctrl_c_ends_all_and_the_same_command_goes_on(tmp_path: Path, submissions: Path) -> None:
    slow = MARKER + "import time\ntime.sleep(1000)\n"
    hand_in(submissions, {"a.py": MARKER + ROUTE.answer, "b.py": slow})
    exam = write_exam(tmp_path)
    command = [sys.executable, "-m", "bgdemo", "grade", str(submissions), "--exercises", str(exam), "--jobs", "1"]
    process = subprocess.Popen([*command, "--time", "60"], cwd=tmp_path, stderr=subprocess.PIPE, encoding="utf-8")
    journal = tmp_path / "results.csv.journal"
    while not journal.exists() or len(journal.read_bytes().splitlines()) < 2:
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert said == "Error: Stopped: 1 of 2 submissions are graded, and kept. The same command goes on.\n"
    hand_in(submissions, {"b.py": MARKER + ROUTE.answer})
    done = subprocess.run([*command, "--time", "60"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "\n1 of them had been graded before it was interrupted.\n" in done.stdout
    assert "4 of 4 points on average: 2 right" in done.stdout


@unix
@pytest.mark.timeout(300)
def test_in_a_terminal_a_bar_shows_how_far_it_is(tmp_path: Path, submissions: Path) -> None:
    import pty

    hand_in(submissions, {f"{number}.py": MARKER + ROUTE.answer for number in range(3)})
    exam = write_exam(tmp_path)
    command = [sys.executable, "-m", "bgdemo", "grade", str(submissions), "--exercises", str(exam)]
    outer, inner = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    process = subprocess.Popen(command, cwd=tmp_path, stdout=inner, env=environment)
    os.close(inner)
    shown = b"".join(_read(outer))
    assert process.wait() == 0
    os.close(outer)
    assert "3 of 3" in shown.decode("utf-8")
    assert set(re.findall(r"\d of (\d+)(?! points)", shown.decode("utf-8"))) == {"3"}
    assert "━" in shown.decode("utf-8")


def _read(terminal: int) -> Iterator[bytes]:
    while True:
        try:
            content = os.read(terminal, 4096)
        except OSError:  # nobody writes any more
            return
        if not content:
            return
        yield content


@unix
@pytest.mark.parametrize(
    ("out", "exam", "message"),
    [
        ("results.txt", "exam.py", "--out is a .csv file in a folder that is there"),
        ("nowhere/results.csv", "exam.py", "--out is a .csv file in a folder that is there"),
        ("results.csv", "nothing.py", "nothing.py cannot be read: No such file or directory."),
        ("results.csv", "exam.py", "There is nothing to grade in"),
    ],
)
def test_what_cannot_be_graded_says_why(bgdemo, tmp_path: Path, submissions: Path, out, exam, message) -> None:
    write_exam(tmp_path)
    ran = bgdemo("grade", submissions, "--exercises", tmp_path / exam, "--out", tmp_path / out)
    assert ran.code in (1, 2)
    assert message in ran.err


def test_elsewhere_grading_is_refused_by_name(bgdemo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "sys", type("Windows", (), {"platform": "win32"}))
    ran = bgdemo("grade", tmp_path, "--exercises", tmp_path / "exam.py", "--out", tmp_path / "r.csv")
    assert ran.code == 1
    assert ran.err.startswith(
        "Error: Grading needs Linux or macOS, whose kernels hold a process to limits; this is win32"
    )


def test_the_command_loads_no_unix_module_before_it_knows_where_it_is() -> None:
    code = (
        "import sys; sys.modules['resource'] = sys.modules['pwd'] = sys.modules['fcntl'] = None\n"
        "import bgdemo.cli.grade, bgdemo.cli.check, bgdemo.cli.watch, bgdemo.cli.export, bgdemo.cli.exercises\n"
        "import bgdemo.grading\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
