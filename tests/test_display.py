"""Timelines made by hand, drawn: text forms are compared exactly, pictures are parsed."""

import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any, cast

import pytest

from bgdemo.display import Mark, shapes, stacked, summary, svg, text
from bgdemo.display.axis import axis_of
from bgdemo.display.words import cells, clean, ems, shorten, wrap
from bgdemo.model import TASK_STATUSES, Event, Request, Task, TaskStatus
from bgdemo.record.timeline import Timeline

SVG = "{http://www.w3.org/2000/svg}"


def a_request(id: int = 1, **changes: Any) -> Request:
    request = Request(id, "POST", "/send_info", 200, 0.0, 0.0, 7.0)
    return replace(request, **changes)


def a_task(id: int = 1, **changes: Any) -> Task:
    name = changes.pop("name", "write_notification")
    task = Task(id, 1, name, f"app.{name}", (), {}, 0.0, 0.0, 7.0, "finished", None, "threadpool")
    return replace(task, **changes)


def never_started(id: int, status: TaskStatus, **changes: Any) -> Task:
    return a_task(id, status=status, started=None, ended=None, ran_in=None, **changes)


def simulated(*records: Request | Task, now: float = 7.0, events: tuple[Event, ...] = ()) -> Timeline:
    requests = tuple(record for record in records if isinstance(record, Request))
    tasks = tuple(record for record in records if isinstance(record, Task))
    return Timeline(requests, tasks, events, now=now, simulated=True)


def lines(drawing: str) -> str:
    return "\n".join(["", *drawing.split("\n"), ""])


ONE_TASK = simulated(a_request(), a_task())
NO_MAIL_SERVER = "ConnectionRefusedError: [Errno 111] no mail server at mail.example.com:25, tried three times"
EVERY_STATUS = simulated(
    a_request(responded=0.5),
    a_task(1, name="提醒用户", ended=1.0, printed="第一封邮件\nsent"),
    a_task(2, name="<lambda>", started=1.0, ended=3.0, status="failed", error=NO_MAIL_SERVER, printed="trying"),
    never_started(3, "skipped"),
    never_started(4, "dropped"),
    a_task(5, ended=3.0, status="cancelled", ran_in="event_loop"),
    never_started(6, "cancelled"),
    a_task(7, started=2.0, ended=None, status="abandoned"),
    a_task(8, started=3.0, ended=None, status="running", ran_in="worker"),
    never_started(9, "added"),
)
GUESSES = (Mark(0.0, "your guess: response"), Mark(7.0, "your guess: write_notification ends"))


