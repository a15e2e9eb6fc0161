"""Laying down a long file in parts, each with its own checksum; parts that an earlier run laid down are kept.

The copier uses it for files that are longer than one part. Amazon S3, Multipart upload.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as Xml

from firedoor.evidence.copies.cut import Cut, blocks, encoded
from firedoor.evidence.copies.refused import Refused
from firedoor.evidence.copies.road import Road, Sending
from firedoor.evidence.copies.store import CHECKSUM, Lock

COMPLETED: Final = "CompleteMultipartUploadResult"


@dataclass(frozen=True, slots=True)
class Part:
    """A part that the store has."""

    number: int
    size: int
    etag: str
    checksum: str


async def lay_down(road: Road, key: str, file: Path, cut: Cut, lock: Lock) -> None:
    """Lays the file down; it is there when all of it is."""
    upload = await _begun(road, key) or await _begin(road, key, lock)
    have = {part.number: part async for part in _have(road, key, upload)}
    parts = [await _part(road, key, upload, have.get(number + 1), file, cut, number) for number in range(len(cut.parts))]
    await _complete(road, key, upload, parts)


async def _begun(road: Road, key: str) -> str | None:
    """The last upload of this object that was begun and not ended."""
    told = await road.ask("GET", params={"uploads": "", "prefix": key})
    begun = [
        (found.findtext("Initiated", ""), found.findtext("UploadId", ""))
        for found in told.xml().iter("Upload")
        if found.findtext("Key") == key
    ]
    return max(begun)[1] if begun else None


async def _begin(road: Road, key: str, lock: Lock) -> str:
    headers = {**lock.headers, "x-amz-checksum-algorithm": "SHA256", "x-amz-checksum-type": "COMPOSITE"}
    told = await road.ask("POST", key, params={"uploads": ""}, headers=headers)
    upload = told.xml().findtext("UploadId")
    if not upload:
        raise Refused("StoreRefused", f"the store begins an upload of {key} without a name for it")
    return upload


async def _have(road: Road, key: str, upload: str) -> AsyncIterator[Part]:
    after = "0"
    while True:
        told = (await road.ask("GET", key, params={"uploadId": upload, "part-number-marker": after})).xml()
        for part in _read(told):
            yield part
        if told.findtext("IsTruncated") != "true":
            return
        after = told.findtext("NextPartNumberMarker", "")


def _read(told: Xml.Element) -> Iterator[Part]:
    for found in told.iter("Part"):
        number, size = int(found.findtext("PartNumber", "0")), int(found.findtext("Size", "0"))
        yield Part(number, size, found.findtext("ETag", ""), found.findtext("ChecksumSHA256", ""))


async def _part(road: Road, key: str, upload: str, have: Part | None, file: Path, cut: Cut, number: int) -> Part:
    """The part with this number, from 0; laid down unless the store has it."""
    offset, length = cut.span(number)
    digest = cut.parts[number]
    if have is not None and (have.size, have.checksum) == (length, encoded(digest)):
        return have
    sending = Sending(lambda: blocks(file, offset, length), length, digest.hex())
    params = {"partNumber": str(number + 1), "uploadId": upload}
    told = await road.ask("PUT", key, params=params, headers={CHECKSUM: encoded(digest)}, sending=sending)
    return Part(number + 1, length, told.headers.get("etag", ""), encoded(digest))


async def _complete(road: Road, key: str, upload: str, parts: list[Part]) -> None:
    root = Xml.Element("CompleteMultipartUpload")
    for part in parts:
        entry = Xml.SubElement(root, "Part")
        for name, text in (("PartNumber", str(part.number)), ("ETag", part.etag), ("ChecksumSHA256", part.checksum)):
            Xml.SubElement(entry, name).text = text
    told = await road.ask("POST", key, params={"uploadId": upload}, sending=Sending.of(Xml.tostring(root)))
    if (answer := told.xml()).tag != COMPLETED:  # stores may say only here, after a good status, that it failed
        raise Refused("StoreRefused", f"{key} was not put together: {answer.findtext('Message', answer.tag)}", passing=True)
