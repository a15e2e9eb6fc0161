"""Whatever lies in a bag's folder, checking ends with faults that are named: never with a traceback, never without an end."""

import base64
import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firedoor.cli.verify import judge
from firedoor.evidence.contents import CONTENT_MOST
from firedoor.evidence.ecdsa import signed as ecdsa_signed
from firedoor.evidence.signature import PAYLOAD_TYPE, check, key_id, pae
from tests.keys import public_pem
from tests.unit.evidence.test_signature import KEY, KEYS, signed

TAGS = (
    "bagit.txt",
    "bag-info.txt",
    "capture.json",
    "custody.jsonl",
    "manifest-sha256.txt",
    "manifest-sha512.txt",
    "tagmanifest-sha256.txt",
    "tagmanifest-sha512.txt",
    "signature.dsse.json",
    "signature.ecdsa",
)
DEEP = b'{"a":' * 990 + b"1" + b"}" * 990
CONTENTS = {
    "nothing": b"",
    "no utf-8": b"\xff\xfe\n",
    "endless nesting": b"[" * 100_000 + b"\n",
    "deep nesting": DEEP + b"\n",
    "a huge number": b"1" * 5000 + b"\n",
    "null": b"null\n",
    "empty object": b"{}\n",
    "NULs": b"\0" * 1000,
    "odd line ends": b"a\rb\x0bc\x85d\xe2\x80\xa8e\r\n\n\n",
}


@pytest.fixture
def bag(tmp_path: Path) -> Path:
    bag = signed(tmp_path)
    for file in (bag, *bag.rglob("*")):
        file.chmod(0o700)
    return bag


