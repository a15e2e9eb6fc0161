"""The cursor of a log: wherever a stream is cut, what comes next is exactly what was missing."""

from hypothesis import given
from hypothesis import strategies as st

from firedoor.evidence.sources.cursor import Cursor, Mismatch, Overlap

words = st.binary(max_size=60).map(lambda raw: raw.replace(b"\n", b" "))
said = st.lists(st.tuples(st.integers(0, 4), words), max_size=12).map(sorted)


def log(told: list[tuple[int, bytes]]) -> list[bytes]:
    return [b"2026-11-24T10:00:%02d.%09dZ %s\n" % (second, number, word) for number, (second, word) in enumerate(told)]


def served(lines: list[bytes], since: str) -> bytes:
    """As the kubelet answers: every line that is not before the second."""
    return b"".join(line for line in lines if line[:19] >= since[:19].encode())


@given(said, st.data())
def test_a_log_that_is_cut_anywhere_any_number_of_times_is_whole_in_the_end(
    told: list[tuple[int, bytes]], data: st.DataObject
) -> None:
    lines, kept, cursor = log(told), b"", Cursor()
    whole = b"".join(lines)
    while kept != whole:
        overlap, stream = Overlap(cursor), served(lines, cursor.since)
        cut = data.draw(st.integers(0, len(stream)))
        step = data.draw(st.integers(1, 80))
        for begin in range(0, cut, step):
            new = overlap.feed(stream[begin : min(cut, begin + step)])
            kept += new
            cursor.take(new)
        assert whole.startswith(kept)
        if cut == len(stream):
            break
    assert kept == whole


def test_a_log_that_goes_on_with_something_else_is_told() -> None:
    cursor = Cursor()
    cursor.take(b"2026-11-24T10:00:00.000000001Z hello\n")
    overlap = Overlap(cursor)
    try:
        overlap.feed(b"2026-11-24T10:00:00.000000001Z HELLO\n")
    except Mismatch:
        return
    raise AssertionError("another log was taken for this one")


def test_a_line_of_fifty_megabytes_is_looked_at_once() -> None:
    cursor = Cursor()
    cursor.take(b"2026-11-24T10:00:00.000000001Z ")
    for _ in range(50):
        cursor.take(b"x" * (1 << 20))
    assert (cursor.second, cursor.length) == (b"2026-11-24T10:00:00", 31 + (50 << 20))
