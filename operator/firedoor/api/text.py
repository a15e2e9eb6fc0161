"""Words that may be an attacker's, made harmless to look at. Everyone may import it; pure."""


def printable(text: str) -> str:
    """The text with escapes for what could move a terminal's cursor or turn its direction."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
