"""The line of the user's own code that an exception came from."""

import os
import site
import traceback

from bgdemo.record.log import describe


def blame(error: BaseException) -> str:
    """Such as "ValueError: boom (shop.py, line 12, in write_log)"; without a place if no traceback is known."""
    line = own_line(error)
    if line is None:
        return describe(error)
    return f"{describe(error)} ({_short(line.filename)}, line {line.lineno}, in {line.name})"


def own_line(error: BaseException) -> traceback.FrameSummary | None:
    """The innermost line of the user's own code in the traceback of an exception; None if it has none."""
    frames = traceback.StackSummary.extract(traceback.walk_tb(error.__traceback__), lookup_lines=False)
    own = [frame for frame in frames if not frame.filename.startswith("<") and _is_own(frame.filename)]
    return own[-1] if own else None


def _is_own(path: str) -> bool:
    here = os.path.dirname(os.path.abspath(__file__))
    others = [here, os.path.dirname(os.__file__), *site.getsitepackages(), site.getusersitepackages()]
    return not any(os.path.abspath(path).startswith(os.path.abspath(other) + os.sep) for other in others)


def _short(path: str) -> str:
    try:
        short = os.path.relpath(path)
    except ValueError:  # on another drive
        return path
    return path if short.startswith("..") else short
