"""`bgdemo check --watch`: one file after another, checked when it is saved; the next one when you say so."""

import os
import select
import subprocess
import sys
import time
from pathlib import Path

from bgdemo.cli.check import answers_in
from bgdemo.cli.terminal import Failed, Screen, WrongUsage, plural

IDLE_EVERY, CHECKING_EVERY = 0.1, 0.01
"""Seconds between two looks at the file: with the keyboard, while nobody does a thing, and while a check runs."""

HELP = "n: the next one   h: a hint   q: stop   (and Enter; saving the file checks it again)"


def run(path: Path, name: str | None) -> None:
    """Watch a file, or those of a folder that answer exercises, one after another.

    Args:
        path: a file, or a folder.
        name: the exercise that the file answers; None leaves it to its markers.

    Raises:
        WrongUsage: there is nothing to watch.
    """
    files = _files(path)
    keyboard = _Keyboard()
    for number, file in enumerate(files, 1):
        screen = Screen()
        screen.say(f"== {file} ({number} of {len(files)})")
        if not _Watch(file, name, keyboard, screen).until_told():
            return
    Screen().say(f"That was the last of {plural(len(files), 'file')}.")


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = [file for file in sorted(path.iterdir()) if file.suffix in (".py", ".ipynb") and _answers(file)]
    if not found:
        raise WrongUsage(f"No file in {path} begins with `# bgdemo: NAME`. Begin one: bgdemo exercises start NAME")
    return found


def _answers(file: Path) -> bool:
    try:
        return bool(answers_in(file, None))
    except (Failed, WrongUsage):
        return False


class _Watch:
    """One file, until somebody says that it is enough."""

    def __init__(self, file: Path, name: str | None, keyboard: "_Keyboard", screen: Screen) -> None:
        self._file = file
        self._name = name
        self._keyboard = keyboard
        self._screen = screen

    def until_told(self) -> bool:
        """Check on every save; True for the next file, False for no more."""
        while True:
            seen = _stamp(self._file)
            if not self._check(seen):
                continue
            self._screen.say(f"\n{HELP}")
            while _stamp(self._file) == seen:
                match self._keyboard.line(IDLE_EVERY):
                    case "n":
                        return True
                    case "q":
                        return False
                    case "h":
                        self._hint()

    def _check(self, seen: object) -> bool:
        """Check in a process of its own, which can be ended; False if the file was saved meanwhile."""
        named = [] if self._name is None else ["--exercise", self._name]
        command = [sys.executable, "-m", "bgdemo", "check", str(self._file), *named]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL) as process:
            while process.poll() is None:
                if _stamp(self._file) != seen:
                    process.kill()
                    return False
                time.sleep(CHECKING_EVERY)
        return True

    def _hint(self) -> None:
        try:
            for exercise, _ in answers_in(self._file, self._name):
                self._screen.say(exercise.hint())
        except (Failed, WrongUsage) as error:
            self._screen.say(str(error))


def _stamp(file: Path) -> object:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


class _Keyboard:
    """What is typed, line by line, without waiting for it."""

    def __init__(self) -> None:
        self._typed = ""
        self._is_over = False

    def line(self, timeout: float) -> str | None:
        """A line, without its end, in small letters; None if there is none in time.

        Args:
            timeout: seconds.
        """
        self._listen(timeout)
        line, end, rest = self._typed.partition("\n")
        if not end:
            return None
        self._typed = rest
        return line.strip().lower()

    def _listen(self, timeout: float) -> None:
        if self._is_over:
            time.sleep(timeout)
        elif os.name == "nt":
            self._listen_on_windows(timeout)
        elif "\n" not in self._typed and select.select([0], [], [], timeout)[0]:
            content = os.read(0, 1024)
            self._is_over = not content
            self._typed += content.decode("utf-8", "replace")

    def _listen_on_windows(self, timeout: float) -> None:
        import msvcrt

        time.sleep(timeout)
        while msvcrt.kbhit():  # type: ignore[attr-defined, unused-ignore]
            self._typed += msvcrt.getwche().replace("\r", "\n")  # type: ignore[attr-defined, unused-ignore]
