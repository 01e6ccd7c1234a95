"""The commands of a classroom: exercises, check, grade, export."""

from pathlib import Path
from typing import Annotated

import typer

ExamOption = Annotated[
    Path | None, typer.Option("--exercises", metavar="FILE", help="A teacher's own file, instead of the library.")
]
ExamFile = Annotated[
    Path, typer.Option("--exercises", metavar="FILE", help="The teacher's file: questions and points.")
]

exercises = typer.Typer(
    help="List the exercises; begin one; run their self-test.", rich_markup_mode=None, invoke_without_command=True
)
export = typer.Typer(help="Write questions for students, or an nbgrader assignment.", rich_markup_mode=None)


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(exercises, name="exercises")
    app.command(short_help="Check an answer, or check it on every save.")(check)
    app.command(short_help="Grade a class.")(grade)
    app.add_typer(export, name="export", no_args_is_help=True)


@exercises.callback()
def _list(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        from bgdemo.cli import exercises as command

        command.list_all()


@exercises.command()
def start(
    name: Annotated[str, typer.Argument(metavar="NAME", help="An exercise, or a subject for all of its exercises.")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the files go.")] = Path(),
    seed: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="With other names or numbers, where the exercise varies.")
    ] = None,
) -> None:
    """Write the starter of an exercise into a file; what is there is never overwritten."""
    from bgdemo.cli import exercises as command

    command.start(name, folder, seed)


@exercises.command()
def verify(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="An exercise or a subject; all otherwise.")
    ] = None,
    exam: ExamOption = None,
) -> None:
    """Run the self-test: starters are not attempted, answers are right, each wrong answer gets its message."""
    from bgdemo.cli import exercises as command

    if not command.verify(name, exam):
        raise typer.Exit(1)


def check(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="A Python file or a notebook; with --watch, a folder too.")
    ] = None,
    exercise: Annotated[
        str | None, typer.Option(metavar="NAME", help="The exercise that FILE answers, if no line in it says so.")
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Check again when FILE is saved; go on to the next when you say so.")
    ] = False,
) -> None:
    """Check an answer: the same verdict, by the same checks, as in a notebook.

    Which exercise it answers is said by its first line, such as `# bgdemo: add_task.turn_the_route`. The exit
    code is 0 if all is right.
    """
    from bgdemo.cli import check as command
    from bgdemo.cli import watch as watching
    from bgdemo.cli.terminal import WrongUsage

    if watch:
        watching.run(file or Path(), exercise)
    elif file is None:
        raise WrongUsage("Which file? bgdemo check FILE, or bgdemo check --watch for all in this folder.")
    elif not command.run(file, exercise):
        raise typer.Exit(1)


def grade(
    submissions: Annotated[
        Path, typer.Argument(metavar="SUBMISSIONS", help="A folder with one file, or one folder, for each student.")
    ],
    exam: ExamFile,
    roster: Annotated[Path | None, typer.Option(metavar="FILE", help="The class: a CSV with id and name.")] = None,
    out: Annotated[Path, typer.Option(metavar="FILE", help="The results; a .json is written beside it.")] = Path(
        "results.csv"
    ),
    jobs: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Submissions at a time; one a processor otherwise.")
    ] = None,
    time: Annotated[float, typer.Option(metavar="SECONDS", min=1, help="That one answer may take.")] = 10.0,
    memory: Annotated[int, typer.Option(metavar="MB", min=128, help="That one answer may use.")] = 512,
) -> None:
    """Grade a class: points, messages, who is missing, what was misunderstood.

    Each answer runs in a process of its own, held to limits; what it does is judged outside of it. An interrupted
    grading goes on where it stopped. Needs Linux or macOS.

    It does not defend against an answer that makes its own process lie about what it did, nor against holes in the
    kernel. If you grade people who may try, run it in a container; TEACHING.md, "Grading a class", has the command.
    """
    from bgdemo.cli import grade as command

    command.run(submissions, command.GradeOptions(exam, roster, out, jobs, time, memory))


@export.command()
def handout(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where questions.py and questions.ipynb go.")],
    exam: ExamFile,
) -> None:
    """Write an exam's questions for students: statements and starters, no answers and no checks."""
    from bgdemo.cli import export as command

    command.handout(folder, exam)


@export.command()
def nbgrader(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder of the nbgrader course.")],
    exam: ExamOption = None,
    name: Annotated[str, typer.Option(metavar="NAME", help="The assignment's name.")] = "bgdemo",
) -> None:
    """Write an nbgrader assignment without answers, whose tests give the points that `bgdemo grade` gives."""
    from bgdemo.cli import export as command

    command.to_nbgrader(folder, name, exam)