def many_tasks(number: int) -> Timeline:
    tasks = [a_task(id, name="work", started=id / 100, ended=(id + 1) / 100) for id in range(number)]
    tasks[number // 2] = replace(tasks[number // 2], status="failed", error="ValueError: odd one out")
    return simulated(a_request(), *tasks, now=number / 100)


def many_requests(number: int) -> Timeline:
    requests = [a_request(id, sent=id / 100, responded=id / 100, ended=id / 100 + 1) for id in range(number)]
    tasks = [a_task(id, request_id=id, added=id / 100, started=id / 100, ended=id / 100 + 1) for id in range(number)]
    return simulated(*requests, *tasks, now=number / 100)


DRAWINGS = {
    "nothing": Timeline(),
    "one task": ONE_TASK,
    "every status": EVERY_STATUS,
    "nothing but an instant": simulated(a_request(ended=0.0), now=0.0),
    "many responses at once": simulated(*(a_request(id) for id in range(1, 9))),
    "twenty tasks": simulated(a_request(), *(a_task(id, started=id - 1.0, ended=id * 1.0) for id in range(1, 21))),
    "many tasks": many_tasks(1000),
    "many requests": many_requests(1000),
    "three milliseconds": Timeline((a_request(responded=0.001, ended=0.003),), (a_task(ended=0.003),), now=0.003),
    "an hour": Timeline((a_request(),), (a_task(ended=3600.0),), now=3600.0),
}

# The sentence


def test_no_request_is_said() -> None:
    assert summary(Timeline()) == "No request yet."


def test_a_task_that_ended_after_the_response_kept_nobody_waiting() -> None:
    assert summary(ONE_TASK) == "Response at 0.0 s; write_notification ended at 7.0 s: the client did not wait."


def test_a_route_that_waits_makes_the_client_wait() -> None:
    timeline = simulated(a_request(responded=7.0))
    assert summary(timeline) == "Response at 7.0 s: the client waited 7.0 s; no task was added."


def test_a_wait_in_the_route_is_told_apart_from_the_task() -> None:
    timeline = simulated(a_request(responded=3.0), a_task(started=3.0, ended=9.0), now=9.0)
    wanted = "Response at 3.0 s; write_notification ended at 9.0 s: the client waited 3.0 s, but not for the task."
    assert summary(timeline) == wanted


def test_a_short_wait_on_a_real_clock_is_none() -> None:
    timeline = Timeline((a_request(responded=0.09),), (a_task(started=0.1, ended=7.1),), now=7.2)
    assert summary(timeline) == "Response at 0.1 s; write_notification ended at 7.1 s: the client did not wait."


def test_a_request_without_a_response_yet_waits() -> None:
    timeline = simulated(a_request(status=None, responded=None, ended=None), now=3.0)
    assert summary(timeline) == "No response yet at 3.0 s: the client waits; no task was added so far."


def test_an_error_without_a_response_is_named() -> None:
    timeline = simulated(a_request(status=None, responded=None, ended=2.0, error="RuntimeError: no"), now=2.0)
    assert summary(timeline) == "No response (RuntimeError: no); no task was added."


def test_a_client_that_left_has_no_response() -> None:
    left = Event(1.0, 2, "client_left", 1)
    timeline = simulated(a_request(status=None, responded=None, ended=2.0), now=2.0, events=(left,))
    assert summary(timeline) == "The client left at 1.0 s, before the response; no task was added."


def test_a_websocket_connection_has_no_response() -> None:
    route = a_request(method="WEBSOCKET", status=None, responded=None, ended=2.0)
    timeline = simulated(route, never_started(1, "dropped"), now=2.0)
    wanted = "The WebSocket connection was closed at 2.0 s; write_notification was dropped: it never ran."
    assert summary(timeline) == wanted


@pytest.mark.parametrize(
    ("task", "words"),
    [
        (
            a_task(ended=None, status="running"),
            "write_notification is still running at 3.0 s: the client did not wait.",
        ),
        (never_started(1, "added"), "write_notification was added and has not started."),
        (never_started(1, "skipped"), "write_notification was skipped: an earlier task failed."),
        (never_started(1, "dropped"), "write_notification was dropped: it never ran."),
        (never_started(1, "cancelled"), "write_notification was cancelled before it started."),
        (a_task(ended=2.0, status="cancelled"), "write_notification was cancelled at 2.0 s: the client did not wait."),
        (
            a_task(ended=None, status="abandoned"),
            "write_notification was abandoned, still in its thread when the client closed: the client did not wait.",
        ),
        (
            a_task(ended=2.0, status="failed", error="ValueError: no"),
            "write_notification failed at 2.0 s (ValueError: no): the client already had its response.",
        ),
    ],
    ids=lambda value: value.status if isinstance(value, Task) else "",
)
def test_one_task_is_told_by_its_status(task: Task, words: str) -> None:
    assert summary(simulated(a_request(ended=3.0), task, now=3.0)) == f"Response at 0.0 s; {words}"


def test_an_error_response_is_named_by_its_status() -> None:
    timeline = simulated(a_request(status=400), never_started(1, "dropped"))
    assert summary(timeline) == "Response 400 at 0.0 s; write_notification was dropped: it never ran."


def test_several_tasks_are_counted_up_to_the_last() -> None:
    timeline = simulated(a_request(), a_task(1, ended=2.0), a_task(2, started=2.0, ended=9.0), now=9.0)
    assert summary(timeline) == "Response at 0.0 s; 2 tasks ended, the last at 9.0 s: the client did not wait."


def test_several_outcomes_are_counted_each() -> None:
    assert summary(EVERY_STATUS) == (
        "Response at 0.5 s; 9 tasks at 7.0 s (1 finished, 1 failed, 1 skipped, 1 dropped, 2 cancelled, 1 abandoned, "
        "1 running, 1 not started): the client waited 0.5 s, but not for the tasks."
    )


def test_several_requests_are_summed_up() -> None:
    timeline = simulated(
        a_request(1),
        a_request(2, sent=1.0, responded=1.25),
        a_request(3, sent=4.0, responded=None, status=None, ended=None),
        a_task(),
    )
    assert summary(timeline) == (
        "3 requests: 2 responses from 0.00 s to 1.25 s, the longest wait 0.25 s; write_notification ended at 7.00 s: "
        "the client did not wait for it."
    )


def test_where_another_request_waits_beside_a_task_nobody_is_said_not_to_have_waited() -> None:
    timeline = simulated(a_request(1), a_request(2, sent=1.0, responded=7.0), a_task())
    assert summary(timeline) == (
        "2 requests: responses from 0.0 s to 7.0 s, the longest wait 6.0 s; write_notification ended at 7.0 s."
    )


def test_nothing_is_said_about_waiting_while_a_response_is_still_to_come() -> None:
    open_request = a_request(2, status=None, responded=None, ended=None)
    timeline = simulated(a_request(1, ended=0.0), open_request, a_task(request_id=2))
    assert summary(timeline).endswith("write_notification ended at 7.0 s.")


def test_several_requests_may_have_no_tasks() -> None:
    timeline = simulated(a_request(1, ended=0.0), a_request(2, ended=0.0), now=0.0)
    assert summary(timeline) == "2 requests: all responses at 0.0 s, the longest wait 0.0 s; no task was added."


def test_at_one_instant_the_sequence_decides_what_came_after() -> None:
    def timeline(response: int, task: int) -> Timeline:
        events = (Event(7.0, response, "response_ended", 1), Event(7.0, task, "task_ended", 1, 1))
        return simulated(a_request(responded=7.0), a_task(), events=events)

    before, after = summary(timeline(4, 3)), summary(timeline(3, 4))
    assert before == "Response at 7.0 s; write_notification ended at 7.0 s: the client waited 7.0 s."
    assert after.endswith("ended at 7.0 s: the client waited 7.0 s, but not for the task.")


# The text form


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


# The picture


def parsed(timeline: Timeline, marks: tuple[Mark, ...] = ()) -> ElementTree.Element:
    return ElementTree.fromstring(svg(timeline, marks=marks))


def words(picture: ElementTree.Element) -> list[str]:
    return [cast(str, element.text) for element in picture.iter(f"{SVG}text")]


def extents(picture: ElementTree.Element) -> Iterator[tuple[float, float, float]]:
    """Base line, left and right of each text, by a narrow guess."""
    for element in picture.iter(f"{SVG}text"):
        width = ems(element.text or "") * float(element.attrib["font-size"]) * 0.9
        x = float(element.attrib["x"])
        left = {"start": x, "middle": x - width / 2, "end": x - width}[element.get("text-anchor", "start")]
        yield float(element.attrib["y"]), left, left + width


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_the_picture_of_one_task_says_all_of_it() -> None:
    assert words(parsed(ONE_TASK)) == [
        "Response at 0.0 s; write_notification ended at 7.0 s: the client did not wait.",
        *"01234567",
        "seconds (simulated)",
        "POST /send_info",
        "request",
        "response at 0.0 s",
        "write_notification",
        "task, thread pool",
        "finished at 7.0 s",
        "200",
        "the client has its response",
    ]


def test_the_picture_of_one_task_is_small() -> None:
    picture = parsed(ONE_TASK)
    assert (picture.get("viewBox"), picture.get("width"), picture.get("height")) == ("0 0 760 152", "760", "152")
    assert (picture.get("role"), picture.get("aria-label")) == ("img", summary(ONE_TASK))


@pytest.mark.parametrize("timeline", DRAWINGS.values(), ids=DRAWINGS)
def test_a_picture_has_nothing_that_a_sanitizer_takes_away(timeline: Timeline) -> None:
    picture = parsed(timeline, GUESSES)
    names = {element.tag.removeprefix(SVG) for element in picture.iter()}
    assert names <= {"svg", "g", "title", "rect", "line", "circle", "path", "text"}
    attributes = {name for element in picture.iter() for name in element.attrib}
    assert not [name for name in attributes if name in ("style", "class", "id", "href") or name.startswith("on")]
    assert "url(" not in svg(timeline, marks=GUESSES)


@pytest.mark.parametrize("timeline", DRAWINGS.values(), ids=DRAWINGS)
def test_no_two_labels_overlap(timeline: Timeline) -> None:
    placed = sorted(extents(parsed(timeline, GUESSES)))
    for (y, left, right), (other_y, other_left, other_right) in pairwise(placed):
        assert abs(other_y - y) > 3 or other_left >= right or other_right <= left
    assert all(left >= 0 and right <= 760 for _, left, right in placed)


def test_text_has_contrast_enough_on_its_ground() -> None:
    for ground, ink in [
        (shapes.PAPER, shapes.INK),
        (shapes.PAPER, shapes.MUTED),
        (shapes.PAPER, shapes.GUESS),
        (shapes.ORANGE, shapes.INK),
    ]:
        dark, light = sorted((luminance(ground), luminance(ink)))
        assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_each_status_has_a_shape_of_its_own() -> None:
    seen = set()
    for status in TASK_STATUSES:
        ran = status not in ("skipped", "dropped", "added")
        ends = ran and status not in ("running", "abandoned")
        task = a_task(status=status, started=0.0 if ran else None, ended=7.0 if ends else None)
        row = parsed(simulated(a_request(), task)).findall(f"{SVG}g")[-1]
        forms = [element for element in row if element.tag in (f"{SVG}rect", f"{SVG}path", f"{SVG}circle")]
        # Form and place count, colour does not.
        seen.add(tuple(str({k: v for k, v in form.items() if k not in ("fill", "stroke")}) for form in forms))
    assert len(seen) == len(TASK_STATUSES)


def test_user_text_is_escaped() -> None:
    name = 'a<b>&"c"\x00\x1b\ufffe'
    task = a_task(name=name, status="failed", error=f"ValueError: {name}", printed=name)
    picture = parsed(simulated(a_request(path=f"/{name}"), task), (Mark(1.0, name),))
    assert 'a<b>&"c"\ufffd\ufffd\ufffd' in words(picture)
    assert 'a<b>&"c"\ufffd' in picture.get("aria-label", "")


def test_what_a_row_has_no_room_for_is_in_its_title() -> None:
    titles = [title.text for title in parsed(EVERY_STATUS).iter(f"{SVG}title")]
    assert titles == [f"<lambda>\n{NO_MAIL_SERVER}\nprinted: trying"]


def test_equal_timelines_give_equal_pictures() -> None:
    again = Timeline.from_dict(EVERY_STATUS.to_dict())
    assert svg(again) == svg(EVERY_STATUS)
    assert text(again) == text(EVERY_STATUS)


@pytest.mark.parametrize("timeline", [many_tasks(10_000), many_requests(10_000)], ids=["tasks", "requests"])
def test_ten_thousand_rows_are_drawn_small_and_soon(timeline: Timeline) -> None:
    start = time.perf_counter()
    picture = svg(timeline)
    assert time.perf_counter() - start < 3  # about 0.2 s; a quadratic drawing would take minutes
    assert len(picture.encode()) < 60_000


def test_each_of_many_failures_does_not_get_a_row() -> None:
    tasks = [a_task(id, status="failed", error="ValueError: " + "x" * 500, printed="y" * 500) for id in range(1000)]
    assert len(svg(simulated(a_request(), *tasks)).encode()) < 60_000


def test_a_left_out_stretch_of_several_outcomes_counts_each() -> None:
    tasks = [a_task(id, status="failed" if id % 2 else "finished", ended=id / 2) for id in range(100)]
    wanted = "… 85 more tasks, from 0.0 s to 46.5 s (43 failed, 42 finished)"
    assert wanted in words(parsed(simulated(a_request(), *tasks)))


def test_an_unusual_row_brings_its_request() -> None:
    timeline = many_requests(100)
    failed = replace(timeline.tasks[50], status="failed")
    tasks = (*timeline.tasks[:50], failed, *timeline.tasks[51:])
    requests = tuple(replace(request, path=f"/{request.id}") for request in timeline.requests)
    assert "POST /50" in words(parsed(simulated(*requests, *tasks)))


@pytest.mark.parametrize(
    ("end", "ticks"),
    [
        (0.003, ["0.0", "0.5", "1.0", "1.5", "2.0", "2.5", "3.0"]),
        (7.0, ["0", "1", "2", "3", "4", "5", "6", "7"]),
        (3600.0, ["0", "500", "1000", "1500", "2000", "2500", "3000", "3500"]),
        (0.0, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
    ],
)
def test_ticks_are_at_round_times(end: float, ticks: list[str]) -> None:
    axis = axis_of(Timeline((a_request(responded=end),), now=end))
    assert [digits for _, digits in axis.ticks(9)] == ticks


# The timeline


def test_a_timeline_shows_itself() -> None:
    assert str(ONE_TASK) == text(ONE_TASK)
    assert ONE_TASK._repr_mimebundle_() == {"text/plain": text(ONE_TASK), "image/svg+xml": svg(ONE_TASK)}


def test_a_line_does_not_end_between_a_number_and_its_unit() -> None:
    assert wrap("the last at 3.0 s.", 15) == ["the last at", "3.0 s."]
    assert wrap("two s and", 6) == ["two s", "and"]
    assert wrap("a cat s b", 5) == ["a cat", "s b"]


def test_of_an_error_only_the_first_paragraph_is_shown() -> None:
    error = "ValueError: one thing:\n  it is wrong\n\n  File 'somewhere.py', line 3"
    timeline = simulated(a_request(error=error), a_task(status="failed", error=f"{error} of a task"))
    for drawing in (svg(timeline), text(timeline)):
        assert drawing.count("one thing: it is wrong") >= 2
        assert "somewhere" not in drawing
    assert "(ValueError: one thing: it is wrong)" in summary(timeline)


def test_a_task_that_failed_before_it_started_has_the_sign_of_a_failure() -> None:
    failed = replace(never_started(1, "failed", error="TypeError: not callable"), ended=2.0)
    timeline = simulated(a_request(), failed)
    assert [ring.get("stroke") for ring in ElementTree.fromstring(svg(timeline)).iter(f"{SVG}circle")] == [
        shapes.VERMILION
    ]
    drawing = text(timeline)
    assert "x failed" in drawing
    row = next(line for line in drawing.splitlines() if line.startswith("  write_notification"))
    assert row.split()[1][-1] == "x"
    assert ">" not in row


def test_stacked_pictures_share_one_frame() -> None:
    panels = [(ONE_TASK, ()), (ONE_TASK, ())]
    assert stacked(panels).count(shapes.BORDER) == 2  # the frame, and the line between
