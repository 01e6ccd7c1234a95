"""Rich: standard output beside a live line."""

from typing import Any

from bgdemo._compat.borrowed import Borrowed

BORROWED = (
    Borrowed(
        "rich.file_proxy.FileProxy",
        needed_for="printing above a line that changes in place",
        breaks_when="Rich has it elsewhere",
        then="what is printed may tear that line",
        has_fallback=True,
    ),
)


def above_live_line(console: Any, stream: Any) -> Any:
    """A stream whose text comes out above the live line of a console."""
    try:
        from rich.file_proxy import FileProxy
    except ImportError:
        return stream
    return FileProxy(console, stream)
