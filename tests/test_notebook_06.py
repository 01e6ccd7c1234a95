"""Notebook 06, Async in a notebook: it shows what it claims, and answers what it asks."""

import gc
import re

import httpx
import pytest

from bgdemo import TestClient
from bgdemo.lessons import asyncio_parts, awaiting, nested
from bgdemo.questions.async_in_a_notebook import the_patched_notebook
from course import SOURCES, assert_rebuilt_alike, build, cell_with, executed, own_text, shown, side_by_side, source_of
from gates import run_script
from servers import serve

pytestmark = pytest.mark.long

LATE = 1.5
"""Seconds by which a busy machine may be late; real time never runs ahead."""

RIGHT = (
    ("one_by_one=..., together=...", "one_by_one=3, together=1"),
    ("task_end=...", "task_end=6"),
    ("works=...", "works=False"),
    ("on_the_loop=..., in_a_thread=...", 'on_the_loop="failed", in_a_thread="finished"'),
    ("short_mail=..., long_mail=...", "short_mail=3, long_mail=3"),
    ("choose(...", 'choose("b"'),
)

CLIENTS_ON_A_PATCHED_KERNEL = """
from bgdemo import TestClient
for clock in ("real", "simulated"):
    with TestClient(app, clock=clock) as client:
        client.post("/thread", params={"seconds": 0.5})
        client.post("/loop", params={"seconds": 0.5})
        print(clock, [task.status for task in client.drain().tasks])
"""

CHANGED_AND_WRONG = (
    ("one_by_one=..., together=...", "one_by_one=1, together=3"),
    ("task_end=...", "task_end=6"),
    ("time.sleep(3)  # change it into: await asyncio.sleep(3)", "await asyncio.sleep(3)"),
    ("works=...", "works=True"),
    ("on_the_loop=..., in_a_thread=...", 'on_the_loop="finished", in_a_thread="failed"'),
    ("short_mail=..., long_mail=...", "short_mail=3, long_mail=4"),
    ('path = "/loop"', 'path = "/thread"'),
    ("choose(...", f'{CLIENTS_ON_A_PATCHED_KERNEL}\nchoose("a"'),
)

REPLACED = """\
asyncio.Task            _asyncio             -> asyncio.tasks
asyncio.Future          _asyncio             -> asyncio.futures
asyncio.run             asyncio.runners      -> nest_asyncio
asyncio.get_event_loop  _asyncio             -> nest_asyncio
loop.run_until_complete asyncio.base_events  -> nest_asyncio
loop.run_forever        asyncio.base_events  -> nest_asyncio
loop._run_once          asyncio.base_events  -> nest_asyncio
loop._check_running     asyncio.base_events  -> nest_asyncio
policy.get_event_loop   asyncio.events       -> nest_asyncio
"""

ITS_OWN_NOTES = {"_nest_patched", "_num_runs_pending", "_is_proactorloop", "_check_runnung"}


def responses(text: str) -> list[float]:
    """When each response was there, in seconds."""
    return [float(time) for time in re.findall(r"200 at ([\d.]+) s", text)]


def tasks(text: str) -> list[tuple[str, float, float, str]]:
    """Each task's name, when it was added and ended, in seconds, and where it ran."""
    found = re.findall(r"^  (\w+) .* (?:finished|failed) +([\d.]+) +([\d.]+)  (event loop|thread pool)$", text, re.M)
    return [(name, float(added), float(ended), where) for name, added, ended, where in found]


def about(seconds: float, times: list[float]) -> bool:
    """Whether all these times are that late, or a bit later on a busy machine."""
    return all(seconds <= time <= seconds + LATE for time in times)


@pytest.fixture(scope="module", autouse=True)
def _runs() -> None:
    side_by_side(lambda: executed("06"), lambda: executed("06", *RIGHT), lambda: executed("06", *CHANGED_AND_WRONG))


def test_three_requests_are_answered_one_by_one_or_all_together() -> None:
    notebook = executed("06")
    in_turn = shown(cell_with(notebook, "watch(one_by_one)"))
    first, second, third = responses(in_turn)
    assert about(1.0, [first])
    assert about(1.0, [second - first, third - second])
    assert all(about(2.0, [ended - added]) for _, added, ended, _ in tasks(in_turn))
    both = shown(cell_with(notebook, "asyncio.gather(*[together"))
    assert responses(both)[:3] == [first, second, third]
    assert about(1.0, responses(both)[3:])
    assert about(3.0, [ended for _, _, ended, _ in tasks(both)[3:]])
    assert {where for *_, where in tasks(both)} == {"event loop"}


