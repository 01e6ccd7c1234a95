"""A client whose app is in another process: what a scenario talks to while a submission is graded."""

import base64
import secrets
from collections.abc import Callable, Container, Sequence
from typing import Any, Self

import httpx

from bgdemo.grading.judging.rebuilt import rebuild, together
from bgdemo.grading.protocol import files, wire
from bgdemo.grading.protocol.channel import Channel, ChannelClosed
from bgdemo.grading.protocol.wire import OF_THE_TRANSFER, Tampered
from bgdemo.lessons import folder
from bgdemo.record.timeline import Timeline


class Link:
    """Calls into the process of a submission; each answer has to name the secret of its call.

    Args:
        channel: to its harness.
        own: the names of the submission's files and cells.
    """

    def __init__(self, channel: Channel, own: Container[str] = ()) -> None:
        self._channel = channel
        self._own = own
        self._files: files.Files = {}
        self._broken: Exception | None = None

    def call(
        self, name: str, given: Any = None, *, with_files: bool = True, read: Callable[[Any], Any] = lambda data: data
    ) -> Any:
        """Let the harness do something, and raise what it raises.

        Args:
            name: what.
            given: its argument.
            with_files: keep the lessons' folders on both sides alike.
            read: makes something of what comes back, and raises Tampered where it cannot.

        Raises:
            ChannelClosed: the process is gone.
            Tampered: what came back was not written by the harness.
            OSError: the disk is full on this side.
        """
        self.refuse_broken()
        try:
            answer = self._ask(name, given, with_files=with_files)
            result = None if "errors" in answer else read(answer["result"])
        except (ChannelClosed, Tampered, OSError) as error:
            self._broken = error  # nothing that comes after it is worth anything
            raise
        if "errors" in answer:
            raise together(answer["errors"])
        return result

    def refuse_broken(self) -> None:
        """Raise again what has come between this side and the other: whoever asks may catch all that an app raises.

        Raises:
            ChannelClosed: the process is gone.
            Tampered: what came back was not written by the harness.
            OSError: the disk is full on this side.
        """
        if self._broken is not None:
            raise self._broken

    def _ask(self, name: str, given: Any, *, with_files: bool) -> dict[str, Any]:
        secret = secrets.token_hex(16)
        asked = {"id": secret, "call": name, "given": given}
        if with_files and (here := files.read(folder())) != self._files:
            asked["files"] = self._files = here
        self._channel.send(asked)
        answer = self._channel.receive()
        if not secrets.compare_digest(repr(answer.pop("to", None)).encode("ascii", "replace"), repr(secret).encode()):
            raise Tampered("an answer that nobody asked for")
        if "files" in answer:
            self._files = files.checked(answer.pop("files"))
            if with_files:
                files.write(folder(), self._files)
        return self._checked(answer)

    def errors(self, data: Sequence[Any]) -> list[BaseException]:
        """Errors that came back.

        Raises:
            Tampered: they do not look like it.
        """
        if len(data) > 100:
            raise Tampered("more errors than there can be")
        return [rebuild(error, self._own) for error in data]

    def _checked(self, answer: dict[str, Any]) -> dict[str, Any]:
        match answer:
            case {"errors": [_, *_] as errors, **rest} if not rest:
                return {"errors": self.errors(errors)}
            case {"result": _, **rest} if not rest:
                return answer
        raise Tampered("an answer that is none")


class RemoteClient(httpx.Client):
    """What a scenario needs of a TestClient: requests, `drain`, `clock`, `timeline`.

    Args:
        link: to the process that the app is loaded in.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self.clock = RemoteClock(link)
        super().__init__(
            base_url="http://testserver",
            headers={"user-agent": "testclient"},
            follow_redirects=True,
            timeout=None,
            transport=_RemoteTransport(link),
        )

    def drain(self, timeout: float | None = None) -> Timeline:
        """As TestClient.drain."""
        self._link.call("drain", timeout)
        return self.timeline

    @property
    def timeline(self) -> Timeline:
        """What has happened so far."""
        timeline: Timeline = self._link.call("timeline", read=wire.timeline_from_data)
        return timeline

    def __enter__(self) -> Self:
        self._link.call("open")
        return self

    def websocket_connect(self, *args: object, **kwargs: object) -> None:
        """Refused."""
        raise NotImplementedError("a scenario that grades cannot open a WebSocket: send requests instead")


class RemoteClock:
    """The simulated clock of the other process.

    Args:
        link: to it.
    """

    simulated = True

    def __init__(self, link: Link) -> None:
        self._link = link

    def time(self) -> float:
        """Seconds since the client's first request."""
        now: float = self._link.call("time", read=wire.time)
        return now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._link.call("advance", seconds)


class _RemoteTransport(httpx.BaseTransport):
    def __init__(self, link: Link) -> None:
        self._link = link

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        given = {
            "method": request.method,
            "url": str(request.url),
            "headers": [[name.decode("latin-1"), value.decode("latin-1")] for name, value in request.headers.raw],
            "body": base64.b64encode(request.read()).decode("ascii"),
        }
        response: httpx.Response = self._link.call("request", given, read=_response)
        response.request = request
        return response


def _response(data: Any) -> httpx.Response:
    match data:
        case {"status": int(status), "headers": list(headers), "body": str(body), **rest} if not rest:
            if 100 <= status <= 999 and all(_is_header(pair) for pair in headers):
                content = wire.from_base64(body)
                return httpx.Response(status, headers=headers, content=content)
    raise Tampered("a response that is none")


def _is_header(pair: Any) -> bool:
    """True for a header that the harness sends: none that says how to unpack the body, which may be without end."""
    are_texts = isinstance(pair, list) and len(pair) == 2 and all(isinstance(text, str) for text in pair)
    return are_texts and pair[0].strip().lower() not in OF_THE_TRANSFER
