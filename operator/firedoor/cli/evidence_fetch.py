"""`kubectl firedoor evidence fetch`: a bag from its volume into a folder here, checked as it arrives and once more at the end.

What a cut leaves is gone on with, also by a later command: the folder is called BUNDLE.partial until the bag is whole.
A bag that was fetched before its signature was laid into it is gone on with in the same way.
"""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from firedoor.api import names
from firedoor.cli.arrivals import Arrivals, Refused
from firedoor.cli.kept import bundle, one_kept, public_keys
from firedoor.cli.reader import reading
from firedoor.cli.verify import judged
from firedoor.evidence import signature
from firedoor.evidence.artifact import file_digest
from firedoor.evidence.seal import SIGNED
from firedoor.evidence.verify import DETACHED, ENVELOPE, plain
from firedoor.kube.client import Kube
from firedoor.kube.connection import connect
from firedoor.kube.errors import Unavailable
from firedoor.kube.exec import STDERR, STDOUT
from firedoor.planner.kept import Kept

PAUSES = (1.0, 2.0, 4.0, 8.0, 16.0)
"""Seconds between streams that were cut; a stream that brought something begins the series anew."""
MEBI = 1 << 20
SAID_MOST = 2000


class Cut(Exception):
    """The stream ended before all had arrived."""


async def fetch(home: str, name: str, into: Path) -> int:
    """Fetches, checks, tells; the exit status is that of the check."""
    async with connect() as kube:
        kept = await one_kept(kube, home, name)
        bag = into / bundle(kept)
        if not finished(bag, kept):
            async with reading(kube, home, kept.claim):
                await arrived(bag, lambda arrivals: _stream(kube, home, bundle(kept), arrivals))
        keys = await public_keys(kube, home)
    for key_id, pem in keys.items():
        (into / f"{key_id}.pem").write_text(pem)
    words = f"{bag} holds the evidence of {kept.incident}, its public keys lie beside it"
    print(plain(words), file=sys.stderr)
    return told(bag, kept, signature.public_keys(*(pem.encode() for pem in keys.values())))


def told(bag: Path, kept: Kept, keys: signature.PublicKeys) -> int:
    """What was sealed is known outside of the volume as well."""
    status = judged(bag, keys if "keyId" in kept.sealed else None)
    found = file_digest(bag / SIGNED) if (bag / SIGNED).is_file() else "nothing"
    if found != kept.sealed.get("tagManifestSHA256"):
        words = f"OtherBag: claim {kept.claim} knows {kept.sealed.get('tagManifestSHA256')} as sealed, this is {found}"
        print(plain(words))
        return 1
    return status


def finished(bag: Path, kept: Kept) -> bool:
    """Whether there is nothing more to come. The claim knows of a signature before it lies in the bag."""
    expected = (ENVELOPE, DETACHED) if "keyId" in kept.sealed else ()
    return bag.exists() and all((bag / name).exists() for name in expected)


async def arrived(bag: Path, stream: Callable[[Arrivals], Awaitable[None]], pauses: Sequence[float] = PAUSES) -> None:
    """Streams what is not here yet."""
    partial = _taken_up(bag)
    await until_whole(partial, stream, pauses)
    partial.rename(bag)


def _taken_up(bag: Path) -> Path:
    """The folder in which it arrives, with what is here already; Refused where there are two of them."""
    partial = bag.with_name(f"{bag.name}.partial")
    if bag.exists() and partial.exists():
        raise Refused(f"{bag} lacks its signature, and cannot be gone on with while there is {partial} too; remove that one")
    if bag.exists():
        bag.rename(partial)
    partial.mkdir(parents=True, exist_ok=True)
    return partial


async def until_whole(partial: Path, stream: Callable[[Arrivals], Awaitable[None]], pauses: Sequence[float] = PAUSES) -> None:
    """Streams until all has arrived. Files that came wrong are fetched once more; then they are left to the check."""
    left, again = list(pauses), False
    while True:
        arrivals, before = Arrivals(partial, Progress()), _size(partial)
        try:
            await stream(arrivals)
        except (Unavailable, Cut) as error:
            left = list(pauses) if _size(partial) > before else left
            if not left:
                raise
            print(f"the stream was cut and goes on: {str(error)!a}", file=sys.stderr)
            await asyncio.sleep(left.pop(0))
            continue
        finally:
            arrivals.close()
        if again or not arrivals.wrong:
            return
        for path in arrivals.wrong:
            (partial / path).unlink()
        again = True


def _size(folder: Path) -> int:
    return sum(file.lstat().st_size for file in folder.rglob("*"))


async def _stream(kube: Kube, home: str, folder: str, arrivals: Arrivals) -> None:
    said, acknowledged = b"", False
    async with kube.exec(home, names.READER, "reader", ["firedoor", "hand-over", folder]) as stream:
        await stream.send(json.dumps({"have": arrivals.have()}).encode() + b"\n")
        async for channel, data in stream:
            if channel == STDOUT:
                arrivals.feed(data)
                if arrivals.done and not acknowledged:
                    acknowledged = True
                    await stream.send(b"\n")
            elif channel == STDERR:
                said = (said + data)[-SAID_MOST:]
    if not acknowledged:
        raise Cut(said.decode(errors="replace").strip() or stream.outcome.message)


class Progress:
    """How far it is, on a terminal's last line; nothing where nobody looks."""

    def __init__(self) -> None:
        self._shown = float("-inf")

    def __call__(self, arrived: int, expected: int) -> None:
        whole = arrived == expected
        if sys.stderr.isatty() and (whole or time.monotonic() - self._shown > 0.2):
            self._shown = time.monotonic()
            print(f"\r{arrived / MEBI:.1f} of {expected / MEBI:.1f} MiB so far ", end="", file=sys.stderr, flush=True)
