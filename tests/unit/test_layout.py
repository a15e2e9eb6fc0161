"""What the repository as a whole must be."""

from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_source_root_is_no_package() -> None:
    """With operator/__init__.py every Python started in the repository would lose the standard library's `operator`."""
    assert not (ROOT / "operator/__init__.py").exists()


def test_the_locks_carry_hashes_and_no_index() -> None:
    for lock in (ROOT / "requirements").glob("*.txt"):
        text = lock.read_text()
        assert "--hash=sha256:" in text
        assert "://" not in text
        assert "--index" not in text
