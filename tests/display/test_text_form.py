"""A timeline made by hand, as text, compared exactly."""

import pytest

from bgdemo.display import summary, text
from bgdemo.display.axis import axis_of
from bgdemo.display.words import cells, clean, shorten
from bgdemo.record.timeline import Timeline
from display.timelines import (
    DRAWINGS,
    EVERY_STATUS,
    GUESSES,
    ONE_TASK,
    a_request,
    a_task,
    many_requests,
    many_tasks,
    simulated,
)


def lines(drawing: str) -> str:
    return "\n".join(["", *drawing.split("\n"), ""])


def test_the_text_form_of_one_task() -> None:
    wanted = """
Response at 0.0 s; write_notification ended at 7.0 s: the client did not wait.
● response   █ task runs

                                                                           added  ended  ran in
POST /send_info       ●                                          200 at 0.0 s
  write_notification  █████████████████████████████████████████  finished    0.0    7.0  thread pool
                      ┴──────────┴───────────┴──────────┴──────
                      0          2           4          6        seconds (simulated)
"""
    assert lines(text(ONE_TASK)) == wanted


def test_the_text_form_of_a_wait() -> None:
    wanted = """
Response at 7.0 s: the client waited 7.0 s; no task was added.
━ the client waits   ● response

POST /send_info  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━●  200 at 7.0 s
                 ┴────────────┴─────────────┴────────────┴───────
                 0            2             4            6         seconds
"""
    assert lines(text(Timeline((a_request(responded=7.0),), now=7.0))) == wanted


def test_the_text_form_of_every_status() -> None:
    wanted = """
Response at 0.5 s; 9 tasks at 7.0 s (1 finished, 1 failed, 1 skipped, 1 dropped, 2 cancelled, 1
abandoned, 1 running, 1 not started): the client waited 0.5 s, but not for the tasks.
━ the client waits   ● response   + task added   · waits to start   █ task runs   x failed
> goes on   / cancelled   ~ abandoned

                                                                           added  ended  ran in
POST /send_info       ━━━●                                      200 at 0.5 s
  提醒用户            ███████                                   finished     0.0    1.0  thread pool
                      printed: 第一封邮件 / sent
  <lambda>            +··│··███████████x                        failed       0.0    3.0  thread pool
                      error: ConnectionRefusedError: [Errno 111] no mail server at mail.example.com…
                      printed: trying
  write_notification  +  │                                      skipped      0.0      -  -
  write_notification  +  │                                      dropped      0.0      -  -
  write_notification  █████████████████/                        cancelled    0.0    3.0  event loop
  write_notification  +  │                                      cancelled    0.0      -  -
  write_notification  +··│·······████████████████████████████~  abandoned    0.0      -  thread pool
  write_notification  +··│·············██████████████████████>  running      0.0      -  worker
  write_notification  +··│···································>  added        0.0      -  -
                      ┴──────────┴──────────┴──────────┴──────
                      0          2          4          6        seconds (simulated)
"""
    assert lines(text(EVERY_STATUS)) == wanted


def test_the_text_form_of_a_guess_stands_beside_the_truth() -> None:
    wanted = """
Response at 0.0 s; write_notification ended at 7.0 s: the client did not wait.
● response   █ task runs

                                                                           added  ended  ran in
POST /send_info       ●                                          200 at 0.0 s
  write_notification  █████████████████████████████████████████  finished    0.0    7.0  thread pool
                      ?  your guess: response, 0.0 s
                  your guess: write_notification ends, 7.0 s  ?
                      ┴──────────┴───────────┴──────────┴──────
                      0          2           4          6        seconds (simulated)
"""
    assert lines(text(ONE_TASK, marks=GUESSES)) == wanted


def test_the_text_form_points_at_rows() -> None:
    second = a_task(2, name="write_log", ended=3.0)
    wanted = """
Response at 0.0 s; 2 tasks ended, the last at 7.0 s: the client did not wait.
● response   █ task runs

                                                                           added  ended  ran in
  POST /send_info       ●                                        200 at 0.0 s
    write_notification  ███████████████████████████████████████  finished    0.0    7.0  thread pool
→   write_log           █████████████████                        finished    0.0    3.0  thread pool
                        ┴──────────┴──────────┴──────────┴─────
                        0          2          4          6       seconds (simulated)
"""
    timeline = simulated(a_request(), a_task(), second)
    assert lines(text(timeline, point_at=[second])) == wanted
    assert "\n→ POST /send_info " in text(timeline, point_at=timeline.requests)


def test_a_row_that_is_pointed_at_is_never_left_out() -> None:
    timeline = many_tasks(10_000)
    drawing = text(timeline, point_at=[timeline.tasks[3_000]])
    assert drawing.count("→") == 1
    assert max(cells(line) for line in drawing.splitlines()) <= 100


def test_milliseconds_are_used_below_a_second() -> None:
    timeline = Timeline((a_request(responded=0.0008),), (a_task(started=0.001, ended=0.003),), now=0.003)
    assert "200 at 0.8 ms" in text(timeline)
    assert text(timeline).endswith("milliseconds")
    assert summary(timeline).startswith("Response at 0.8 ms; write_notification ended at 3.0 ms")


def test_simulated_times_are_written_exactly() -> None:
    assert "ended at 2.25 s" in summary(simulated(a_request(), a_task(ended=2.25)))
    assert "ended at 2.2 s" in summary(Timeline((a_request(),), (a_task(ended=2.2461),), now=3.0))


def test_what_is_left_out_is_counted() -> None:
    drawing = text(many_tasks(10_000))
    assert "… 4,991 more tasks, all finished, from 0.00 s to 50.00 s" in drawing
    assert "failed" in drawing
    assert "error: ValueError: odd one out" in drawing
    assert len(drawing.splitlines()) < 40


def test_a_left_out_stretch_of_requests_counts_its_tasks_too() -> None:
    assert "… 9,992 more requests and 9,992 more tasks, all finished, from" in text(many_requests(10_000))


def test_a_snapshot_taken_long_after_the_end_does_not_stretch_the_axis() -> None:
    assert axis_of(simulated(a_request(), a_task(), now=500.0)).end == 7.0
    running = simulated(a_request(ended=None), a_task(status="running", ended=None), now=3.0)
    assert axis_of(running).end == 3.0


def test_a_bar_grows_on_an_axis_that_is_long_enough() -> None:
    def bar(now: float) -> int:
        running = simulated(a_request(ended=None), a_task(status="running", ended=None), now=now)
        return text(running, until=7.0).splitlines()[5].count("█")

    assert [bar(now) for now in (0.0, 1.0, 3.0, 7.0)] == [0, 6, 18, 41]


@pytest.mark.parametrize("timeline", DRAWINGS.values(), ids=DRAWINGS)
def test_no_line_is_wider_than_a_hundred_columns(timeline: Timeline) -> None:
    assert max(cells(line) for line in text(timeline, marks=GUESSES).splitlines()) <= 100


def test_wide_characters_take_two_columns_and_combining_marks_none() -> None:
    assert cells("提醒") == 4
    assert cells("e\u0301") == 1
    assert shorten("提醒用户", 5) == "提醒…"


def test_what_a_terminal_would_obey_is_not_passed_on() -> None:
    assert clean("a\x1b[31m\r\nb\tc\u202ed\x00\ud800") == "a\ufffd[31m b cd\ufffd\ufffd"
