"""Logs from the node: what was rotated away is in the bag byte by byte, and whatever a kubelet does is told as what it is."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from firedoor.kube.credentials import trusting
from tests.unit.evidence.apiserver import ApiServer, refusal
from tests.unit.evidence.kubelet import TOKEN, Kubelet, certificate, collected
from tests.unit.evidence.test_collector import BAG, ending, judged

NODE = "data/02-logs/web/node"
LINE = b"2026-11-24T09:00:00.000000001Z stdout F the first that it said\n"


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    (tmp_path / "volume").mkdir()
    return tmp_path / "volume"


@pytest.fixture
def kubelet(tmp_path: Path) -> Kubelet:
    (tmp_path / "var-log/pods").mkdir(parents=True)
    return Kubelet(tmp_path / "var-log", certificate(tmp_path))


def artifacts(volume: Path) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = json.loads((volume / BAG / "capture.json").read_bytes())["artifacts"]
    return [artifact for artifact in told if artifact["source"].get("kind") == "node-log"]


async def test_rotated_files_are_in_the_bag_byte_by_byte_also_compressed_ones_and_the_oldest_comes_first(
    volume: Path, kubelet: Kubelet
) -> None:
    written = {"0.log": b"now\n" * 9, "0.log.20261124-100000": LINE, "0.log.20261124-090000.gz": gzip.compress(LINE)}
    for name, content in written.items():
        kubelet.write(name, content)
    kubelet.write("0.log.20261124-100000.tmp", b"half a file")
    outcome = await collected(kubelet, volume)
    judged(volume)
    assert outcome["status"] == "Complete"
    assert {name: (volume / BAG / NODE / name).read_bytes() for name in written} == written
    assert [Path(one["path"]).name for one in artifacts(volume)] == [*sorted(written)[1:], "0.log"]
    assert {token for _, _, token in kubelet.asked} == {f"Bearer {TOKEN}"}


async def test_a_file_whose_stream_was_cut_is_gone_on_with_where_it_was(volume: Path, kubelet: Kubelet) -> None:
    content = b"".join(b"%07d\n" % number for number in range(20_000))
    kubelet.write("0.log", content)
    kubelet.cut_after = 100_000
    outcome = await collected(kubelet, volume)
    judged(volume)
    assert outcome["status"] == "Complete"
    assert (volume / BAG / NODE / "0.log").read_bytes() == content
    assert any(asked for _, asked, _ in kubelet.asked)


async def test_after_a_cut_bytes_of_another_file_are_never_added_to_those_of_the_first(volume: Path, kubelet: Kubelet) -> None:
    file = kubelet.write("0.log", b"first\n" * 20_000)
    kubelet.cut_after = 100_000

    def rotate(name: str) -> None:
        file.write_bytes(b"other\n" * 30_000)

    kubelet.after = rotate
    outcome = await collected(kubelet, volume)
    judged(volume)
    assert (outcome["status"], outcome["reason"]) == ("Partial", "Raced")
    assert b"other" not in (volume / BAG / NODE / "0.log").read_bytes()


async def test_what_is_compressed_before_it_could_be_read_is_read_compressed(volume: Path, kubelet: Kubelet) -> None:
    first = kubelet.write("0.log.20261124-090000.gz", gzip.compress(LINE))
    second = kubelet.write("0.log.20261124-100000", LINE)

    def rotate(name: str) -> None:
        if name == first.name and second.exists():
            second.with_name(f"{second.name}.gz").write_bytes(gzip.compress(second.read_bytes()))
            second.unlink()

    kubelet.after = rotate
    outcome = await collected(kubelet, volume)
    judged(volume)
    assert outcome["status"] == "Complete"
    assert gzip.decompress((volume / BAG / NODE / f"{second.name}.gz").read_bytes()) == LINE
    assert ending(volume, f"{NODE}/{second.name}") == ("skipped", "Raced")


async def test_where_it_is_switched_off_no_kubelet_is_asked_and_that_is_no_gap(volume: Path) -> None:
    outcome = await ApiServer().collected(volume)
    assert outcome["status"] == "Complete"
    assert ending(volume, "data/02-logs/node-logs") == ("skipped", "Forbidden")


@pytest.mark.parametrize(
    ("refuses", "told"),
    [
        ((403, "Forbidden (user=x, verb=get, resource=nodes, subresource(s)=[log])"), ("skipped", "Forbidden")),
        ((405, "logs endpoint is disabled."), ("skipped", "Unsupported")),
        ((404, "404 page not found"), ("skipped", "Unsupported")),
        ((500, "in trouble"), ("failed", "KubeletUnreachable")),
        ((301, "over there"), ("skipped", "Unsupported")),
    ],
    ids=["not granted", "switched off in the kubelet", "logs elsewhere", "in trouble", "a redirect"],
)
async def test_a_kubelet_that_refuses_is_told_of_with_the_reason(
    volume: Path, kubelet: Kubelet, refuses: tuple[int, str], told: tuple[str, str]
) -> None:
    kubelet.refuses = refuses
    await collected(kubelet, volume)
    judged(volume)
    assert ending(volume, "data/02-logs/node-logs") == told
    assert len(kubelet.asked) == 1


async def test_who_may_not_have_the_token_is_told_so_and_asks_no_kubelet(volume: Path, kubelet: Kubelet) -> None:
    await collected(kubelet, volume, token=refusal(403, "Forbidden", "cannot create resource serviceaccounts/token"))
    assert ending(volume, "data/02-logs/node-logs") == ("skipped", "Forbidden")
    assert kubelet.asked == []


async def test_a_certificate_that_nobody_vouches_for_gets_no_token_and_the_cure_is_named(volume: Path, kubelet: Kubelet) -> None:
    outcome = await collected(kubelet, volume, trust=trusting(cafile="/etc/ssl/certs/ca-certificates.crt"))
    assert ending(volume, "data/02-logs/node-logs") == ("failed", "KubeletUnreachable")
    assert kubelet.asked == []
    assert "actions.nodeLogs.certificateAuthorities" in json.dumps(artifacts(volume))
    assert outcome["status"] == "Partial"


async def test_names_that_a_kubelet_never_gives_reach_neither_the_bag_nor_another_request(volume: Path, kubelet: Kubelet) -> None:
    kubelet.write("0.log", b"said\n")
    kubelet.write("evil.log", b"x")
    kubelet.write("0.log.\x1b[31m", b"x")
    kubelet.write("%2e%2e%2f%2e%2e%2fshadow", b"x")
    await collected(kubelet, volume)
    assert [Path(one["path"]).name for one in artifacts(volume)] == ["0.log"]
    assert {path.rpartition("/")[2] for path, _, _ in kubelet.asked} == {"", "0.log"}
