"""The course's questions: every choice has an answer of its own, and none is left without one."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """What a choice is answered with."""

    words: str
    right: bool | None
    """None if nothing was chosen."""

    def __str__(self) -> str:
        return self.words

    def _repr_markdown_(self) -> str:
        return self.words

    def __repr__(self) -> str:
        return self.words


@dataclass(frozen=True, slots=True, repr=False)
class Question:
    """A question with lettered choices; a notebook shows it as a list."""

    text: str
    choices: dict[str, tuple[str, str]]
    """By letter: what can be chosen, and the answer to whoever chooses it."""
    right: str
    """The letter of the right choice."""

    def answer(self, letter: str | None) -> Answer:
        """The answer to a choice.

        Args:
            letter: of one of the choices, in either case; None for not chosen yet.
        """
        letters = ", ".join(f'"{known}"' for known in self.choices)
        if letter is None:
            return Answer(f"{self}\n\nPut one of {letters} in the place of `...` and run the cell again.", None)
        chosen = str(letter).strip().lower()
        if chosen not in self.choices:
            return Answer(f"There is no choice {letter!r}: choose one of {letters}.", None)
        verdict = "Right." if chosen == self.right else "Not quite."
        return Answer(f"**{verdict}** {self.choices[chosen][1]}", chosen == self.right)

    def __str__(self) -> str:
        return "\n".join([self.text, "", *(f"- **{letter}**: {text}" for letter, (text, _) in self.choices.items())])

    def __repr__(self) -> str:  # not the fields: they hold the answers
        return str(self)

    def _repr_markdown_(self) -> str:
        return str(self)


who_waited = Question(
    text="The background app's mail took 7 s as well. Who waited for it?",
    choices={
        "a": (
            "The client: it sent the request.",
            "Look at the second picture again: the client's response is there at 0 s, and the bar of the task goes on "
            "for 7 s after it. The client was long gone.",
        ),
        "b": (
            "Nobody who sent a request: the task ran after the response, inside the server.",
            "The server's process did the work, in one of its threads, after the response had left.",
        ),
        "c": (
            "Nobody at all: in the background the function takes no time.",
            "The bar of the task is just as long as the wait in the first picture, 7 s. The work is not gone and not "
            "faster. It only starts when the response has left.",
        ),
        "d": (
            "The file: it was written at once, and the rest was waiting.",
            "You read the file right after the response, and it was not there. It came at 5 s, when the task wrote it.",
        ),
    },
    right="b",
)
