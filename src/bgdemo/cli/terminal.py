"""What the commands write to: plain lines in UTF-8, and a live line below them where a terminal can show one."""

import contextlib
import io
import os
import sys
from collections.abc import Callable, Iterator
from typing import IO, TYPE_CHECKING, Any

from bgdemo._compat.rich import above_live_line
from bgdemo.errors import BgdemoError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

REDRAW_EVERY = 0.05
"""Seconds between two looks at a timeline, while a live line shows what goes on."""

_found_encoding: str | None = None


class WrongUsage(BgdemoError):
    """The command line cannot be followed; the message says what to write instead. Exit code 2."""


class Failed(BgdemoError):
    """The command was followed and something failed that the message names. Exit code 1."""


def use_utf8() -> None:
    """Let this process print box characters and Chinese on any platform, at worst as question marks.

    An encoding that was asked for by PYTHONIOENCODING is kept.
    """
    global _found_encoding
    _found_encoding = _found_encoding or encoding()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            name = None if os.environ.get("PYTHONIOENCODING") else "utf-8"
            stream.reconfigure(encoding=name, errors="replace")


def encoding() -> str:
    """The encoding of standard output, as it was before `use_utf8`."""
    return _found_encoding or getattr(sys.stdout, "encoding", None) or "unknown"


def python_command() -> str:
    """This interpreter as one types it, in a POSIX shell or in PowerShell."""
    path = os.path.relpath(sys.executable) if _is_below_here(sys.executable) else sys.executable
    if " " not in path:
        return path
    return f'& "{path}"' if os.name == "nt" else f'"{path}"'


def plural(count: int, noun: str) -> str:
    """ "1 task", "2 tasks"."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def seconds(value: float) -> str:
    """A time as the commands print it: "4 ms" or "7.0 s"."""
    return f"{value * 1000:.0f} ms" if value < 0.1 else f"{value:.1f} s"


class Screen:
    """Standard output with room for one live line at its end.

    Where standard output is no terminal, there is no live line and no control code.
    """

    def __init__(self) -> None:
        self._stream = sys.stdout
        self._console = _console(self._stream) if self._stream.isatty() else None
        self._progress: Progress | None = None
        self._printed: _Printed | None = None

    @property
    def live(self) -> bool:
        """True if a live line can be shown."""
        return self._console is not None and self._console.is_terminal and not self._console.is_dumb_terminal

    def say(self, text: str = "") -> None:
        """Print lines, above the live line if there is one."""
        if self._progress is not None:
            self._progress.console.out(text, highlight=False)
        else:
            print(text, file=self._stream, flush=True)

    @contextlib.contextmanager
    def passing_on(self, too_early: Callable[[], bool]) -> Iterator[None]:
        """Within this block, what anybody prints comes out above the live line, and does not tear it.

        Args:
            too_early: asked on the thread that prints; True holds its text back until `release`.
        """
        stream: Any = self._stream
        if self._console is not None:
            stream = above_live_line(self._console, self._stream)
        self._printed = printed = _Printed(stream, too_early)
        with contextlib.redirect_stdout(printed):
            yield
        self.release()
        stream.flush()

    def release(self) -> None:
        """Print what was held back."""
        if self._printed is not None:
            self._printed.release()

    @contextlib.contextmanager
    def live_line(self, text: str, *, total: float | None, counts: bool = False) -> Iterator["LiveLine"]:
        """A line that changes in place, with a bar if a total is known; nothing where it cannot be shown.

        Args:
            text: stands before the bar.
            total: seconds of a full bar, or None.
            counts: the total is a number of things, not of seconds.
        """
        if not self.live:
            yield LiveLine(None)
            return
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

        shown = "{task.completed:.0f} of {task.total:.0f}" if counts else "{task.completed:.1f} s"
        description, number = TextColumn("{task.description}", markup=False), TextColumn(shown)
        progress = Progress(
            *((description, BarColumn(40), number) if total else (SpinnerColumn(), description, number)),
            console=self._console,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        progress.add_task(text, total=total)
        with progress:
            self._progress = progress
            try:
                yield LiveLine(progress)
            finally:
                self._progress = None


class _Printed:
    """Standard output that can hold text back."""

    def __init__(self, stream: Any, too_early: Callable[[], bool]) -> None:
        self._stream = stream
        self._too_early = too_early
        self._held: list[str] = []

    def write(self, text: str) -> int:
        if self._too_early():
            self._held.append(text)
        else:
            self._stream.write(text)
        return len(text)

    def release(self) -> None:
        held, self._held = self._held, []
        self._stream.write("".join(held))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class LiveLine:
    """The line that `Screen.live_line` shows."""

    def __init__(self, progress: "Progress | None") -> None:
        self._progress = progress

    def show(self, seconds: float, text: str | None = None) -> None:
        """Bring it up to date.

        Args:
            seconds: how far the bar has come; the number of things where it counts those.
            text: stands before it from now on; None leaves it.
        """
        if self._progress is not None:
            (task,) = self._progress.task_ids
            changed: dict[str, Any] = {} if text is None else {"description": text}
            self._progress.update(task, completed=seconds, **changed)


def _console(stream: IO[str]) -> "Console":
    from rich.console import Console

    return Console(file=stream, highlight=False)


def _is_below_here(path: str) -> bool:
    try:
        return os.path.commonpath([os.path.abspath(path), os.getcwd()]) == os.getcwd()
    except ValueError:  # on another drive
        return False
