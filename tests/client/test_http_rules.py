"""What a server refuses is refused here, and nothing else: each response is sent to h11 as well, as uvicorn does."""

from typing import Any

import h11
from hypothesis import example, given, settings
from hypothesis import strategies as st
from starlette.types import Message
from uvicorn.protocols.http.h11_impl import STATUS_PHRASES

from bgdemo.client.http_rules import HttpRules
from bgdemo.errors import AppError

NAMES = st.sampled_from([b"x-own", b"Content-Type", b"content-length", b"Transfer-Encoding", b"bad name", b"", b"x\n"])
VALUES = st.one_of(
    st.sampled_from(
        [b"", b"0", b"4", b"4, 4", b"4, 5", b" 4", b"chunked", b"gzip", b"a\r\nb", b"a\x00b", b"caf\xe9", b"a  b"]
    ),
    st.binary(max_size=4),
)
HEADERS = st.lists(st.tuples(NAMES, VALUES), max_size=3)
CHUNKS = st.lists(st.binary(max_size=4), min_size=1, max_size=3)


def messages(status: int, headers: list[tuple[bytes, bytes]], chunks: list[bytes]) -> list[Message]:
    body = [{"type": "http.response.body", "body": chunk, "more_body": True} for chunk in chunks]
    body[-1]["more_body"] = False
    return [{"type": "http.response.start", "status": status, "headers": headers}, *body]


def sent_by_h11(method: str, messages: list[Message]) -> int:
    """How many of the messages a server sends."""
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(f"{method} / HTTP/1.1\r\nhost: testserver\r\n\r\n".encode())
    while connection.next_event() is not h11.PAUSED and connection.their_state is not h11.DONE:
        pass
    for number, message in enumerate(messages):
        try:
            send_as_uvicorn(connection, method, message)
        except (h11.LocalProtocolError, KeyError):
            return number
    return len(messages)


def send_as_uvicorn(connection: h11.Connection, method: str, message: Message) -> None:
    if message["type"] == "http.response.start":
        status, headers = message["status"], message["headers"]
        connection.send(h11.Response(status_code=status, headers=headers, reason=STATUS_PHRASES[status]))
        return
    connection.send(h11.Data(data=b"" if method == "HEAD" else message["body"]))
    if not message["more_body"]:
        connection.send(h11.EndOfMessage())


def sent_here(method: str, messages: list[Message]) -> int:
    rules = HttpRules(method, "GET /")
    for number, message in enumerate(messages):
        try:
            rules.check(message)
        except AppError:
            return number
    return len(messages)


@settings(max_examples=1_000)
@example(method="GET", status=200, headers=[(b"transfer-encoding", b"chunked")] * 2, chunks=[b"body"])
@example(method="GET", status=200, headers=[(b"transfer-encoding", b"gzip")], chunks=[b"body"])
@example(method="GET", status=200, headers=[(b"content-length", b"4"), (b"content-length", b"5")], chunks=[b"body"])
@example(method="GET", status=200, headers=[(b"content-length", b"9" * 21)], chunks=[b"body"])
@given(
    method=st.sampled_from(["GET", "HEAD", "POST"]),
    status=st.sampled_from([100, 102, 199, 200, 201, 204, 304, 404, 500, 599, 600, 999]),
    headers=HEADERS,
    chunks=CHUNKS,
)
def test_as_much_of_a_response_is_sent_as_h11_sends(method: str, status: int, headers: Any, chunks: Any) -> None:
    response = messages(status, headers, chunks)
    assert sent_here(method, response) == sent_by_h11(method, response)


def test_once_refused_nothing_more_is_sent() -> None:
    response = messages(204, [], [b"body", b""])
    rules = HttpRules("GET", "GET /")
    refused = 0
    for message in response:
        try:
            rules.check(message)
        except AppError:
            refused += 1
    assert refused == 2