def test_a_cell_that_sleeps_without_awaiting_holds_up_the_task() -> None:
    text = shown(cell_with(executed("06"), "time.sleep(3)"))
    assert about(1.0, responses(text))
    assert about(6.0, [ended for _, _, ended, _ in tasks(text)])
    assert "waits to start" in text
    awaits = shown(cell_with(executed("06", *CHANGED_AND_WRONG), "await asyncio.sleep(3)"))
    assert about(3.0, [ended for _, _, ended, _ in tasks(awaits)])


def test_a_script_s_last_line_fails_in_a_cell_and_awaiting_its_coroutine_works() -> None:
    notebook = executed("06")
    assert "asyncio.run() cannot be called from a running event loop" in shown(
        cell_with(notebook, "asyncio.run(main())")
    )
    (awaited,) = [cell for cell in notebook.cells if cell.source == "await main()"]
    assert about(3.0, [ended for _, _, ended, _ in tasks(shown(awaited))])
    simulated = shown(cell_with(notebook, "SimulatedClock().run(main)"))
    assert simulated.startswith("Response at 1.0 s; write_notification ended at 3.0 s")
    assert "seconds (simulated)" in simulated


def test_a_function_that_calls_asyncio_run_fails_on_the_loop_and_works_in_a_thread() -> None:
    text = shown(cell_with(executed("06"), "mail_guess.compare"))
    assert "error: RuntimeError: asyncio.run() cannot be called from a running event loop" in text
    (on_the_loop, in_a_thread) = tasks(text)
    assert on_the_loop[0] == "send_mail_async"
    assert (in_a_thread[0], in_a_thread[3]) == ("send_mail", "thread pool")
    assert about(1.0, [in_a_thread[2] - in_a_thread[1]])


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
def test_on_a_server_it_fails_and_works_just_so() -> None:
    with serve(nested.app) as server:
        for path in ("/loop", "/thread"):
            assert httpx.post(server.url + path, params={"seconds": 0.01}, trust_env=False).status_code == 200
            server.wait()
        on_the_loop, in_a_thread = server.recorder.timeline.tasks
    assert (on_the_loop.status, on_the_loop.ran_in) == ("failed", "event_loop")
    assert on_the_loop.error == "RuntimeError: asyncio.run() cannot be called from a running event loop"
    assert (in_a_thread.status, in_a_thread.ran_in) == ("finished", "threadpool")
    server.logged.clear()
    gc.collect()  # here, where the warning is ignored


def test_it_shows_what_nest_asyncio_replaces_and_what_a_task_costs_then() -> None:
    text = shown(cell_with(executed("06"), "nest_asyncio.apply()"))
    *replaced, cost = [line for line in text.splitlines() if line]
    assert replaced == REPLACED.splitlines()
    assert re.fullmatch(r"A task takes about \d+(\.5)? times as long\.", cost)


def test_nothing_is_replaced_that_is_not_on_the_list() -> None:
    script = run_script("""
        import asyncio, sys
        import nest_asyncio

        def everything():
            loop, policy = type(asyncio.get_running_loop()), type(asyncio.get_event_loop_policy())
            places = [module for name, module in sys.modules.items() if name.split(".")[0] in ("asyncio", "_asyncio")]
            places += [*loop.__mro__[:-1], *policy.__mro__[:-1]]
            return {(place, name): value for place in places for name, value in vars(place).items()}

        async def main():
            before = everything()
            nest_asyncio.apply()
            print(*{name for (place, name), value in everything().items() if before.get((place, name)) is not value})

        asyncio.run(main())
    """)
    assert script.err == ""
    listed = {line.split()[0].partition(".")[2] for line in REPLACED.splitlines()}
    under_other_names = {"_get_event_loop", "_CTask", "_CFuture"}
    assert set(script.out.split()) - ITS_OWN_NOTES == listed | under_other_names


