"""`bgdemo trace`: requests to an app of the user's own, and the timeline of what came of them."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from starlette.types import ASGIApp

from bgdemo import TestClient, display
from bgdemo.cli.request_line import RequestLine, parse
from bgdemo.cli.target import load
from bgdemo.cli.terminal import REDRAW_EVERY, Screen, WrongUsage, plural, seconds
from bgdemo.clock import ClockName
from bgdemo.errors import BgdemoError, DrainTimeout
from bgdemo.model import Task
from bgdemo.record.log import describe
from bgdemo.record.own_code import blame
from bgdemo.record.timeline import Timeline

BODY = 200
"""Characters of a response's body that are shown."""


@dataclass(frozen=True, slots=True)
class TraceOptions:
    """How to trace.

    Attributes:
        headers: "Name: value", sent with every request.
        svg: file for the picture.
        json: file for the timeline as JSON.
        clock: "real" or "simulated".
        drain_timeout: seconds on that clock to wait for the tasks; None waits as long as they take.
        factory: the target is a function that makes the app.
    """

    headers: Sequence[str] = ()
    svg: Path | None = None
    json: Path | None = None
    clock: ClockName = "real"
    drain_timeout: float | None = None
    factory: bool = False


def run(target: str, requests: Sequence[str], options: TraceOptions) -> bool:
    """Send the requests one after another, wait for the tasks, show it all.

    Args:
        target: "module:app".
        requests: as request_line.parse reads them.
        options: how.

    Returns:
        True if nothing failed: no task, no route, not the start-up, and no task was still running.

    Raises:
        WrongUsage: an argument cannot be followed; nothing was sent.
        Failed: the app could not be imported.
    """
    lines = [parse(request) for request in requests]
    headers = [_header(header) for header in options.headers]
    for file in (options.svg, options.json):
        if file is not None and not file.absolute().parent.is_dir():
            raise WrongUsage(f"There is no folder {file.absolute().parent} to write {file.name} into.")
    app = load(target, factory=options.factory)
    tracing = _Tracing(Screen(), _client(app, options.clock), headers)
    with tracing.screen.passing_on(tracing.is_too_early):
        tracing.go_through(lines, options)
    timeline = tracing.client.timeline
    tracing.show(timeline)
    _write(options.svg, lambda: display.svg(timeline), tracing.screen)
    _write(options.json, lambda: timeline.to_json(indent=2), tracing.screen)
    return not tracing.failures and not _failed(timeline)


