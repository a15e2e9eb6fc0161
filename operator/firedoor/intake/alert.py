"""An alert as the receiver understands it, whoever sent it; and the words that keep hostile text harmless.

The adapters make alerts from what senders post; resolve and store read them. Pure.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from firedoor.api.incident import Severity

RULE_LIMIT = 256
SUMMARY_LIMIT = 1024


class Malformed(Exception):
    """What came is not in the sender's format; the message says how, without repeating it."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert. Empty strings stand for what it does not tell."""

    source: str
    rule: str
    severity: Severity
    fingerprint: str
    summary: str = ""
    namespace: str = ""
    pod: str = ""
    pod_uid: str = ""
    container_id: str = ""
    at: datetime | None = None


def text(document: Mapping[str, Any], key: str, limit: int = 253) -> str:
    """A string field, cleaned and cut; empty when it is absent or anything else."""
    value = document.get(key)
    return clean(value, limit) if isinstance(value, str) and value != "<NA>" else ""


def clean(value: str, limit: int) -> str:
    """Without control and unpaired characters, so that no terminal or log obeys it; cut to the limit."""
    printable = "".join(character if character.isprintable() else " " for character in value)
    return printable.encode("utf-8", "replace").decode()[:limit].strip()


def fingerprint(*parts: str) -> str:
    """What makes two alerts the same, as a hash over the parts and their borders."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def moment(value: object) -> datetime | None:
    """An RFC 3339 time with a zone; None for anything else."""
    if not isinstance(value, str) or len(value) > 64:
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found if found.tzinfo else None
