"""The bag: what strangers' tools accept, what a crash leaves, and what an altered byte betrays."""

import contextlib
import hashlib
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import bagit
import pytest

from firedoor.evidence.bag import Bag
from firedoor.evidence.verify import tell, verify

ARTIFACTS = {"data/00-pod/pod.json": b'{"kind": "Pod"}', "data/01-logs/web/current.log": b"2026-01-01T00:00:00Z hello\n" * 100}
INFORMATION = {"External-Identifier": "uid-1", "Capture-Status": "complete"}


def clock() -> Iterator[str]:
    return (f"2026-01-01T00:00:{number:02d}.000000Z" for number in itertools.count())


def opened(root: Path) -> Bag:
    times = clock()
    return Bag(root, "incident-1", {"pod_name": "collector"}, lambda: next(times))


def filled(root: Path, artifacts: Mapping[str, bytes] = ARTIFACTS) -> Path:
    bag = opened(root)
    for path, content in artifacts.items():
        with bag.artifact(path, {"kind": "test"}) as writer:
            writer.write(content)
    bag.seal(INFORMATION, {})
    return root / "incident-1"


def accepted_by_others(bag: Path) -> bool:
    bagit.Bag(str(bag)).validate()
    return all(_sums(bag, algorithm) for algorithm in ("sha256", "sha512"))


def _sums(bag: Path, algorithm: str) -> bool:
    command = [f"{algorithm}sum", "-c", "--quiet", f"manifest-{algorithm}.txt", f"tagmanifest-{algorithm}.txt"]
    return subprocess.run(command, cwd=bag, check=False, capture_output=True).returncode == 0


def test_a_sealed_bag_is_accepted_by_bagit_sha256sum_and_our_own_verification(tmp_path: Path) -> None:
    bag = filled(tmp_path)
    assert accepted_by_others(bag)
    assert verify(bag) == []


def test_a_flipped_bit_is_named_wherever_it_is(tmp_path: Path) -> None:
    bag = filled(tmp_path)
    for file in [file for file in sorted(bag.rglob("*")) if file.is_file()]:
        before = file.read_bytes()
        file.chmod(0o600)
        file.write_bytes(before[:-2] + bytes([before[-2] ^ 1]) + before[-1:])
        name = str(file.relative_to(bag))
        found = verify(bag)
        assert found, name
        assert name.startswith("tagmanifest-") or any(name in finding.where for finding in found)
        file.write_bytes(before)
    assert verify(bag) == []


def test_what_the_volume_does_not_give_back_as_it_was_captured_is_said_when_the_bag_is_sealed(tmp_path: Path) -> None:
    bag, events = opened(tmp_path), "data/00-pod/events.json"
    for path, content in {**ARTIFACTS, events: b"[]"}.items():
        with bag.artifact(path, {"kind": "test"}) as writer:
            writer.write(content)
    pod, log = ARTIFACTS
    (bag.folder / pod).write_bytes(b'{"kind": "Node"}')
    (bag.folder / events).unlink()
    bag.seal(INFORMATION, {})

    sealed = tmp_path / "incident-1"
    told = json.loads((sealed / "capture.json").read_bytes())["artifacts"]
    assert {one["path"]: one["status"] for one in told} == {pod: "partial", log: "complete", events: "failed"}
    assert {one.get("reason") for one in told} == {None, "ReadErrors"}
    assert accepted_by_others(sealed)
    assert {finding.kind for finding in verify(sealed)} == {"CustodyDisagrees"}


def test_files_that_were_added_or_removed_are_named(tmp_path: Path) -> None:
    bag = filled(tmp_path)
    for folder in (bag, bag / "data", bag / "data/00-pod"):
        folder.chmod(0o755)
    (bag / "data/planted").write_text("x")
    (bag / "data/00-pod/pod.json").unlink()
    kinds = {(finding.kind, finding.where) for finding in verify(bag)}
    assert ("UnexpectedFile", "data/planted") in kinds
    assert ("FileMissing", "data/00-pod/pod.json") in kinds


