"""IPython and its kernel: who listens to a cell's output besides, and whether a picture can be shown."""

from collections.abc import Callable
from typing import Any

from bgdemo._compat.borrowed import Borrowed

BORROWED = (
    Borrowed(
        "IPython.core.interactiveshell.InteractiveShell._tee",
        needed_for="recording what a task prints after its cell: IPython replaces `write` in each cell, and takes that "
        "out again with whatever has come on top of it",
        breaks_when="IPython listens in another way",
        then="`write` is replaced as everywhere else",
        has_fallback=True,
    ),
    Borrowed(
        "ipykernel.zmqshell.ZMQInteractiveShell.kernel",
        needed_for="knowing that a picture can be shown",
        breaks_when="a shell does not know its kernel",
        then="watch() shows text",
        has_fallback=True,
    ),
)


def replaced_write(stream: Any) -> Callable[[str], Any] | None:
    """The `write` that IPython, or somebody else, has put into this very stream; None if it has that of its class."""
    write: Callable[[str], Any] | None = getattr(stream, "__dict__", {}).get("write")
    return write


def in_notebook() -> bool:
    """True if this is a kernel, which can show pictures, and not a terminal."""
    try:
        from IPython.core.getipython import get_ipython
    except ImportError:
        return False
    return hasattr(get_ipython(), "kernel")
