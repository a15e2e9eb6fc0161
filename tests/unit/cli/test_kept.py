"""What `evidence list` shows, and how evidence is named."""

import json
from pathlib import Path
from typing import Any

import pytest

from firedoor.cli.evidence_fetch import told
from firedoor.cli.evidence_list import table
from firedoor.cli.kept import NotFound, bundle, one_kept
from firedoor.evidence.artifact import file_digest
from firedoor.kube.client import Kube, Obj
from firedoor.kube.resources import Resource
from firedoor.planner.kept import Kept
from tests.unit.evidence.test_signature import KEYS, signed

SEALED = {
    "bundle": "incident-1",
    "status": "Complete",
    "sealedAt": "2026-01-01T00:00:00Z",
    "payloadOxum": "123.4",
    "keyId": "a" * 64,
}


COPIED = {"retainUntil": "2027-01-01T00:00:00Z"}


def claim(
    name: str, incident: str = "shop/web-shell", sealed: dict[str, str] | None = SEALED, copied: dict[str, str] | None = None
) -> Obj:
    noted = {"firedoor.dev/sealed": sealed, "firedoor.dev/copied": copied}
    notes = {"firedoor.dev/incident": incident, **{name: json.dumps(note) for name, note in noted.items() if note}}
    labels = {"firedoor.dev/incident-uid": name}
    return {"metadata": {"name": name, "uid": name, "labels": labels, "annotations": notes, "creationTimestamp": name}}


class Claims(Kube):
    """An API server that lists these claims."""

    def __init__(self, *claims: Obj) -> None:
        self.claims = list(claims)

    async def list(self, resource: Resource, namespace: str | None = None, **query: Any) -> list[Obj]:
        return self.claims


def lines(*claims: Obj) -> list[str]:
    return list(table([Kept.read(one) for one in claims]))


def test_the_table_has_a_line_a_claim_with_what_is_sealed_on_it() -> None:
    head, sealed, running, locked = lines(claim("one"), claim("two", "shop/other", None), claim("three", copied=COPIED))
    assert head.split() == ["INCIDENT", "STATUS", "SEALED", "BYTES", "FILES", "KEY", "LOCKED-UNTIL", "CLAIM"]
    assert sealed.split() == ["shop/web-shell", "Complete", "2026-01-01T00:00:00Z", "123", "4", "a" * 12, "-", "one"]
    assert running.split() == ["shop/other", "not", "sealed", "-", "-", "-", "-", "-", "two"]
    assert locked.split()[-2:] == [COPIED["retainUntil"], "three"]


def test_a_hostile_name_does_nothing_to_the_terminal() -> None:
    _, line = lines(claim("one", "shop/\x1b]0;owned\x07\u202e\n"))
    assert line.isprintable()
    assert line.isascii()


@pytest.mark.parametrize("name", ["shop/web-shell", "one", "incident-1"])
async def test_evidence_goes_by_its_incident_its_claim_or_its_bundle(name: str) -> None:
    assert (await one_kept(Claims(claim("one")), "home", name)).claim == "one"


async def test_what_is_not_there_not_sealed_or_not_clear_is_said_with_a_cure() -> None:
    with pytest.raises(NotFound, match="`evidence list` shows"):
        await one_kept(Claims(claim("one")), "home", "shop/else")
    with pytest.raises(NotFound, match="name one: one, two"):
        await one_kept(Claims(claim("one"), claim("two")), "home", "shop/web-shell")
    with pytest.raises(NotFound, match="not sealed yet"):
        bundle(await one_kept(Claims(claim("one", sealed=None)), "home", "one"))


@pytest.mark.parametrize("name", ["../outside", "/etc", "a/b", "..", "", ".ssh", "\x1b[31m"])
async def test_a_bag_whose_claim_names_no_plain_folder_goes_nowhere(name: str) -> None:
    changed = await one_kept(Claims(claim("one", sealed={**SEALED, "bundle": name})), "home", "one")
    with pytest.raises(NotFound, match="no folder's name") as refused:
        bundle(changed)
    assert "\x1b" not in str(refused.value)


async def test_a_bag_that_claims_a_key_is_checked_also_where_no_key_is_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bag = signed(tmp_path)
    noted = {**SEALED, "tagManifestSHA256": file_digest(bag / "tagmanifest-sha256.txt")}
    kept = await one_kept(Claims(claim("one", sealed=noted)), "home", "one")
    assert told(bag, kept, KEYS) == 0
    assert told(bag, kept, {}) == 1
    assert "SignatureWrong" in capsys.readouterr().out


async def test_what_a_claim_says_of_its_bag_reaches_no_terminal_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = await one_kept(Claims(claim("one", sealed={**SEALED, "tagManifestSHA256": "\x1b[2J"})), "home", "one")
    assert told(signed(tmp_path), kept, KEYS) == 1
    said = capsys.readouterr().out
    assert "OtherBag" in said
    assert "\x1b" not in said