@pytest.mark.parametrize("edit", ["drop", "swap", "insert"])
def test_a_custody_line_that_was_dropped_moved_or_put_in_is_named(tmp_path: Path, edit: str) -> None:
    bag = filled(tmp_path)
    file = bag / "custody.jsonl"
    lines = file.read_bytes().splitlines(keepends=True)
    edited = {"drop": lines[:1] + lines[2:], "swap": [lines[1], lines[0], *lines[2:]], "insert": [lines[0], lines[0], *lines[1:]]}
    file.chmod(0o600)
    file.write_bytes(b"".join(edited[edit]))
    assert "CustodyBroken" in {finding.kind for finding in verify(bag)}


def test_names_from_the_evidence_never_become_paths(tmp_path: Path) -> None:
    bag = opened(tmp_path)
    for path in ("data/../../etc/passwd", "data/a b", "/data/x", "data/.hidden", "outside"):
        with pytest.raises(ValueError, match="no path for a bag"), bag.artifact(path, {}):
            pass


def test_a_collector_that_starts_again_goes_on_and_keeps_what_was_cut_off(tmp_path: Path) -> None:
    first = opened(tmp_path)
    with first.artifact("data/00-pod/pod.json", {}) as writer:
        writer.write(b"whole")
    cut = tmp_path / "incident-1.partial/data/01-logs/web/current.log.part"
    cut.parent.mkdir(parents=True)
    cut.write_bytes(b"half a lo")

    second = opened(tmp_path)
    assert second.has("data/00-pod/pod.json")
    with second.artifact("data/01-logs/web/current.log", {}) as writer:
        writer.write(b"the whole log")
    second.seal(INFORMATION, {})

    sealed = tmp_path / "incident-1"
    assert accepted_by_others(sealed)
    assert (sealed / "data/01-logs/web/current.log.salvaged").read_bytes() == b"half a lo"


CRASHING = """
import os, sys
sys.path[:0] = {paths!r}
from pathlib import Path
calls = 0
def crash(after):
    def counted(*arguments, **named):
        global calls
        calls += 1
        if calls == {step}:
            os._exit(9)
        return after(*arguments, **named)
    return counted
for name in ("write", "fsync", "open", "rename", "mkdir", "unlink"):
    setattr(os, name, crash(getattr(os, name)))
from tests.unit.evidence.test_bag import filled
filled(Path({root!r}))
"""


def test_a_crash_at_any_write_leaves_what_the_next_collector_can_seal(tmp_path: Path) -> None:
    """Every call that writes is a moment to die at; the next collector always ends with a bag that others accept."""
    for step in itertools.count(1):
        root = tmp_path / f"step-{step}"
        root.mkdir()
        script = CRASHING.format(paths=sys.path, step=step, root=str(root))
        crashed = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True)
        if crashed.returncode == 0:
            break
        assert crashed.returncode == 9, crashed.stderr.decode()
        if not (root / "incident-1").exists():
            again = opened(root)
            for path, content in ARTIFACTS.items():
                if not again.has(path):
                    with again.artifact(path, {}) as writer:
                        writer.write(content)
            again.seal(INFORMATION, {})
        assert accepted_by_others(root / "incident-1")
        for path, content in ARTIFACTS.items():
            assert (root / "incident-1" / path).read_bytes() == content
    assert step > 20


@pytest.fixture
def small_volume(tmp_path: Path) -> Iterator[Path]:
    """A file system of two mebibytes."""
    if os.geteuid() != 0:
        pytest.skip("a small file system needs root to be mounted")
    place = tmp_path / "volume"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "small", str(place)], check=True)
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_volume_still_gives_a_sealed_bag_with_what_fitted(small_volume: Path) -> None:
    bag = opened(small_volume)
    with bag.artifact("data/02-files/web/files.tar", {}) as writer:
        for _ in range(64):
            writer.write(b"x" * (1 << 16))
    bag.seal(INFORMATION, {})

    told = bag.artifacts["data/02-files/web/files.tar"]
    assert (told.status, told.reason) == ("partial", "VolumeFull")
    assert 0 < told.bytes < 2 << 20
    assert accepted_by_others(small_volume / "incident-1")


