"""How a request is written on the command line."""

from pathlib import Path

import pytest

from bgdemo.cli.request_line import FORMS, RequestLine, parse
from cli.conftest import CHINESE, Run


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("GET /items?page=2", RequestLine("GET", "/items?page=2", None)),
        ("delete /提醒", RequestLine("DELETE", "/提醒", None)),
        ("GET http://example.com/x", RequestLine("GET", "http://example.com/x", None)),
        ('POST /items {"a": "it\'s"}', RequestLine("POST", "/items", b'{"a": "it\'s"}')),
        ("POST /items {'a': 1, 'b': [true, null]}", RequestLine("POST", "/items", b'{"a": 1, "b": [true, null]}')),
        (r"POST /items {'a': 'it\'s'}", RequestLine("POST", "/items", b'{"a": "it\'s"}')),
        ("POST /items {'a': 'say \"hi\"'}", RequestLine("POST", "/items", b'{"a": "say \\"hi\\""}')),
        ("POST /items  ['a@example.com'] ", RequestLine("POST", "/items", b'["a@example.com"]')),
        ("POST /items {'a': '提醒'}", RequestLine("POST", "/items", '{"a": "提醒"}'.encode())),
    ],
)
def test_a_request_is_a_method_a_path_and_perhaps_a_json_body(argument: str, expected: RequestLine) -> None:
    assert parse(argument) == expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_body_comes_from_a_file_in_any_encoding_that_powershell_writes(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / f"{CHINESE}.json"
    file.write_text('{"a": "提醒"}', encoding=encoding)

    assert parse(f"POST / @{file}").body == '{"a": "提醒"}'.encode()


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("GET", f"This is no request: 'GET'\n{FORMS}"),
        ("{'a': 1}", f"This is no request: \"{{'a': 1}}\"\n{FORMS}"),
        ("GET items", f"The path of 'GET items' must begin with a slash: /items\n{FORMS}"),
        ("GET /two words", "What follows the path in 'GET /two words' is no JSON: Expecting value at character 1.\n"
         f"{FORMS}\nA space that belongs to the path is written %20."),
        ("POST / @no/such.json", "The body of 'POST / @no/such.json' cannot be read from no/such.json: "
         "No such file or directory."),
    ],
)  # fmt: skip
def test_a_request_that_is_none_is_explained(bgdemo: Run, argument: str, message: str) -> None:
    ran = bgdemo("trace", "shop:app", argument)

    assert (ran.code, ran.err) == (2, f"Error: {message}\n")


def test_a_file_without_json_is_explained(bgdemo: Run, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("nothing", encoding="utf-8")
    ran = bgdemo("trace", "shop:app", f"POST / @{tmp_path / 'a.json'}")

    assert ran.code == 2
    assert ran.err.startswith(f"Error: The file {tmp_path / 'a.json'} holds no JSON: Expecting value: line 1 column 1")
