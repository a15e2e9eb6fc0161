"""A suspect that does all it can against those who look at it: the bag is bounded, whole where it says so, and inert."""

import json
import re
import tarfile
from pathlib import Path

from tests.e2e.conftest import Story
from tests.e2e.evidence.bags import artifacts, fetch, judged, lines

NO_CORDON = {"network": "Isolate", "node": "None"}
NAMES = (b"line\nfeed", b"\x1b[31mred", b"100%s%n", "par\u2028graph".encode(), b"\xff\xfe", b"<script>alert(1)", b"-rf")
TERABYTE = 1 << 40
LINE = 9_000_000
"""Characters of a log line; with more, the kubelet would rotate the log away."""
TRAP = rf"""
mkdir -p /tmp/trap/deep /tmp/trap/many && cd /tmp/trap
mkfifo fifo; ln -s . loop; ln -s ../deep deep/self; ln -s /proc/1/root/etc out
printf gold | dd of=sparse bs=1 seek=4096 2>/dev/null; dd if=/dev/null of=sparse bs=1 seek={TERABYTE} 2>/dev/null
seq -w 100000 | (cd many && xargs touch)
fed="$(printf 'line\nfeed')" red="$(printf '\033[31mred')"
separated="$(printf 'par\342\200\250graph')" wild="$(printf '\377\376')"
for name in "$fed" "$red" '100%s%n' "$separated" "$wild" '<script>alert(1)' '-rf'; do
  printf hostile > "./$name"
done
(while true; do head -c 8000000 /dev/zero > shrinking; : > shrinking; done) &
(n=0; while true; do n=$((n+1)); printf "name-$n" > /proc/self/comm; done) &
head -c {LINE} /dev/zero | tr '\0' y; echo
touch ready
sleep 3600
"""
INERT = ("capture.json", "custody.jsonl", "timeline.jsonl", "bodyfile.txt", "report.html", "bag-info.txt")


def test_a_hostile_suspect_gives_a_bag_that_is_whole_where_it_says_so_and_does_nothing_to_its_readers(
    story: Story, tmp_path: Path
) -> None:
    container = {"name": "web", "image": "firedoor.test/busybox:1", "command": ["sh", "-c", TRAP]}
    story.pod(containers=[container])
    story.kubectl("-n", story.namespace, "exec", "suspect", "--", "sh", "-c", "until [ -e /tmp/trap/ready ]; do sleep 1; done")
    limits = {"files": 1000, "fileBytes": "4Mi", "artifactBytes": "128Mi"}
    evidence = {"enabled": True, "paths": ["/tmp/trap/[!m]*"], "limits": limits}
    story.incident("suspect", containment=NO_CORDON, evidence=evidence)

    story.wait("EvidenceSealed", seconds=180)

    bag = fetch(story.kubectl, story.get("secinc", "incident"), tmp_path)
    judged(bag)
    (files,) = artifacts(bag, "files")
    with tarfile.open(bag / files["path"], errors="surrogateescape") as archive:
        taken = {member.name.encode("utf-8", "surrogateescape").removeprefix(b"tmp/trap/"): member for member in archive}
        assert set(NAMES) <= taken.keys()
        assert (taken[b"fifo"].isfifo(), taken[b"loop"].issym(), taken[b"out"].issym()) == (True, True, True)
        sparse = archive.extractfile(taken[b"sparse"])
        assert sparse is not None
        sparse.seek(4096)
        assert (sparse.read(4), taken[b"sparse"].size) == (b"gold", TERABYTE)
    (changed,) = artifacts(bag, "changed")
    assert (changed["status"], "more than 1000 files" in changed["message"]) == ("partial", True)
    (listing,) = artifacts(bag, "listing")
    assert listing["status"] == "complete"
    assert sum(b"/tmp/trap/many/" in line for line in (bag / listing["path"]).read_bytes().splitlines()) == 100_000
    assert any(one["comm"].startswith("name-") for one in lines(bag, "processes") if one["part"] == "suspect")
    (log,) = artifacts(bag, "log")
    assert (log["status"], max(map(len, (bag / log["path"]).read_bytes().split(b"\n"))) > LINE) == ("complete", True)
    assert not any(b"\x1b" in (bag / name).read_bytes() for name in INERT)
    assert not re.search(rb"<script", (bag / "report.html").read_bytes())
    assert all(re.fullmatch(r"[A-Za-z0-9._/-]+", str(file.relative_to(bag))) for file in bag.rglob("*"))
    assert all(json.loads(line) for line in (bag / "timeline.jsonl").read_bytes().splitlines())
    assert sum(file.stat().st_size for file in bag.rglob("*") if file.is_file()) < 512 << 20
