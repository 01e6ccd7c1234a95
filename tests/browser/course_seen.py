"""What each application must show of the copied course; test_jupyterlab.py and test_notebook_7.py run it."""

import re
from pathlib import Path

import pytest

from browser.application import Application
from browser.seen import SeenNotebook

NOT_GUESSED = "you have not guessed yet"


@pytest.mark.long
@pytest.mark.timeout(400)  # the real seconds of a notebook, in a browser, beside other tests
class CourseSeen:
    """Tests of one application, which the module's fixture `application` names."""

    def test_every_cell_runs_without_an_error(self, seen: SeenNotebook) -> None:
        for cell in seen.cells:
            assert "Traceback (most recent call last)" not in seen.shown[cell.place], cell.source

    def test_every_picture_is_there_whole_and_as_wide_as_it_was_drawn(self, seen: SeenNotebook) -> None:
        assert sum(cell.pictures for cell in seen.cells) >= 3
        for cell in seen.cells:
            pictures = seen.page.pictures(cell.place)
            assert len(pictures) == cell.pictures, cell.source
            assert all(picture.whole and picture.width == 760 and picture.height > 60 for picture in pictures)

    def test_a_picture_brings_its_own_ground_for_the_dark_theme(self, seen: SeenNotebook) -> None:
        seen.page.use_theme(dark=True)
        grounds = {picture.ground for cell in seen.cells for picture in seen.page.pictures(cell.place)}
        seen.page.use_theme(dark=False)

        assert grounds == {(255, 255, 255, 255)}

    def test_a_watched_task_is_seen_to_grow_in_one_place(self, seen: SeenNotebook) -> None:
        assert seen.frames or not seen.name.startswith("00")
        for frames in seen.frames.values():
            words = [picture for (picture,) in frames]  # one picture at each moment: the next takes its place
            assert "finished" not in words[0]
            assert "finished" in words[-1]
            assert len([picture for picture in set(words) if "is still running" in picture]) > 5

    def test_nothing_guessed_is_said_to_be_nothing_guessed(self, seen: SeenNotebook) -> None:
        assert NOT_GUESSED in seen.shown[seen.first(r"\.compare\(").place]

    def test_a_guess_that_is_typed_gets_its_verdict(self, seen: SeenNotebook) -> None:
        predict, compare = seen.first(r"predict\(.*\.\.\."), seen.first(r"\.compare\(")
        seen.page.type(predict.place, predict.source.replace("...", "3"))
        for cell in sorted({predict, compare}, key=lambda cell: cell.place):
            seen.page.run(cell.place)
        said = seen.page.shown(compare.place)

        assert "you guessed 3" in said
        assert NOT_GUESSED not in said

    def test_the_console_has_no_error(self, application: Application, seen: SeenNotebook) -> None:
        own = application.own_errors

        assert [error for error in seen.page.errors if not any(re.match(pattern, error) for pattern in own)] == []

    def test_screenshots_can_be_looked_at(
        self, application: Application, seen: SeenNotebook, screenshots: Path
    ) -> None:
        seen.page.save_screenshots(screenshots, height=1400)
        seen.page.use_theme(dark=False)
        kept = list(screenshots.glob(f"{application.name}-{seen.name}-*.png"))

        assert {path.stem.split("-")[2] for path in kept} == {"light", "dark"}
