"""Whether a CancelledError means what it says."""

import asyncio


def is_cancelled() -> bool:
    """True if the asyncio task in which this runs is being cancelled.

    An app may let a CancelledError out that came from something it awaited: to a server that is one error more.
    """
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0
