"""Tokens: no file, no entrance; rotation takes effect; what can be guessed opens nothing."""

from pathlib import Path

import pytest

from firedoor.intake import tokens
from firedoor.intake.tokens import Tokens

GOOD, NEXT = "a-token-that-nobody-guesses", "another-token-that-nobody-guesses"


def given(folder: Path, content: str) -> Tokens:
    (folder / "falco").write_text(content)
    return Tokens(folder)


def test_the_right_token_opens_its_own_source_alone(tmp_path: Path) -> None:
    door = given(tmp_path, GOOD)
    assert door.open_to("falco", f"Bearer {GOOD}")
    assert not door.open_to("alertmanager", f"Bearer {GOOD}")


@pytest.mark.parametrize("header", [None, "", GOOD, f"Basic {GOOD}", "Bearer ", "Bearer wrong", f"Bearer {GOOD}x"])
def test_anything_else_does_not(tmp_path: Path, header: str | None) -> None:
    assert not given(tmp_path, GOOD).open_to("falco", header)


def test_a_source_without_a_token_is_closed(tmp_path: Path) -> None:
    assert not Tokens(tmp_path).open_to("falco", "Bearer ")
    assert not given(tmp_path, "").open_to("falco", "Bearer ")


def test_a_short_token_opens_nothing(tmp_path: Path) -> None:
    assert not given(tmp_path, "short").open_to("falco", "Bearer short")


def test_two_tokens_at_a_time_allow_rotation(tmp_path: Path) -> None:
    door = given(tmp_path, f"{GOOD}\n{NEXT}\n")
    assert door.open_to("falco", f"Bearer {GOOD}")
    assert door.open_to("falco", f"Bearer {NEXT}")
    assert tokens.FRESH_SECONDS < 5
