"""Why a copy could not be made: one word for programs, one sentence for people. Everything of this package raises it."""

from typing import Final

from firedoor.api.text import printable

SAID_MOST: Final = 600


class Refused(Exception):
    """The copy cannot be made now. `passing`: the same request may well succeed in a moment."""

    def __init__(self, reason: str, message: str, *, passing: bool = False) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = printable(message)[:SAID_MOST]
        self.passing = passing