def judged(bag: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """What is said of a bag that is not whole."""
    key = bag.parent / "key.pem"
    key.write_text(public_pem(KEY))
    assert judge(bag, [key]) == 1
    said = capsys.readouterr().out
    assert said.isascii()
    return said


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
def test_any_content_of_any_tag_file_is_a_fault_of_it(bag: Path, content: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    for name in TAGS:
        before = (bag / name).read_bytes()
        (bag / name).write_bytes(content)
        assert name in judged(bag, capsys)
        (bag / name).write_bytes(before)


def fifo(place: Path) -> None:
    os.mkfifo(place)


def socket_file(place: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(os.path.relpath(place))  # a socket's name has to be short


def loop(place: Path) -> None:
    place.symlink_to(place.name)


def device(place: Path) -> None:
    place.symlink_to("/dev/zero")


def folder(place: Path) -> None:
    place.mkdir()


def giant(place: Path) -> None:
    """Too much to be held in memory; a hole on the disk."""
    place.touch()
    os.truncate(place, CONTENT_MOST + 1)


SPECIAL = [fifo, socket_file, loop, device, folder]


@pytest.mark.parametrize("made", SPECIAL)
def test_whatever_is_in_the_place_of_a_file_is_a_fault_of_it(
    bag: Path, made: Callable[[Path], None], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(bag)
    for name in (*TAGS, "data/00-pod/pod.json", "data/planted", "planted"):
        place, aside = bag / name, bag.parent / "aside"
        if there := place.exists():
            place.rename(aside)
        made(place)
        assert name in judged(bag, capsys)
        place.rmdir() if place.is_dir() else place.unlink()
        if there:
            aside.rename(place)


@pytest.mark.parametrize("name", ["custody.jsonl", "manifest-sha256.txt", "signature.dsse.json", "signature.ecdsa"])
def test_a_file_that_is_too_large_to_be_one_of_firedoors_is_a_fault(
    bag: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (bag / name).unlink()
    giant(bag / name)
    assert f"{name}: " in judged(bag, capsys)


@contextmanager
def nested(folder: Path, depth: int) -> Iterator[None]:
    """Folders in folders, which nothing that goes by paths or recursion could take away again."""
    home = Path.cwd()
    os.chdir(folder)
    for _ in range(depth):
        Path("a").mkdir()
        os.chdir("a")
    Path("planted").touch()
    try:
        yield
    finally:
        Path("planted").unlink()
        for _ in range(depth):
            os.chdir("..")
            Path("a").rmdir()
        os.chdir(home)


@pytest.mark.parametrize("depth", [1100, 3000])
def test_folders_without_end_are_a_fault(bag: Path, depth: int, capsys: pytest.CaptureFixture[str]) -> None:
    with nested(bag / "data", depth):
        assert "data/a/a/a" in judged(bag, capsys)


@contextmanager
def as_nobody() -> Iterator[Path]:
    """A folder of the one who runs this, who is not root: root may read everything."""
    user = os.geteuid() or 65534
    with TemporaryDirectory() as folder:
        os.chown(folder, user, -1)
        before = os.geteuid()
        os.seteuid(user)
        try:
            yield Path(folder)
        finally:
            os.seteuid(before)


@pytest.mark.parametrize("name", [*TAGS, "data/00-pod/pod.json", "data/00-pod", "data"])
def test_what_may_not_be_read_is_a_fault(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with as_nobody() as folder:
        bag = signed(folder)
        (bag / name).chmod(0)
        try:
            assert name in judged(bag, capsys)
        finally:
            (bag / name).chmod(0o700)


ODD: list[Any] = [None, True, 1, 1.5, "", "x", "\0", "\ud800", [], [1], {}, {"sha256": 1}]


def custody_lines() -> Iterator[dict[str, Any]]:
    for odd in ODD:
        yield {"seq": odd, "prev": odd, "action": odd, "object": odd, "artifact": odd}
        yield {"action": "artifact.dropped", "object": odd}
        yield {"object": odd, "artifact": {"hashes": odd}}
        yield {"object": "bagit.txt", "artifact": {"hashes": {"sha256": odd}}}


@pytest.mark.parametrize("line", list(custody_lines()), ids=lambda line: ascii(line)[:60])
def test_any_line_of_custody_is_a_fault(bag: Path, line: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    with (bag / "custody.jsonl").open("ab") as custody:
        custody.write(json.dumps(line).encode() + b"\n")
    assert "CustodyBroken: custody.jsonl" in judged(bag, capsys)


LEAVES = st.none() | st.booleans() | st.integers() | st.text()
JSON = st.recursive(LEAVES, lambda one: st.lists(one) | st.dictionaries(st.text(), one))
STATEMENTS = st.fixed_dictionaries(
    {},
    optional={
        "subject": JSON | st.lists(st.fixed_dictionaries({}, optional={"name": JSON, "digest": JSON})),
        "predicate": JSON | st.fixed_dictionaries({}, optional={"custodyHead": JSON, "signatures": JSON}),
    },
)


def test_a_line_of_custody_that_is_nested_as_deep_as_can_be_is_a_fault(bag: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Somewhere between what can be read and what cannot lies what can be read, but not be written again."""
    custody = (bag / "custody.jsonl").read_bytes()
    for depth in range(700, 1000, 5):
        deep = b"[" * depth + b"]" * depth
        lines = b'{"object":%s}\n{"object":"bagit.txt","artifact":{"hashes":{"sha256":%s}}}\n' % (deep, deep)
        (bag / "custody.jsonl").write_bytes(custody + lines)
        assert "CustodyBroken: custody.jsonl" in judged(bag, capsys)


def envelope(body: bytes, signature: bytes) -> bytes:
    """As firedoor writes it, around anything."""
    signatures = [{"keyid": key_id(KEY.public_key()), "sig": base64.b64encode(signature).decode()}]
    words = {"payload": base64.b64encode(body).decode(), "payloadType": PAYLOAD_TYPE, "signatures": signatures}
    return json.dumps(words, separators=(",", ":")).encode() + b"\n"


@pytest.fixture(scope="module")
def one_bag(tmp_path_factory: pytest.TempPathFactory) -> Path:
    bag = signed(tmp_path_factory.mktemp("volume"))
    (bag / "signature.dsse.json").chmod(0o600)
    return bag


@given(statement=STATEMENTS | JSON)
def test_any_statement_is_a_fault_whether_it_is_signed_or_not(one_bag: Path, statement: Any) -> None:
    body = json.dumps(statement).encode()
    for signature in (b"x", ecdsa_signed(KEY, pae(body))):
        (one_bag / "signature.dsse.json").write_bytes(envelope(body, signature))
        assert check(one_bag, KEYS)


@pytest.mark.parametrize("body", [*CONTENTS.values(), b'{"predicate":{"custodyHead":"x"}}'])
def test_any_body_of_an_envelope_is_a_fault_and_hides_no_other(
    bag: Path, body: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    (bag / "data/00-pod/pod.json").write_bytes(b"altered")
    for signature in (b"x", ecdsa_signed(KEY, pae(body))):
        (bag / "signature.dsse.json").write_bytes(envelope(body, signature))
        said = judged(bag, capsys)
        assert "ChecksumMismatch: data/00-pod/pod.json" in said
        assert "signature.dsse.json" in said