@dataclass
class _Tracing:
    """One run: the client, and what went wrong so far."""

    screen: Screen
    client: TestClient
    headers: list[tuple[bytes, bytes]]
    failures: list[str] = field(default_factory=list)
    blamed: dict[str, str] = field(default_factory=dict)
    """What a timeline says of an exception, and what is known besides: the place it came from."""
    sending: int | None = None
    """How many requests there were before the one that is being sent."""

    def go_through(self, lines: Sequence[RequestLine], options: TraceOptions) -> None:
        """Start the app up, send, wait, shut it down; errors are kept, not raised."""
        stage = "start-up"
        try:
            with self.client:
                stage = "requests"
                for line in lines:
                    self.send(line)
                self.wait(options)
                stage = "shutdown"
        except KeyboardInterrupt:
            self.failures.append("Stopped with Ctrl+C: what had not ended by then was cancelled.")
        except Exception as error:
            self.failures.append(f"The app's {stage} raised {blame(error)}")

    def send(self, line: RequestLine) -> None:
        """Send one request, and say what came back."""
        self.screen.say(str(line))
        self.sending = len(self.client.timeline.requests)
        headers = [*self.headers, (b"content-type", b"application/json")] if line.body is not None else self.headers
        began = time.perf_counter()
        try:
            response = self.client.request(line.method, line.url, content=line.body, headers=headers)
        except Exception as error:
            ours = isinstance(error, (BgdemoError, httpx.InvalidURL))
            self.failures.append(f"{line}: {describe(error)}" if ours else f"{line} raised {blame(error)}")
            self.blamed[describe(error)] = blame(error)
            self.screen.say(f"  {self._status()}{'' if ours else 'the app raised '}{describe(error)}")
        else:
            self.screen.say(f"  {_status(response)} after {seconds(time.perf_counter() - began)}  {_body(response)}")
        self.sending = None
        self.screen.release()

    def is_too_early(self) -> bool:
        """True for what is printed after a response has left, and before it was shown."""
        sending = self.sending
        if sending is None:
            return False
        requests = self.client.timeline.requests[sending:]
        return bool(requests) and requests[-1].responded is not None

    def wait(self, options: TraceOptions) -> None:
        """Wait for the tasks, and keep their errors."""
        try:
            timeout = options.drain_timeout
            if options.clock == "real":
                timeout = None if self._watch(timeout) else 0.0
            self.client.drain(timeout)
        except DrainTimeout:
            left = ", ".join(task.name for task in _running(self.client.timeline)) or "work that is not a task"
            self.failures.append(f"Not waited for any longer than {options.drain_timeout:g} s: {left}.")
        except BaseExceptionGroup as group:
            self._keep(group.exceptions)
        except Exception as error:
            self._keep([error])

    def show(self, timeline: Timeline) -> None:
        """The timeline, and below it what failed."""
        if timeline.requests:
            self.screen.say(f"\n{timeline}")
        paths = {request.id: f"{request.method} {request.path}" for request in timeline.requests}
        for task in timeline.tasks:
            if task.status == "failed" and task.error is not None:
                error = self.blamed.get(task.error, task.error)
                self.failures.append(f"{task.name} of {paths[task.request_id]} failed: {error}")
        for failure in self.failures:
            self.screen.say(f"\n{failure}")

    def _watch(self, timeout: float | None) -> bool:
        """Look on until no request is under way, or the time is up: then False."""
        deadline = None if timeout is None else time.monotonic() + timeout
        with self.screen.live_line("", total=None) as line:
            began = time.monotonic()
            while any(request.ended is None for request in self.client.timeline.requests):
                now = time.monotonic()
                if deadline is not None and now >= deadline:
                    return False
                line.show(now - began, _waiting_for(self.client.timeline))
                time.sleep(REDRAW_EVERY if deadline is None else max(min(REDRAW_EVERY, deadline - now), 0.0))
        return True

    def _keep(self, errors: Iterable[BaseException]) -> None:
        tasks = {task.error for task in self.client.timeline.tasks}
        for error in errors:
            self.blamed[describe(error)] = blame(error)
            if describe(error) not in tasks:
                self.failures.append(f"After its response the app raised {blame(error)}")

    def _status(self) -> str:
        status = self.client.timeline.requests[-1].status if self.client.timeline.requests else None
        return f"{status}: " if status is not None else ""


def _client(app: ASGIApp, clock: ClockName) -> TestClient:
    try:
        return TestClient(app, clock=clock, close_timeout=0)
    except TypeError as error:
        raise WrongUsage(str(error)) from error


def _header(text: str) -> tuple[bytes, bytes]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip() or not name.isascii() or " " in name.strip():
        raise WrongUsage(f'This is no header: {text!r}. Write -H "Name: value".')
    return name.strip().encode(), value.strip().encode()


def _status(response: httpx.Response) -> str:
    return ", then ".join(str(each.status_code) for each in [*response.history, response])


def _body(response: httpx.Response) -> str:
    kind = response.headers.get("content-type", "").partition(";")[0]
    if not response.content:
        return "(empty)"
    if not (kind.startswith("text/") or kind.endswith(("json", "xml")) or not kind):
        return f"({len(response.content)} bytes of {kind})"
    text = " ".join(response.text.split())
    return text if len(text) <= BODY else f"{text[:BODY]}... ({len(response.text)} characters)"


def _running(timeline: Timeline) -> list[Task]:
    return [task for task in timeline.tasks if task.status in ("running", "added")]


def _waiting_for(timeline: Timeline) -> str:
    running = _running(timeline)
    names = ", ".join(task.name for task in running[:3]) + (", ..." if len(running) > 3 else "")
    return f"waiting for {plural(len(running), 'task')}: {names} (Ctrl+C cancels)"


def _failed(timeline: Timeline) -> bool:
    return any(task.status == "failed" for task in timeline.tasks) or any(each.error for each in timeline.requests)


def _write(file: Path | None, content: Callable[[], str], screen: Screen) -> None:
    if file is None:
        return
    file.write_text(content(), encoding="utf-8")
    screen.say(f"\nWritten: {file}")
