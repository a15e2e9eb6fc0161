"""Quantities of bytes mean what Kubernetes means by them."""

import pytest

from firedoor.api.quantity import parsed


@pytest.mark.parametrize(
    ("written", "found"), [("1", 1), ("64Mi", 64 << 20), ("1.5Gi", 3 << 29), ("2k", 2000), ("1T", 10**12), ("3Ti", 3 << 40)]
)
def test_a_quantity_is_so_many_bytes(written: str, found: int) -> None:
    assert parsed(written) == found