def test_a_volume_that_was_full_from_the_start_still_gives_a_sealed_bag(small_volume: Path) -> None:
    (small_volume / "foreign").write_bytes(b"x" * ((2 << 20) - (40 << 10)))
    bag = opened(small_volume)
    assert bag.full
    with bag.artifact("data/00-pod/pod.json", {}) as writer:
        writer.write(b"{}")
    bag.seal(INFORMATION, {})
    assert accepted_by_others(small_volume / "incident-1")


def test_a_collector_that_starts_again_on_a_full_volume_seals_what_there_is(small_volume: Path) -> None:
    cut = small_volume / "incident-1.partial/data/02-files/web/files.tar.part"
    cut.parent.mkdir(parents=True)
    with contextlib.suppress(OSError), cut.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * (1 << 12))
    os.truncate(cut, cut.stat().st_size - (32 << 10))
    opened(small_volume).seal(INFORMATION, {})
    assert accepted_by_others(small_volume / "incident-1")


def test_an_interruption_is_never_taken_for_an_end(tmp_path: Path) -> None:
    bag = opened(tmp_path)
    with contextlib.suppress(RuntimeError), bag.artifact("data/01-logs/web/current.log", {}) as writer:
        writer.write(b"half")
        raise RuntimeError
    assert bag.artifacts["data/01-logs/web/current.log"].reason == "Interrupted"
    assert not bag.has("data/01-logs/web/current.log")


def test_a_payload_altered_with_all_its_manifests_is_still_named_by_custody(tmp_path: Path) -> None:
    bag = filled(tmp_path)
    for file in (bag, *bag.rglob("*")):
        file.chmod(0o700)
    (bag / "data/00-pod/pod.json").write_bytes(b'{"kind": "Pot"}')
    for algorithm in ("sha256", "sha512"):
        _rewrite(bag, f"manifest-{algorithm}.txt", algorithm)
    for algorithm in ("sha256", "sha512"):
        _rewrite(bag, f"tagmanifest-{algorithm}.txt", algorithm)
    assert accepted_by_others(bag)
    assert {finding.kind for finding in verify(bag)} == {"CustodyDisagrees"}


def _rewrite(bag: Path, manifest: str, algorithm: str) -> None:
    paths = [line.split("  ")[1] for line in (bag / manifest).read_text().splitlines()]
    digests = {path: hashlib.new(algorithm, (bag / path).read_bytes()).hexdigest() for path in paths}
    (bag / manifest).write_text("".join(f"{digest}  {path}\n" for path, digest in digests.items()))


def test_a_planted_link_or_an_entry_that_stands_twice_is_named(tmp_path: Path) -> None:
    bag = filled(tmp_path)
    for file in (bag, *bag.rglob("*")):
        file.chmod(0o700)
    (bag / "data/link").symlink_to("/etc")
    with (bag / "manifest-sha256.txt").open("a") as manifest:
        manifest.write(f"{'0' * 64}  data/../../x\n")
    found = {(finding.kind, finding.where) for finding in verify(bag)}
    assert {("UnexpectedFile", "data/link"), ("BagMalformed", "manifest-sha256.txt line 3")} <= found


def test_a_hostile_name_is_escaped_in_the_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bag = filled(tmp_path)
    (bag / "data").chmod(0o700)
    (bag / "data/\x1b]0;owned\x07").touch()
    assert tell(bag, verify(bag)) == 1
    printed = capsys.readouterr().out
    assert "\\x1b]0;owned" in printed
    assert "\x1b" not in printed


def test_the_books_of_a_hundred_artifacts_still_fit_when_the_volume_is_full(small_volume: Path) -> None:
    bag = opened(small_volume)
    for number in range(100):
        with bag.artifact(
            f"data/02-logs/container-with-a-long-name-{number}/current.log", {"kind": "log", "way": "x" * 200}
        ) as writer:
            writer.write(b"x")
    with bag.artifact("data/03-filesystem/web/files.tar", {}) as writer:
        for _ in range(64):
            writer.write(b"x" * (1 << 16))
    assert bag.full
    bag.seal(INFORMATION, {})
    assert accepted_by_others(small_volume / "incident-1")
