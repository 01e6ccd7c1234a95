"""One turn of an event loop."""

from collections.abc import Generator


class OneTurn:
    """Awaited, it lets everything else that is ready on this event loop go first, once."""

    def __await__(self) -> Generator[None, None, None]:
        yield
