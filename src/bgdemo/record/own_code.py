"""Which code is the user's own, and the line of it that an exception came from."""

import os
import site
import sys
import sysconfig
import traceback
from pathlib import Path

from bgdemo.record.log import describe

_PACKAGE = str(Path(__file__).resolve().parents[1]) + os.sep
_LESSONS = str(Path(_PACKAGE) / "lessons") + os.sep
_INSTALLED = tuple(
    os.path.abspath(place) + os.sep
    for place in (
        *(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")),
        *site.getsitepackages(),
        site.getusersitepackages(),
    )
)
_TYPED_IN = ("<stdin>", "<python-input-", "<doctest ", "<ipython-input")


def is_own_code(filename: str) -> bool:
    """True for a file, a cell or a line typed in that is neither Python's, nor a library's, nor this package's.

    The lessons count as the user's own: they are the apps that the course looks at.
    """
    if filename.startswith("<"):  # code that has no file: typed in, or generated, as a dataclass's __init__ is
        return filename.startswith(_TYPED_IN) or (filename == "<string>" and sys.argv[:1] == ["-c"])
    path = os.path.abspath(filename)
    return path.startswith(_LESSONS) or not path.startswith((_PACKAGE, *_INSTALLED))


def blame(error: BaseException) -> str:
    """Such as "ValueError: boom (shop.py, line 12, in write_log)"; without a place if no traceback is known."""
    line = own_line(error)
    if line is None:
        return describe(error)
    return f"{describe(error)} ({_short(line.filename)}, line {line.lineno}, in {line.name})"


def own_line(error: BaseException) -> traceback.FrameSummary | None:
    """The innermost line of the user's own code in the traceback of an exception; None if it has none."""
    frames = traceback.StackSummary.extract(traceback.walk_tb(error.__traceback__), lookup_lines=False)
    own = [frame for frame in frames if is_own_code(frame.filename)]
    return own[-1] if own else None


def _short(path: str) -> str:
    try:
        short = os.path.relpath(path)
    except ValueError:  # on another drive
        return path
    return path if short.startswith("..") else short
