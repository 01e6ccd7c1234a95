"""`bgdemo export`: questions for students, and for nbgrader."""

from pathlib import Path

from bgdemo.cli.terminal import Failed
from bgdemo.errors import GradingError
from bgdemo.grading.exports import nbgrader
from bgdemo.grading.exports.handout import write_handout
from bgdemo.grading.judging.exam import load_exam


def handout(folder: Path, exam: Path) -> None:
    """Write an exam's questions for students.

    Args:
        folder: made if it is not there.
        exam: the teacher's file.

    Raises:
        Failed: a file is there already, or cannot be written.
    """
    try:
        written = write_handout(folder, load_exam(exam))
    except FileExistsError as error:
        raise Failed(f"{error.filename} is there already, and stays as it is. Name another folder.") from None
    except (GradingError, OSError) as error:
        raise Failed(str(error)) from error
    print(*written, sep="\n")


def to_nbgrader(folder: Path, name: str, exam: Path | None) -> None:
    """Write an nbgrader assignment.

    Args:
        folder: of the course.
        name: of the assignment.
        exam: the teacher's file; None for the practice exercises.

    Raises:
        Failed: a file is there already, or cannot be written.
    """
    try:
        written = nbgrader.export(folder, name, exam)
    except GradingError as error:
        raise Failed(str(error)) from error
    print(*written, sep="\n")
    config = folder / "nbgrader_config.py"
    if config not in written:
        print(
            f"\n{config} stays as it is. Let it have this line, so that students see the starters:\n  {nbgrader.STUB}"
        )
    print(f"\nNext, in {folder}: nbgrader generate_assignment {name} --create")
