"""What runs in a submission's own process: loads its code, and does with its app what the judge asks for."""

import base64
import signal
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import httpx

from bgdemo.client import TestClient
from bgdemo.errors import EndlessLoopError
from bgdemo.exercises.engine import trial
from bgdemo.exercises.engine.code import Chunk, load, load_as
from bgdemo.exercises.engine.trial import LONG, each_error, limited_client
from bgdemo.grading.protocol import files
from bgdemo.grading.protocol.channel import Channel
from bgdemo.grading.protocol.wire import OF_THE_TRANSFER, encode, timeline_to_data
from bgdemo.record.own_code import own_line


class Harness:
    """Serves a judge.

    Args:
        channel: the judge's requests come from it, the answers go to it.
        folder: the lessons' folder on this side.
    """

    def __init__(self, channel: Channel, folder: Path) -> None:
        self._channel = channel
        self._folder = folder
        self._files: files.Files = {}
        self._client: TestClient | None = None
        self._test: Any = None
        self._reserve = bytes(2**20)  # given up to say that there is no memory left
        self._calls: dict[str, Callable[[Any], Any]] = {
            "load": self._load,
            "try": self._try,
            "open": self._open,
            "request": self._request,
            "drain": self._drain,
            "advance": lambda seconds: self._opened().clock.advance(seconds),
            "time": lambda _: self._opened().clock.time(),
            "timeline": lambda _: timeline_to_data(self._opened().timeline),
        }

    def serve(self) -> None:
        """Answer until the judge has had enough, which ends the process."""
        while True:
            asked = self._channel.receive()
            try:
                self._channel.send({"to": asked["id"], **self._answer(asked)})
            except MemoryError:
                self._reserve = b""
                self._channel.send({"to": asked["id"], "errors": [_NO_MEMORY]})

    def _answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        if "files" in asked:
            files.write(self._folder, asked["files"])
            self._files = asked["files"]
        answer: dict[str, Any] = {}
        try:
            answer["result"] = self._calls[asked["call"]](asked["given"])
        except BaseException as error:
            answer["errors"] = [_error_to_data(one) for one in each_error(error)]
        now = files.read(self._folder)
        if now != self._files:
            answer["files"] = self._files = now
        return answer

    def _load(self, given: dict[str, Any]) -> Any:
        signal.signal(signal.SIGALRM, _stop)
        signal.setitimer(signal.ITIMER_REAL, given["seconds"])
        try:
            loaded = load_as(given["wanted"], [Chunk(**chunk) for chunk in given["chunks"]])
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        match given["wanted"]:
            case "app":
                self._client = limited_client(loaded)
            case "test":
                self._test = loaded
            case _:
                return encode(loaded)
        return None

    def _try(self, code: str) -> dict[str, Any]:
        tried = trial.run(load(code), self._test)
        errors = [_error_to_data(error) for error in tried.errors]
        return {"timeline": timeline_to_data(tried.timeline), "errors": errors}

    def _open(self, _: Any) -> None:
        self._opened().__enter__()

    def _drain(self, timeout: float | None) -> None:
        self._opened().drain(timeout)  # its timeline is asked for by itself

    def _request(self, given: dict[str, Any]) -> dict[str, Any]:
        request = httpx.Request(
            given["method"],
            given["url"],
            headers=[(name, value) for name, value in given["headers"]],
            content=base64.b64decode(given["body"]),
            extensions={"timeout": httpx.Timeout(LONG).as_dict()},
        )
        response = self._opened().send(request, follow_redirects=False)
        headers = [[name, value] for name, value in response.headers.multi_items() if name not in OF_THE_TRANSFER]
        body = base64.b64encode(response.content).decode("ascii")
        return {"status": response.status_code, "headers": headers, "body": body}

    def _opened(self) -> TestClient:
        assert self._client is not None
        return self._client


def _stop(number: int, frame: FrameType | None) -> None:
    raise EndlessLoopError


_NO_MEMORY = {"kinds": ["builtins.MemoryError"], "message": "", "place": None}


def _error_to_data(error: BaseException) -> dict[str, Any]:
    try:
        return _told(error)
    except BaseException:  # one that cannot be looked at
        return {"kinds": ["builtins.Exception"], "message": "an error that cannot be looked at", "place": None}


def _told(error: BaseException) -> dict[str, Any]:
    kinds = [f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__]
    place: tuple[str, int] | None = None
    if isinstance(error, SyntaxError) and error.filename is not None and error.lineno is not None:
        place = error.filename, error.lineno
    else:
        line = own_line(error)
        if line is not None and line.lineno is not None:
            place = line.filename, line.lineno
    return {"kinds": kinds[:20], "message": _message(error), "place": place}


def _message(error: BaseException) -> str:
    try:
        told = error.msg if isinstance(error, SyntaxError) else str(error)  # its place is told beside it
        return str.__str__(str(told))[:4_000]
    except BaseException:
        return ""
