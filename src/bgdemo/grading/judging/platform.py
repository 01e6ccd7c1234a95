"""Where grading works."""

import sys

from bgdemo.errors import GradingError


def refuse_elsewhere() -> None:
    """Raises GradingError where submissions cannot be held to limits."""
    if sys.platform not in ("linux", "darwin"):
        raise GradingError(
            f"Grading needs Linux or macOS, whose kernels hold a process to limits; this is {sys.platform}. "
            "On Windows, use WSL."
        )
