"""What HTTP/1.1 demands of a response; a server refuses the rest, with an error in the app that sends it.

The rules are h11's, by which uvicorn serves; tests hold the two together. https://www.rfc-editor.org/rfc/rfc9112
"""

import re
from collections.abc import Iterable

from starlette.types import Message

from bgdemo.errors import AppError

_NAME = re.compile(rb"[-!#$%&'*+.^_`|~0-9a-zA-Z]+")
_VALUE = re.compile(rb"(?:[^\x00\s]+(?:[ \t]+[^\x00\s]+)*)?")
_LENGTH = re.compile(rb"[0-9]{1,20}")
WITHOUT_BODY = (204, 304)
"""Statuses of responses that are complete with their headers."""


class HttpRules:
    """One response, as far as it has come.

    Args:
        method: of the request.
        name: of the request, for the errors.
    """

    broken = False
    """A rule was broken: nothing more of this response gets to the client."""

    def __init__(self, method: str, name: str) -> None:
        self._has_body = method != "HEAD"
        self._name = name
        self._left: int | None = None  # bytes that may still come; None for any number

    def check(self, message: Message) -> None:
        """Hold the app's next message to the rules.

        Raises:
            AppError: a server would refuse it.
        """
        kind = message["type"]
        problem: str | None = None
        if self.broken:
            problem = "sent more of a response that was refused before"
        elif kind == "http.response.start":
            problem = self._problem_of_start(message["status"], message.get("headers", ()))
        elif kind == "http.response.body":
            problem = self._problem_of_body(message.get("body", b""), is_last=not message.get("more_body", False))
        if problem is not None:
            self.broken = True
            raise AppError(f"The app {problem}: {self._name}. A server refuses that, and closes the connection.")

    def _problem_of_start(self, status: int, headers: Iterable[tuple[bytes, bytes]]) -> str | None:
        if not 200 <= status <= 599:
            return f"answered with status {status}, and a response has one from 200 to 599"
        lengths: list[bytes] = []
        encodings: list[bytes] = []
        for name, value in headers:
            if not _NAME.fullmatch(name):
                return f"sent a header whose name {name!r} is not allowed"
            if not _VALUE.fullmatch(value):
                return f"sent the header {name.decode('ascii')!r} with a value that is not allowed, {value!r}"
            kind = name.lower()
            if kind == b"content-length":
                lengths += [length.strip() for length in value.split(b",")]
            elif kind == b"transfer-encoding":
                encodings.append(value.lower())
        if len(set(lengths)) > 1 or not all(map(_LENGTH.fullmatch, lengths)):
            return f"sent the content-length {', '.join(length.decode('latin-1') for length in lengths)!r}"
        if encodings not in ([], [b"chunked"]):
            return "sent a transfer-encoding that is not 'chunked', or several"
        self._status = status
        if status in WITHOUT_BODY:
            self._left = 0
        elif lengths and not encodings:
            self._left = int(lengths[0])
        return None

    def _problem_of_body(self, body: bytes, *, is_last: bool) -> str | None:
        if not self._has_body or self._left is None:
            return None
        self._left -= len(body)
        if self._left < 0:
            if self._status in WITHOUT_BODY:
                return f"sent a body with status {self._status}, which has none"
            return f"sent {-self._left} bytes more than its content-length says"
        if is_last and self._left:
            return f"sent {self._left} bytes less than its content-length says"
        return None
