"""User text made fit to draw: one line, no control characters, measured and shortened."""

import re
import unicodedata
from collections.abc import Callable

ELLIPSIS = "…"
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_NARROW = frozenset("iljtfrI.,:;'`!|()[]/ -")
_WIDE = frozenset("mwMW@%&<>=+~—…\ufffd")


def clean(text: str, limit: int = 400) -> str:
    """The text on one line, without what a terminal would obey or XML forbids.

    Args:
        text: any text that a user's program made.
        limit: characters that are looked at; a task may have printed megabytes.

    Returns:
        The text with each run of white space as one space, and U+FFFD for a forbidden character.
    """
    head = text[:limit] + (ELLIPSIS if len(text) > limit else "")
    return "".join(_safe(character) for character in " ".join(head.split()))


def shown(value: object) -> str:
    """The repr of a value that anybody may have made: it may raise anything, SystemExit too."""
    try:
        return str.__str__(repr(value))  # a plain string, whatever kind of one it returned
    except BaseException as error:
        return f"<{_type_name(value)} whose repr raised {_type_name(error)}>"


def _type_name(value: object) -> str:
    try:
        return str.__str__(type(value).__name__)
    except BaseException:
        return "object"


def reason(error: str | None) -> str:
    """An error's message on one line, up to its first empty line: libraries put file names and code below it.

    Args:
        error: as a task's or a request's record has it.

    Returns:
        The words; "" if there was no error.
    """
    return clean((error or "").partition("\n\n")[0])


def _safe(character: str) -> str:
    if character in _BIDI:
        return ""
    if character in "\ufffe\uffff" or unicodedata.category(character) in ("Cc", "Cs"):
        return "\ufffd"
    return character


def cells(text: str) -> int:
    """How many columns of a terminal the text takes: two for a wide character, none for a combining mark."""
    return sum(_cell(character) for character in text)


def _cell(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def ems(text: str) -> float:
    """How wide the text is in a sans-serif font, in font sizes: a generous guess, since no font is known."""
    return sum(_em(character) for character in text)


def _em(character: str) -> float:
    if character in _NARROW:
        return 0.37
    if character in _WIDE:
        return 1.0
    if character.isupper() or character.isdigit():
        return 0.66
    return _cell(character) * (0.58 if _cell(character) == 1 else 0.52)


def shorten(text: str, room: float, measure: Callable[[str], float] = cells) -> str:
    """The text, or as much of its beginning as fits, with … for the rest.

    Args:
        text: one line.
        room: the width that there is, in the units of `measure`.
        measure: the width of a text; `cells` or `ems`.

    Returns:
        A text that is at most `room` wide.
    """
    room += 1e-6  # A room that was itself measured from this text has to hold it.
    if measure(text) <= room:
        return text
    left = room - measure(ELLIPSIS)
    kept = ""
    for character in text:
        left -= measure(character)
        if left < 0:
            break
        kept += character
    return kept.rstrip() + ELLIPSIS


def pad(text: str, columns: int) -> str:
    """The text, with spaces up to so many columns of a terminal."""
    return text + " " * (columns - cells(text))


_BETWEEN_WORDS = re.compile(r" (?!(?:s|ms|min)\b)|(?<!\d) ")


def wrap(text: str, room: float, measure: Callable[[str], float] = cells) -> list[str]:
    """The text as lines no wider than the room, broken at spaces, but not between a number and its unit.

    Args:
        text: one line.
        room: the width of a line, in the units of `measure`.
        measure: the width of a text; `cells` or `ems`.

    Returns:
        The lines, at least one; a word wider than a line is shortened.
    """
    lines = [""]
    for word in _BETWEEN_WORDS.split(text):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if measure(longer) <= room:
            lines[-1] = longer
        elif lines[-1]:
            lines.append(shorten(word, room, measure))
        else:
            lines[-1] = shorten(word, room, measure)
    return lines
