"""An exception in one line, with the line of the user's own code that it came from."""

import os
import site
import traceback

from bgdemo.log import describe


def blame(error: BaseException) -> str:
    """Such as "ValueError: boom (shop.py, line 12, in write_log)"; without a place if no traceback is known."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith("<")]
    own = [frame for frame in frames if _is_own(frame.filename)]
    if not own:
        return describe(error)
    last = own[-1]
    return f"{describe(error)} ({_short(last.filename)}, line {last.lineno}, in {last.name})"


def _is_own(path: str) -> bool:
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    others = [here, os.path.dirname(os.__file__), *site.getsitepackages(), site.getusersitepackages()]
    return not any(os.path.abspath(path).startswith(os.path.abspath(other) + os.sep) for other in others)


def _short(path: str) -> str:
    try:
        short = os.path.relpath(path)
    except ValueError:  # on another drive
        return path
    return path if short.startswith("..") else short
