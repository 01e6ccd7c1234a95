"""Messages of JSON between a judge and the process that a submission runs in."""

import json
import socket
from typing import Any

from bgdemo.grading.protocol.wire import Tampered

LONGEST = 16 * 2**20
"""Bytes of a message."""


class ChannelClosed(Exception):
    """The other side is gone, or does not answer."""


class Channel:
    """One end of a pair of sockets.

    Args:
        end: connected; this channel's own from now on.
        timeout: real seconds that one step of reading or writing may take; None waits as long as it takes.
    """

    def __init__(self, end: socket.socket, timeout: float | None = None) -> None:
        self._end = end
        end.settimeout(timeout)

    def send(self, message: dict[str, Any]) -> None:
        """Send a message.

        Raises:
            ChannelClosed: nobody is there to read it.
        """
        content = json.dumps(message).encode("ascii")
        try:
            self._end.sendall(len(content).to_bytes(4, "big") + content)
        except OSError:
            raise ChannelClosed from None

    def receive(self) -> dict[str, Any]:
        """Wait for a message.

        Raises:
            ChannelClosed: none came.
            Tampered: what came is none.
        """
        length = int.from_bytes(self._read(4), "big")
        if length > LONGEST:
            raise Tampered("a message longer than any can be")
        try:
            message = json.loads(self._read(length), parse_constant=_refuse)
        except (ValueError, RecursionError):
            raise Tampered("a message that is no JSON") from None
        if not isinstance(message, dict):
            raise Tampered("a message that is no object")
        return message

    def fileno(self) -> int:
        """The descriptor of this end."""
        return self._end.fileno()

    def close(self) -> None:
        """Give this end up."""
        self._end.close()

    def _read(self, count: int) -> bytes:
        parts: list[bytes] = []
        while count:
            try:
                part = self._end.recv(min(count, 2**20))
            except OSError:
                part = b""
            if not part:
                raise ChannelClosed
            parts.append(part)
            count -= len(part)
        return b"".join(parts)


def _refuse(constant: str) -> None:
    raise ValueError(constant)
