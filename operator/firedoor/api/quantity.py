"""Quantities of bytes as Kubernetes users write them, such as 64Mi or 1.5G. Everyone may import it; pure."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field

PATTERN = r"^[1-9][0-9]*(\.[0-9]+)?(Ki|Mi|Gi|Ti|k|M|G|T)?$"
_UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}

Quantity = Annotated[str, Field(max_length=32, pattern=PATTERN)]


def parsed(quantity: str) -> int:
    """The bytes of a quantity that meets the pattern."""
    number = quantity.rstrip("kKMGTi")
    return int(Decimal(number) * _UNITS[quantity.removeprefix(number)])
