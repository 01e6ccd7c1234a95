"""`bgdemo grade`: the scores of a class, and what it has misunderstood."""

import contextlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bgdemo.cli.terminal import Failed, LiveLine, Screen, WrongUsage, plural, seconds
from bgdemo.display.words import clean
from bgdemo.errors import GradingError
from bgdemo.grading.judging.platform import refuse_elsewhere

if TYPE_CHECKING:
    from bgdemo.grading.judging.grade import Graded

MOST = 8
"""Misconceptions that are shown; the JSON has all."""


@dataclass(frozen=True, slots=True)
class GradeOptions:
    """How to grade.

    Attributes:
        exam: the teacher's file.
        roster: the class, or None.
        out: the results' file, .csv.
        jobs: submissions at a time; None for one on each processor.
        time: seconds that one answer may take.
        memory: MB that one answer may use.
    """

    exam: Path
    roster: Path | None
    out: Path
    jobs: int | None
    time: float
    memory: int


def run(submissions: Path, options: GradeOptions) -> None:
    """Grade the submissions in a folder, write the results, and show the class at a glance.

    Raises:
        WrongUsage: the results cannot go where they are to go.
        Failed: it cannot be done, or was interrupted; what is done is kept.
    """
    if options.out.suffix != ".csv" or not options.out.absolute().parent.is_dir():
        raise WrongUsage(f"--out is a .csv file in a folder that is there, not {options.out}.")
    try:
        refuse_elsewhere()
        _grade(submissions, options)
    except GradingError as error:
        raise Failed(str(error)) from error


def _grade(submissions: Path, options: GradeOptions) -> None:
    from bgdemo.grading.judging.grade import Grading, grade
    from bgdemo.grading.walls.limits import Limits

    screen = Screen()
    limits = Limits(seconds=options.time, memory=options.memory)
    grading = Grading(submissions, options.exam, options.out, options.roster, limits, options.jobs)
    began = time.monotonic()
    done, total = 0, 0
    line: LiveLine | None = None
    with contextlib.ExitStack() as stack:

        def show(now: int, of: int, last: str) -> None:
            nonlocal done, total, line
            done, total = now, of
            line = line or stack.enter_context(screen.live_line("grading", total=of, counts=True))
            line.show(now, clean(last, 40) or "grading")

        try:
            graded = grade(grading, show)
        except KeyboardInterrupt:
            raise Failed(
                f"Stopped: {done} of {plural(total, 'submission')} are graded, and kept. The same command goes on."
            ) from None
    screen.say(f"{plural(graded.summary.handed_in, 'submission')} graded in {seconds(time.monotonic() - began)}.")
    if graded.taken_over:
        screen.say(f"{graded.taken_over} of them had been graded before it was interrupted.")
    if graded.landlock == 0:
        screen.say("This kernel has no Landlock: see TEACHING.md for what submissions could read, written in C.")
    _show(screen, graded)
    screen.say(f"\nWritten: {options.out}, {options.out.with_suffix('.json')}")


def _show(screen: Screen, graded: "Graded") -> None:
    summary = graded.summary
    for one in summary.questions:
        verdicts = ", ".join(f"{count} {verdict}" for verdict, count in one.verdicts.items())
        screen.say(f"  {one.question:26} {one.mean:g} of {one.out_of:g} points on average: {verdicts}")
    if summary.misconceptions:
        screen.say("\nMost often:")
    for found in summary.misconceptions[:MOST]:
        screen.say(f"  {plural(found.students, 'student')}, {found.question}: {clean(found.message, 300)}")
    if summary.missing:
        screen.say(f"\nMissing: {', '.join(map(clean, summary.missing))}")
    if summary.unknown and len(summary.unknown) < len(graded.rows):
        screen.say(f"\nNot on the roster: {', '.join(map(clean, summary.unknown))}")
