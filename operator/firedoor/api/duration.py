"""Durations as Kubernetes users write them: Go-style, such as 90s, 30m or 1h30m. Everyone may import it; pure."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import Field

PATTERN = r"^([0-9]{1,6}(s|m|h))+$"
_PART = re.compile(r"([0-9]+)([smh])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours"}

Duration = Annotated[str, Field(min_length=2, max_length=24, pattern=PATTERN)]


def parsed(duration: str) -> timedelta:
    """The length of a duration that meets the pattern."""
    return sum((timedelta(**{_UNITS[unit]: int(count)}) for count, unit in _PART.findall(duration)), timedelta())
