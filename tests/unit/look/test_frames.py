"""Frames: what was sent arrives, however it is cut into pieces, and what makes no sense is never taken for a frame."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firedoor.look.frames import Frame, Garbled, Kind, Reader, Sender


def sent(contents: list[bytes]) -> bytes:
    output = io.BytesIO()
    sender = Sender(output)
    for content in contents:
        sending = sender.artifact("listing")
        sending.write(content)
        sending.end()
    sender.last()
    return output.getvalue()


@given(st.lists(st.binary(max_size=70_000), max_size=2), st.integers(1, 40_000))
def test_what_was_sent_arrives_however_it_is_cut(contents: list[bytes], step: int) -> None:
    stream, reader = sent(contents), Reader()
    frames = [frame for at in range(0, len(stream), step) for frame in reader.feed(stream[at : at + step])]
    assert frames[-1].kind is Kind.LAST
    kept = [b"".join(f.payload for f in frames if f.kind is Kind.DATA and f.about == n + 1) for n in range(len(contents))]
    assert kept == contents


@given(st.binary(max_size=3000))
def test_anything_at_all_is_a_frame_or_garbled(data: bytes) -> None:
    try:
        for frame in Reader().feed(data):
            frame.told()
    except Garbled:
        return


@given(st.integers(0, 400), st.integers(1, 255))
def test_a_flipped_bit_never_goes_unseen(at: int, flip: int) -> None:
    stream = bytearray(sent([b"x" * 300]))
    stream[at] ^= flip
    reader, kept = Reader(), []
    try:
        kept = list(reader.feed(bytes(stream)))
    except Garbled:
        return
    good = list(Reader().feed(sent([b"x" * 300])))
    assert kept != good


@pytest.mark.parametrize("lost", range(3))
def test_a_frame_that_is_lost_or_comes_too_late_never_goes_unseen(lost: int) -> None:
    output = io.BytesIO()
    sender, ends = Sender(output), [0]
    for number in range(3):
        sender.frame(Kind.DATA, 1, b"%d" % number)
        ends.append(output.tell())
    sender.frame(Kind.END, 1, {})
    stream = output.getvalue()
    before, frame, after = stream[: ends[lost]], stream[ends[lost] : ends[lost + 1]], stream[ends[lost + 1] :]
    for other in (before + after, before + after[: len(frame)] + frame + after[len(frame) :], before + frame + frame + after):
        with pytest.raises(Garbled):
            list(Reader().feed(other))


@pytest.mark.parametrize("payload", [b"[]", b"{", b"\xff", b"[" * 100_000, b"1"])
def test_what_tells_nothing_is_garbled(payload: bytes) -> None:
    with pytest.raises(Garbled):
        Frame(Kind.END, 1, payload).told()
