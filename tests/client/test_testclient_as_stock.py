"""What TestClient sends and gives back is what Starlette's sends and gives back, exactly."""

import warnings
from typing import Any

import httpx
import pytest
from fastapi import BackgroundTasks, FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse, RedirectResponse
from starlette.types import Receive, Scope, Send

from bgdemo import TestClient

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient as StockClient
from client.apps import BODY, START, app_with, asgi, nothing


async def dump(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the scope and the body, as Python."""
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    seen = {key: value for key, value in scope.items() if key not in ("app", "router", "endpoint")}
    await PlainTextResponse(repr((seen, body)))(scope, receive, send)


KNOWN_DIFFERENCES = {
    "asgi",  # a server says which version of ASGI it speaks; the stock client does not
}
STOCK_CALLS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("nothing special", {}, {"url": "/"}),
    ("query", {}, {"url": "/a/b?x=1&x=2", "params": None}),
    ("params", {}, {"url": "/a", "params": {"q": ["ä ö", "&"], "none": None}}),
    ("escaped path", {}, {"url": "/%E6%8F%90/a%20b;c=d"}),
    ("unescaped path", {}, {"url": "/提醒 a"}),
    ("headers", {"headers": {"x-own": "1", "x-both": "client"}}, {"url": "/", "headers": {"x-both": "call"}}),
    ("user agent", {"headers": {"user-agent": "curl"}}, {"url": "/"}),
    ("cookies", {"cookies": {"a": "1"}}, {"url": "/"}),
    ("base url", {"base_url": "https://example.com:8443/api"}, {"url": "/users"}),
    ("port 0", {"base_url": "http://[::1]:0"}, {"url": "/users"}),
    ("base url with a slash", {"base_url": "http://example.com/api/"}, {"url": "users"}),
    ("absolute url", {}, {"url": "https://elsewhere.example/x"}),
    ("root path", {"root_path": "/mounted"}, {"url": "/x"}),
    ("client address", {"client": ("192.0.2.1", 7)}, {"url": "/"}),
    ("basic auth", {}, {"url": "/", "auth": ("user", "pass")}),
    ("user info in the url", {}, {"url": "http://user:pass@testserver/"}),
    ("json", {}, {"url": "/", "method": "POST", "json": {"a": [1, None, "ü"]}}),
    ("form", {}, {"url": "/", "method": "POST", "data": {"a": "1", "b": ["2", "3"]}}),
    ("content", {}, {"url": "/", "method": "PUT", "content": b"\x00\xff"}),
    ("content in pieces", {}, {"url": "/", "method": "PUT", "content": [b"a", b"b"]}),
    ("empty post", {}, {"url": "/", "method": "POST"}),
    ("other method", {}, {"url": "/", "method": "PROPFIND"}),
    (
        "files",
        {},
        {
            "url": "/",
            "method": "POST",
            "files": {"f": ("a.txt", b"hello", "text/plain")},
            "data": {"x": "1"},
            "headers": {"content-type": "multipart/form-data; boundary=b"},
        },
    ),
]


class TestAsStock:
    @pytest.mark.parametrize(("options", "call"), [c[1:] for c in STOCK_CALLS], ids=[c[0] for c in STOCK_CALLS])
    def test_the_app_sees_the_same_request(self, options: dict[str, Any], call: dict[str, Any]) -> None:
        seen = []
        for client_class in (StockClient, TestClient):
            client: Any = client_class(dump, **options)
            scope, body = eval(client.request(**{"method": "GET"} | call).text)
            for key in KNOWN_DIFFERENCES:
                scope.pop(key, None)
            scope["headers"] = sorted(scope["headers"])
            seen.append((scope, body))
            client.close()
        assert seen[1] == seen[0]

    def test_the_known_differences_are_these(self) -> None:
        client = TestClient(dump)
        scope, _ = eval(client.get("/").text)
        client.close()
        assert scope["asgi"] == {"version": "3.0", "spec_version": "2.3"}

    def test_an_escape_that_was_escaped_is_unescaped_once_as_on_a_server(self) -> None:
        client = TestClient(dump)
        scope, _ = eval(client.get("/100%2525").text)
        client.close()
        assert (scope["path"], scope["raw_path"]) == ("/100%25", b"/100%2525")

    def test_cookies_persist_and_can_be_deleted_by_the_app(self) -> None:
        app = FastAPI()

        @app.get("/set")
        def set_cookie() -> JSONResponse:
            response = JSONResponse(None)
            response.set_cookie("session", "abc")
            return response

        @app.get("/delete")
        def delete() -> JSONResponse:
            response = JSONResponse(None)
            response.delete_cookie("session")
            return response

        @app.get("/")
        def index(request: Request) -> dict[str, str]:
            return request.cookies

        client = TestClient(app, cookies={"own": "1"})
        assert client.get("/").json() == {"own": "1"}
        client.get("/set")
        assert client.get("/").json() == {"own": "1", "session": "abc"}
        assert client.cookies["session"] == "abc"
        client.get("/delete")
        assert client.get("/").json() == {"own": "1"}
        client.close()

    def test_redirects_are_followed_unless_told_otherwise(self) -> None:
        app = FastAPI()

        @app.post("/old", response_class=RedirectResponse, status_code=307)
        def old(background_tasks: BackgroundTasks) -> str:
            background_tasks.add_task(nothing)
            return "/new"

        @app.post("/new")
        def new(body: dict[str, int]) -> dict[str, int]:
            return body

        client = TestClient(app)
        response = client.post("/old", json={"a": 1})
        assert (response.json(), response.history[0].status_code, response.url) == (
            {"a": 1},
            307,
            "http://testserver/new",
        )
        assert client.post("/old", json={}, follow_redirects=False).status_code == 307
        assert [task.status for task in client.drain().tasks] == ["finished"] * 2
        client.close()
        client = TestClient(app, follow_redirects=False)
        assert client.post("/old", json={}).status_code == 307
        client.close()

    def test_a_head_request_has_no_body(self) -> None:
        client = TestClient(asgi([START, BODY]))
        assert client.head("/").content == b""
        client.close()

    def test_a_template_of_the_debug_extension_is_on_the_response(self) -> None:
        info = {"template": "index.html", "context": {"a": 1}}
        client = TestClient(asgi([{"type": "http.response.debug", "info": info}, START, BODY]))
        response: Any = client.get("/")
        assert (response.template, response.context) == ("index.html", {"a": 1})
        assert response.extensions["http.response.debug"] == info
        client.close()

    def test_responses_are_those_of_httpx(self) -> None:
        client = TestClient(app_with())
        response = client.get("/ping")
        assert type(response) is httpx.Response
        assert response.elapsed.total_seconds() > 0
        assert response.request.url == "http://testserver/ping"
        client.close()

    def test_a_prepared_request_can_be_sent(self) -> None:
        client = TestClient(app_with())
        assert client.send(client.build_request("GET", "/ping")).json() == "pong"
        client.close()
