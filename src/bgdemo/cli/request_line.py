"""One request as it is written on the command line: "POST /items {'name': 'Ann'}"."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from bgdemo.cli.terminal import WrongUsage

FORMS = """\
Write a request as one argument in double quotes: a method, a path, and after them the JSON body if there is one:
  "GET /items?page=2"
  "POST /items {'name': 'Ann', 'price': 3}"   single quotes inside, so that every shell passes it on as it is
  "POST /items @item.json"                    the body is what the file holds"""

_LINE = re.compile(r"\s*(?P<method>\S+)\s+(?P<path>\S+)(?:\s+(?P<body>.*\S))?\s*", re.DOTALL)
_METHOD = re.compile(r"[A-Za-z]+")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"' + r"|'((?:[^'\\]|\\.)*)'", re.DOTALL)


@dataclass(frozen=True, slots=True)
class RequestLine:
    """A request that is about to be sent."""

    method: str
    """In capitals."""
    url: str
    """A path with its query, or a full URL."""
    body: bytes | None
    """JSON in UTF-8; None if there is no body."""

    def __str__(self) -> str:
        return f"{self.method} {self.url}"


def parse(argument: str) -> RequestLine:
    """Read one request.

    Raises:
        WrongUsage: it is not written as it should be; the message shows how.
    """
    match = _LINE.fullmatch(argument)
    if match is None or not _METHOD.fullmatch(match["method"]):
        raise WrongUsage(f"This is no request: {argument!r}\n{FORMS}")
    path = match["path"]
    if not path.startswith(("/", "http://", "https://")):
        raise WrongUsage(f"The path of {argument!r} must begin with a slash: /{path}\n{FORMS}")
    return RequestLine(match["method"].upper(), path, _body(match["body"], argument))


def _body(text: str | None, argument: str) -> bytes | None:
    if text is None:
        return None
    if text.startswith("@"):
        return _from_file(Path(text[1:]), argument)
    for attempt in (text, _STRING.sub(_double_quoted, text)):
        try:
            return _encode(json.loads(attempt))
        except json.JSONDecodeError as error:
            problem = error
    raise WrongUsage(
        f"What follows the path in {argument!r} is no JSON: {problem.msg} at character {problem.pos + 1}.\n{FORMS}\n"
        "A space that belongs to the path is written %20."
    )


def _from_file(path: Path, argument: str) -> bytes:
    try:
        # json reads UTF-8 and what PowerShell writes with >, UTF-16.
        return _encode(json.loads(path.expanduser().read_bytes()))
    except OSError as error:
        raise WrongUsage(f"The body of {argument!r} cannot be read from {path}: {error.strerror}.") from error
    except ValueError as error:
        raise WrongUsage(f"The file {path} holds no JSON: {error}.") from error


def _encode(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _double_quoted(match: re.Match[str]) -> str:
    """A string of JSON in double quotes, where it was in single ones."""
    inner = match[1]
    if inner is None:
        return match[0]
    return '"' + re.sub(r"\\'|(?<!\\)\"", lambda quote: "'" if quote[0] == "\\'" else '\\"', inner) + '"'
