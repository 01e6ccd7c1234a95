"""The commands, their options and their help; what they do is in the module of the same name."""

import enum
import importlib.metadata
from pathlib import Path
from typing import Annotated

import typer

from bgdemo.cli import classroom
from bgdemo.cli.terminal import Failed, WrongUsage, use_utf8

app = typer.Typer(
    help="Watch FastAPI's background tasks: the response leaves, the task goes on, one timeline shows both.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class ClockChoice(enum.StrEnum):
    """The names that --clock knows."""

    real = "real"
    simulated = "simulated"


ClockOption = Annotated[
    ClockChoice,
    typer.Option(help="real: you feel every second. simulated: sleeping takes no time, and the seconds are exact."),
]


def main() -> None:
    """Run the command line; the `bgdemo` script and `python -m bgdemo` come here."""
    use_utf8()
    try:
        app(prog_name="bgdemo")
    except WrongUsage as error:
        typer.echo(f"Error: {error}", err=True)
        raise SystemExit(2) from None
    except Failed as error:
        typer.echo(f"Error: {error}", err=True)
        raise SystemExit(1) from None


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"bgdemo {importlib.metadata.version('bgdemo')}")
        raise typer.Exit


@app.callback()
def _bgdemo(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    pass


@app.command(
    short_help="See who waits: the article's experiment.",
    help="The article's experiment: the response at once, the wait for the task, both on one timeline.",
)
def demo(
    folder: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where the task writes its file; a temporary folder otherwise.")
    ] = None,
    clock: ClockOption = ClockChoice.real,
) -> None:
    from bgdemo.cli import demo as command

    command.run(folder, clock.value)


@app.command(
    short_help="Send requests to an app of your own.",
    help="""Send requests to an app of your own, one after another, and show the timeline of what came of them.

APP is module:name, as for uvicorn, found from the current folder; any FastAPI or Starlette app will do.
Its lifespan runs. The exit code is 1 if a task, a route or the start-up failed.

\b
Write each request as one argument in double quotes:
  "GET /items?page=2"
  "POST /items {'name': 'Ann', 'price': 3}"   a JSON body; single quotes pass every shell
  "POST /items @item.json"                    a JSON body from a file

\b
For example:
  bgdemo trace my_module:app "POST /send_info?email=a@example.com" "GET /ping"
""",
)
def trace(
    target: Annotated[str, typer.Argument(metavar="APP", help="The app: module:name.")],
    requests: Annotated[list[str], typer.Argument(metavar="REQUEST...", help="What to send, in this order.")],
    header: Annotated[
        list[str] | None,
        typer.Option("--header", "-H", metavar='"NAME: VALUE"', help="Sent with every request; may be repeated."),
    ] = None,
    svg: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the timeline as a picture.")] = None,
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the timeline as JSON.")] = None,
    clock: ClockOption = ClockChoice.real,
    drain_timeout: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", min=0, help="Wait so long for the tasks; without it, as long as they take."),
    ] = None,
    factory: Annotated[bool, typer.Option("--factory", help="APP is a function that makes the app.")] = False,
) -> None:
    from bgdemo.cli import trace as command

    options = command.TraceOptions(header or (), svg, json, clock.value, drain_timeout, factory)
    if not command.run(target, requests, options):
        raise typer.Exit(1)


@app.command(
    help="""Open the course in JupyterLab.

The notebooks are copied without their outputs into DIR, so that you predict before you see. What is there
already is never overwritten: your work stays, and new notebooks are added.
"""
)
def lab(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Your copy of the course.")] = Path("course"),
    reset: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Give one notebook back as it was, such as 05; yours is kept beside it."),
    ] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the address instead of opening it.")] = False,
    print_only: Annotated[
        bool, typer.Option("--print-only", help="Copy, and print the command that would start JupyterLab.")
    ] = False,
) -> None:
    from bgdemo.cli import lab as command

    if reset is not None:
        command.reset(folder, reset)
    else:
        command.run(folder, browser=not no_browser, start=not print_only)


@app.command(
    short_help="Check that the course can run here.",
    help="Check that the course can run here, and say the command that fixes what is missing.",
)
def doctor() -> None:
    from bgdemo.cli import doctor as command

    if not command.run():
        raise typer.Exit(1)


classroom.add_to(app)
