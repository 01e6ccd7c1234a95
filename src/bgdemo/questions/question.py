"""What a question is: lettered choices, each with an answer of its own, so that none is left without one."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """What a choice, or a guess, is answered with."""

    words: str
    right: bool | None
    """None if nothing was chosen or guessed yet."""

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
