"""The response that a caller gets for an exchange, or what it gets instead."""

import httpx

from bgdemo.client.exchange import Exchange
from bgdemo.errors import AppError


def response_to(exchange: Exchange, stream: httpx.SyncByteStream | httpx.AsyncByteStream) -> httpx.Response:
    """The response: its status and headers, and a stream that reads the rest.

    Args:
        exchange: has started its response, or has ended.
        stream: reads its body.

    Raises:
        Exception: what the app raised instead of answering.
        AppError: the app ended without an answer.
        httpx.RemoteProtocolError: a server would have closed the connection.
    """
    if exchange.ended:
        check(exchange, is_read=False)
    if not exchange.started:
        _answer_for_the_app(exchange)
    response = httpx.Response(exchange.status, headers=exchange.headers, stream=stream, request=exchange.request)
    if exchange.order.trailers_follow:
        response.extensions["http.response.trailers"] = exchange.trailers
    if exchange.debug is not None:
        response.extensions["http.response.debug"] = exchange.debug
        for name in exchange.debug.keys() & {"template", "context"}:
            setattr(response, name, exchange.debug[name])
    return response


def check(exchange: Exchange, *, is_read: bool) -> None:
    """Raise what kept the app from answering, or from completing its answer; if the client wants to know, its error.

    Args:
        exchange: has ended, or is the reader's.
        is_read: all was read that there is of the body.
    """
    if exchange.unanswered is not None:
        raise exchange.unanswered
    if exchange.handed_over:
        return
    ends_early = exchange.started and not exchange.order.body_ended and not exchange.abandoned
    if exchange.behaviour.raise_server_exceptions:
        exchange.raise_error()
        if not exchange.started:
            raise AppError(f"The app ended without an answer: {exchange.name}. {_NO_RESPONSE}")
        if ends_early and not exchange.told:
            raise AppError(f"The app ended before its response was complete: {exchange.name}.")
    elif exchange.rules is not None and (exchange.rules.broken or (ends_early and is_read)):
        raise httpx.RemoteProtocolError(
            f"The app ended before its response was complete: {exchange.name}. A server then closes the connection.",
            request=exchange.request,
        )


_NO_RESPONSE = "TestClient did not receive any response."
"""As Starlette's TestClient says it."""


def _answer_for_the_app(exchange: Exchange) -> None:
    """What a server answers where the app has not."""
    exchange.status, exchange.headers = 500, []
    if exchange.rules is not None:
        exchange.headers = [(b"content-type", b"text/plain; charset=utf-8")]
        exchange.body.put(b"" if exchange.request.method == "HEAD" else b"Internal Server Error")
