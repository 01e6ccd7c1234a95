"""`bgdemo trace`: what an app does, shown."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bgdemo import Timeline
from cli.conftest import ESCAPE, SHOP, Run, in_a_process, in_a_terminal


def test_trace_shows_responses_prints_and_the_timeline(bgdemo: Run, shop: Path) -> None:
    ran = bgdemo("trace", "shop:app", "POST /mail?email=a@example.com", "get /nowhere")

    assert ran.code == 0
    assert re.search(
        r"start-up ran\nPOST /mail\?email=a@example\.com\n  200 after \d+ ms  \{\"to\":\"a@example\.com\"\}\n", ran.out
    )
    assert "mail to a@example.com\n" in ran.out
    assert "text to 123\n" in ran.out
    assert re.search(r"GET /nowhere\n(.*\n)*  404 after \d+ ms  \{\"detail\":\"Not Found\"\}\n", ran.out)
    assert re.search(r"send_mail .* finished .* thread pool", ran.out)
    assert re.search(r"send_text .* finished .* event loop", ran.out)
    assert "shutdown ran\n" in ran.out
    assert ran.err == ""


def test_trace_works_as_a_command_in_a_folder_of_its_users(shop: Path) -> None:
    ran = in_a_process("trace", "shop:app", "POST /items {'名字': '安'}", cwd=shop)

    assert ran.code == 0
    assert '{"名字":"安"}' in ran.out
    assert ESCAPE not in ran.out


def test_a_failing_task_is_shown_with_its_place_and_fails_the_command(bgdemo: Run, shop: Path) -> None:
    ran = bgdemo("trace", "shop:app", "GET /fail")
    line = SHOP[: SHOP.index('raise ValueError("坏了")')].count("\n") + 1

    assert ran.code == 1
    assert re.search(r"fail +\S.*x +failed ", ran.out)
    assert re.search(r"send_mail .* skipped ", ran.out)
    assert ran.out.endswith(f"\nfail of GET /fail failed: ValueError: 坏了 (shop.py, line {line}, in fail)\n")


def test_a_route_that_raises_fails_the_command_and_the_others_are_still_sent(bgdemo: Run, shop: Path) -> None:
    ran = bgdemo("trace", "shop:app", "GET /raise", "POST /items {}")
    line = SHOP[: SHOP.index('raise LookupError("no')].count("\n") + 1

    assert ran.code == 1
    assert "GET /raise\n  500: the app raised LookupError: no such thing\nPOST /items\n  200 after " in ran.out
    assert f"\nGET /raise raised LookupError: no such thing (shop.py, line {line}, in raise_it)\n" in ran.out


def test_tasks_are_waited_for_as_long_as_drain_timeout_says(bgdemo: Run, shop: Path) -> None:
    began = time.monotonic()
    ran = bgdemo("trace", "shop:app", "GET /long", "--drain-timeout", "0.2")

    assert time.monotonic() - began < 10
    assert ran.code == 1
    assert re.search(r"sleep_long .* (cancelled|abandoned) ", ran.out)
    assert "\nNot waited for any longer than 0.2 s: sleep_long.\n" in ran.out


def test_trace_on_the_simulated_clock_does_not_wait(bgdemo: Run, shop: Path) -> None:
    ran = bgdemo("trace", "shop:app", "GET /long", "--clock", "simulated")

    assert ran.code == 0
    assert "Response at 0.0 s; sleep_long ended at 30.0 s: the client did not wait." in ran.out


@pytest.mark.skipif(os.name == "nt", reason="a signal to one process")
def test_ctrl_c_stops_the_waiting_and_shows_what_happened_so_far(shop: Path) -> None:
    command = [sys.executable, "-u", "-m", "bgdemo", "trace", "shop:app", "GET /long"]
    process = subprocess.Popen(command, cwd=shop, stdout=subprocess.PIPE, encoding="utf-8")
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("  200 after"):
            break
    process.send_signal(signal.SIGINT)
    shown, _ = process.communicate(timeout=20)

    assert process.returncode == 1
    assert re.search(r"sleep_long .* (cancelled|abandoned) ", shown)
    assert "shutdown ran\n" in shown
    assert shown.endswith("\nStopped with Ctrl+C: what had not ended by then was cancelled.\n")


def test_a_request_that_no_client_can_send_is_not_blamed_on_the_app(bgdemo: Run, shop: Path) -> None:
    ran = bgdemo("trace", "shop:app", "GET http://a:b/")

    assert ran.code == 1
    assert "GET http://a:b/\n  InvalidURL: Invalid port: 'b'\n" in ran.out
    assert ran.out.endswith("\nGET http://a:b/: InvalidURL: Invalid port: 'b'\n")


def test_headers_and_lifespan_state_reach_the_route(bgdemo: Run, shop: Path) -> None:
    ran = bgdemo("trace", "shop:app", "GET /headers", "-H", "X-A: 1: 2")

    assert '{"x-a":"1: 2","owner":"Ann"}' in ran.out


def test_a_long_body_is_cut_and_a_binary_one_is_counted(bgdemo: Run, shop: Path) -> None:
    (shop / "big.json").write_text(json.dumps({"a": "x" * 500}), encoding="utf-8")
    ran = bgdemo("trace", "shop:app", "POST /items @big.json")

    assert '{"a":"xxx' in ran.out
    assert "xxx... (508 characters)\n" in ran.out


def test_the_timeline_is_written_as_a_picture_and_as_json(bgdemo: Run, shop: Path) -> None:
    ran = bgdemo("trace", "shop:app", "GET /fail", "--svg", "图 1.svg", "--json", "t.json")
    timeline = Timeline.from_dict(json.loads((shop / "t.json").read_text(encoding="utf-8")))

    assert ran.code == 1
    assert "Written: 图 1.svg\n\nWritten: t.json\n" in ran.out
    assert (shop / "图 1.svg").read_text(encoding="utf-8").startswith("<svg")
    assert [task.status for task in timeline.tasks] == ["failed", "skipped"]


@pytest.mark.parametrize("target", ["shop:starlette_app", "shop:app.router"])
def test_any_asgi_app_will_do(bgdemo: Run, shop: Path, target: str) -> None:
    assert "404 after" in bgdemo("trace", target, "GET /nothing").out


def test_a_factory_makes_the_app(bgdemo: Run, shop: Path) -> None:
    assert bgdemo("trace", "shop:make_app", "POST /items {}", "--factory").code == 0


@pytest.mark.skipif(os.name == "nt", reason="a pseudo-terminal")
def test_in_a_terminal_trace_says_what_it_waits_for(shop: Path) -> None:
    (shop / "slow.py").write_text(SHOP.replace("sleep(30)", "sleep(1); print('done')"), encoding="utf-8")
    shown = in_a_terminal([sys.executable, "-m", "bgdemo", "trace", "slow:app", "GET /long"])

    assert "waiting for 1 task: sleep_long (Ctrl+C cancels)" in shown
    assert "\ndone\r\n" in shown.replace("\x1b[2K", "\n")
    assert "printed: done" in shown


def test_a_start_up_that_raises_fails_the_command(bgdemo: Run, shop: Path) -> None:
    (shop / "shop.py").write_text(SHOP.replace('print("start-up ran")', 'raise OSError("no disk")'), encoding="utf-8")
    ran = bgdemo("trace", "shop:app", "GET /")

    assert ran.code == 1
    assert re.fullmatch(r"\nThe app's start-up raised OSError: no disk \(shop\.py, line \d+, in lifespan\)\n", ran.out)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["GET / ", "-H", "nonsense"], "This is no header: 'nonsense'. Write -H \"Name: value\"."),
        (["GET /", "--svg", "no/such/t.svg"], "There is no folder {here}/no/such to write t.svg into."),
    ],
)
def test_a_wrong_option_is_said_before_anything_is_sent(
    bgdemo: Run, shop: Path, arguments: list[str], message: str
) -> None:
    ran = bgdemo("trace", "shop:app", *arguments)

    assert (ran.code, ran.err, ran.out) == (2, f"Error: {message.format(here=shop)}\n", "")
