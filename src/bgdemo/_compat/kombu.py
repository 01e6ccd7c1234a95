"""kombu's filesystem transport: what the embedded broker changes in it.

It imports kombu at its top, and so it is imported by the embedded broker alone.
"""

from collections.abc import Callable
from typing import Any

from kombu import transport
from kombu.transport import filesystem

from bgdemo._compat.borrowed import Borrowed

_REFUSES = "the embedded broker refuses: use Redis or RabbitMQ, or a kombu that bgdemo is tested with, 5.6 or later"

BORROWED = (
    Borrowed(
        "kombu.transport.TRANSPORT_ALIASES",
        needed_for="a URL scheme for the embedded broker",
        breaks_when="kombu finds its transports in another way",
        then=_REFUSES,
    ),
    Borrowed(
        "kombu.transport.filesystem.Channel._put",
        needed_for="messages that no reader meets half written",
        breaks_when="a channel writes a message in another way",
        then=_REFUSES,
    ),
    Borrowed(
        "kombu.transport.filesystem.Channel._get",
        needed_for="messages in the order in which they were sent: it takes the files in the order of their names",
        breaks_when="a channel reads messages in another way",
        then=_REFUSES,
    ),
    Borrowed(
        "kombu.transport.filesystem.Channel.data_folder_out",
        needed_for="finding the folder for messages",
        breaks_when="a channel keeps its folder elsewhere",
        then=_REFUSES,
    ),
)


class FolderChannel(filesystem.Channel):
    """kombu's channel with a public name for what a subclass does otherwise."""

    def put_file(self, queue: str, payload: dict[str, Any]) -> None:
        """Write a message into `data_folder_out`, as a file whose name ends with `.<queue>.msg`."""
        raise NotImplementedError

    def _put(self, queue: str, payload: dict[str, Any], **kwargs: Any) -> None:  # type: ignore[override]
        self.put_file(queue, payload)


def name_transport(scheme: str, find: Callable[[], type]) -> None:
    """Have a URL scheme mean the transport that `find` returns; kombu calls what is not a string."""
    transport.TRANSPORT_ALIASES.update({scheme: find})  # type: ignore[dict-item]