def test_on_a_patched_loop_a_short_mail_waits_for_a_long_one_and_in_threads_it_does_not() -> None:
    on_the_loop = tasks(shown(cell_with(executed("06"), "order_guess.compare")))
    assert about(3.0, [ended for _, _, ended, _ in on_the_loop])
    assert [name for name, *_ in on_the_loop] == ["send_mail_async", "send_mail_async"]
    in_threads = tasks(shown(cell_with(executed("06", *CHANGED_AND_WRONG), "order_guess.compare")))
    short, long = [ended for _, _, ended, _ in in_threads]
    assert about(1.0, [short])
    assert about(3.0, [long])
    assert short < long


def test_the_clients_work_on_a_patched_kernel() -> None:
    text = shown(cell_with(executed("06", *CHANGED_AND_WRONG), 'choose("a"'))
    assert "real ['finished', 'finished']\nsimulated ['finished', 'finished']\n" in text


def test_it_asks_nothing_without_an_answer() -> None:
    notebook = executed("06")
    for words, guesses in (
        ("guess.compare(one_by_one", 2),
        ("sleepy_guess.compare", 1),
        ("script_guess.compare", 1),
        ("mail_guess.compare", 2),
        ("order_guess.compare", 2),
    ):
        assert shown(cell_with(notebook, words)).count("you have not guessed yet") == guesses
    assert "Put one of" in shown(cell_with(notebook, "choose("))


def test_right_guesses_are_called_right() -> None:
    notebook = executed("06", *RIGHT)
    for words, guesses in (
        ("guess.compare(one_by_one", 2),
        ("sleepy_guess.compare", 1),
        ("script_guess.compare", 1),
        ("mail_guess.compare", 2),
        ("order_guess.compare", 2),
    ):
        assert shown(cell_with(notebook, words)).count("Right!") == guesses
    assert shown(cell_with(notebook, "choose(")).startswith("**Right.**")


def test_wrong_guesses_are_told_what_was_seen() -> None:
    notebook = executed("06", *CHANGED_AND_WRONG)
    both = shown(cell_with(notebook, "guess.compare(one_by_one"))
    assert re.search(r"one by one: you guessed 1 s and it was [34]\.\d s, 2\.\d s later", both)
    assert re.search(r"together: you guessed 3 s and it was [12]\.\d s, [12]\.\d s earlier", both)
    assert "task end: you guessed 6 s and it was 3." in shown(cell_with(notebook, "sleepy_guess.compare"))
    assert "works: you guessed True and it was False." in shown(cell_with(notebook, "script_guess.compare"))
    mails = shown(cell_with(notebook, "mail_guess.compare"))
    assert "on the loop: you guessed finished and it was failed." in mails
    assert "in a thread: you guessed failed and it was finished." in mails
    order = shown(cell_with(notebook, "order_guess.compare"))
    assert "short mail: you guessed 3 and it was 1." in order
    assert "long mail: you guessed 4 and it was 3." in order
    assert "**Not quite.**" in shown(cell_with(notebook, 'choose("a"'))


def test_every_choice_has_an_answer_of_its_own() -> None:
    answers = {letter: the_patched_notebook.answer(letter) for letter in the_patched_notebook.choices}
    assert [letter for letter, answer in answers.items() if answer.right] == ["b"]
    assert len({answer.words for answer in answers.values()}) == len(answers) == 4


def test_it_has_the_same_outputs_when_it_is_built_again() -> None:
    assert_rebuilt_alike("06")


def test_it_shows_the_lessons_own_text() -> None:
    notebook = build.read(source_of("06"))
    for words, lesson in (
        ("def write_notification", awaiting),
        ("def send_mail_async", nested),
        ("def parts()", asyncio_parts),
    ):
        assert cell_with(notebook, words).source == own_text(lesson)


def test_the_async_app_answers_after_1_s_and_its_task_ends_after_3() -> None:
    with TestClient(awaiting.app, clock="simulated") as client:
        assert client.post("/send_info", params={"email": "a@example.com"}).json() == {
            "message": "Notification sent in the background"
        }
        timeline = client.drain()
    assert (timeline.requests[0].responded, timeline.tasks[0].ended) == (1.0, 3.0)


def test_no_other_notebook_is_patched() -> None:
    patched = [source.name for source in SOURCES if "nest_asyncio.apply" in source.read_text(encoding="utf-8")]
    assert patched == [source_of("06").name]
