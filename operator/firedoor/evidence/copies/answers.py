"""What a store answers, understood: XML without its namespaces, and errors as one word and one sentence.

The one place where an HTTP answer becomes a `Refused`. Answers are bounded before they are parsed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree as Xml

from firedoor.evidence.copies.refused import Refused

MOST: Final = 4 << 20
"""Bytes of an answer: a thousand parts need less than one MiB."""
REASONS: Final = {
    "NoSuchBucket": "NoSuchBucket",
    "ObjectLockConfigurationNotFoundError": "ObjectLockOff",
    "NotImplemented": "ObjectLockOff",
    "BadDigest": "DamagedOnTheWay",
    "XAdminUserNotFound": "AccessDenied",  # versitygw's word for InvalidAccessKeyId, with status 404
}
NOT_THERE: Final = 404
DENIED: Final = (401, 403)
BUSY: Final = (429, 500, 502, 503, 504)


@dataclass(frozen=True, slots=True)
class Answer:
    """A good one."""

    headers: Mapping[str, str]
    raw: bytes

    def xml(self) -> Xml.Element:
        """Its body. Refused: it is no XML."""
        return parsed(self.raw)


def parsed(raw: bytes) -> Xml.Element:
    """The document, its tags without namespaces: stores differ in them."""
    try:
        root = Xml.fromstring(raw)  # noqa: S314 - bounded, and expat itself refuses entities that multiply
    except Xml.ParseError as error:
        raise Refused("StoreRefused", f"the store's answer is not understood: {error}") from error
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def error(status: int, raw: bytes, what: str) -> Refused:
    """The error in an answer; one to a HEAD has no body."""
    code, words = _said(raw)
    message = f"{what}: {words or code or f'HTTP {status}'}" + (f" ({code})" if words and code else "")
    if code in ("", "NoSuchKey") and status == NOT_THERE:
        return Refused("NotThere", message)
    if code in REASONS:
        return Refused(REASONS[code], message)
    if status in DENIED:
        return Refused("AccessDenied", message)
    if status in BUSY:
        return Refused("StoreUnavailable", message, passing=True)
    return Refused("StoreRefused", message)


def _said(raw: bytes) -> tuple[str, str]:
    try:
        root = parsed(raw)
    except Refused:
        return "", raw[:200].decode("utf-8", "replace")
    return root.findtext("Code", ""), root.findtext("Message", "")
