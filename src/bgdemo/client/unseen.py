"""The errors that nobody has seen: each is raised once, or added as a note to the one on its way."""

from bgdemo.record.log import describe


class UnseenErrors:
    """What background work raised behind its client's back. On any thread."""

    def __init__(self) -> None:
        self._errors: list[BaseException] = []

    def keep(self, error: BaseException) -> None:
        """Keep an error until somebody looks."""
        self._errors.append(error)

    def forget(self) -> None:
        """Nobody wants to know of what there is now."""
        self._errors.clear()

    def raise_or_add_to(self, error: BaseException | None) -> None:
        """Raise the errors, several as one group; where `error` is on its way already, add notes to it instead."""
        unseen, self._errors = self._errors, []
        if error is not None:
            for other in unseen:
                error.add_note(f"Besides, background work raised {describe(other)}")
        elif len(unseen) == 1:
            raise unseen[0]
        elif unseen:
            raise BaseExceptionGroup(f"{len(unseen)} pieces of background work failed", unseen)


def causes(error: BaseException) -> set[int]:
    """The ids of an exception and of all that it was raised from."""
    found: set[int] = set()
    left: list[BaseException | None] = [error]
    while left:
        cause = left.pop()
        if cause is not None and id(cause) not in found:
            found.add(id(cause))
            left += [cause.__cause__, cause.__context__, *getattr(cause, "exceptions", ())]
    return found
