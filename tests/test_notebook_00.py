"""Notebook 00, Does the client wait?: it shows what it claims, and answers what it asks."""

import re

from bgdemo.exercises.library.add_task.turn_the_route import exercise
from bgdemo.lessons import who_waits
from course import assert_rebuilt_alike, build, cell_with, code_cells, executed, own_text, shown, source_of


def seconds(pattern: str, text: str) -> list[float]:
    """The numbers that the first match of a pattern has."""
    found = re.search(pattern, text)
    assert found is not None, text
    return [float(number) for number in found.groups()]


LATE = 2.0
"""Seconds by which a busy machine may be late; real time never runs ahead."""


def test_it_shows_what_it_claims() -> None:
    notebook = executed("00")
    waited = r"Response at ([\d.]+) s: the client waited ([\d.]+) s; no task was added\."
    assert all(7.0 <= each <= 7.0 + LATE for each in seconds(waited, shown(cell_with(notebook, "(waiting)"))))
    first_look, second_look = [cell for cell in code_cells(notebook) if "file.read_text" in cell.source]
    assert "not there yet" in shown(first_look)
    for name, words in (("write_notification", "watch(client_2"), ("send_mail", "client_3.post")):
        did_not_wait = rf"Response at ([\d.]+) s; {name} ended at ([\d.]+) s"
        response, ended = seconds(did_not_wait, shown(cell_with(notebook, words)))
        assert response <= LATE
        assert 7.0 <= ended <= 7.0 + 2 * LATE
    assert "notification for a@example.com: some notification" in shown(second_look)
    assert shown(cell_with(notebook, "turn_the_route.check")).startswith("Not attempted.")


def test_it_asks_nothing_without_an_answer() -> None:
    notebook = executed("00")
    assert shown(cell_with(notebook, "guess.compare(waiting")).count("you have not guessed yet") == 2
    assert shown(cell_with(notebook, "second_guess.compare")).count("you have not guessed yet") == 2
    assert "Put one of" in shown(cell_with(notebook, "choose("))


def test_it_has_the_same_outputs_when_it_is_built_again() -> None:
    assert_rebuilt_alike("00")


def test_it_shows_the_lesson_s_own_text() -> None:
    assert cell_with(build.read(source_of("00")), "waiting = FastAPI()").source == own_text(who_waits)


def test_it_gives_the_exercise_s_own_starter_and_statement() -> None:
    notebook = build.read(source_of("00"))
    assert cell_with(notebook, "def send_receipt").source == exercise.starter.strip()
    assert any(exercise.statement.strip() in cell.source for cell in notebook.cells)
