"""Objects as an API server keeps them: versions, uids, generations, finalizers, and what selects them."""

import copy
import uuid
from datetime import UTC, datetime
from typing import Any

Obj = dict[str, Any]
OMITTED_WHEN_EMPTY = ("annotations", "labels", "finalizers", "ownerReferences")


class Refusal(Exception):
    """An answer of 400 or more, with the API machinery's word for it."""

    def __init__(self, status: int, reason: str, message: str = "") -> None:
        super().__init__(message or reason)
        self.status = status
        self.reason = reason


def stamp() -> str:
    """Now, as Kubernetes writes it."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def created(obj: Obj, version: int) -> Obj:
    """A new object with what only the server gives."""
    given = {"uid": str(uuid.uuid4()), "creationTimestamp": stamp(), "generation": 1}
    return copy.deepcopy({**obj, "metadata": {**given, **obj["metadata"], "resourceVersion": str(version)}})


def changed(before: Obj, after: Obj, version: int) -> Obj:
    """The new form of an object: its version goes up, its generation with its spec or its deletion."""
    old, new = before["metadata"], dict(after["metadata"])
    news = before.get("spec") != after.get("spec") or old.get("deletionTimestamp") != new.get("deletionTimestamp")
    new |= {"resourceVersion": str(version), "generation": old["generation"] + news}
    return {**after, "metadata": new}


def tidied(obj: Obj) -> Obj:
    """The object without empty maps and lists in its metadata, as the server gives it back."""
    metadata = {key: value for key, value in obj["metadata"].items() if value or key not in OMITTED_WHEN_EMPTY}
    return {**obj, "metadata": metadata}


def halves(most: Obj, status: Obj) -> Obj:
    """An object with the status of another."""
    kept = {key: value for key, value in most.items() if key != "status"}
    return kept | ({"status": status["status"]} if "status" in status else {})


def gone(obj: Obj, version: int) -> Obj:
    """The last form of an object, as a watch tells of its end."""
    return {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(version)}}


def check(obj: Obj, metadata: Obj) -> None:
    """Optimistic locking: uid and resourceVersion in a body must be those of the object."""
    for key in ("uid", "resourceVersion"):
        if key in metadata and metadata[key] != obj["metadata"][key]:
            raise Refusal(409, "Conflict", f"{key} is {obj['metadata'][key]}, not {metadata[key]}")


def check_finalizers(before: Obj, after: Obj) -> None:
    """An object on its way out gets no new finalizers."""
    own, wanted = (set(obj["metadata"].get("finalizers") or ()) for obj in (before, after))
    if "deletionTimestamp" in before["metadata"] and wanted - own:
        raise Refusal(422, "Invalid", f"no new finalizers can be added while the object is being deleted: {wanted - own}")


def selected(obj: Obj | None, labels: str) -> bool:
    """Whether an object meets a label selector of the forms that firedoor uses: `key`, `key=value` and `key!=value`."""
    own = obj["metadata"].get("labels") or {} if obj is not None else {}
    return obj is not None and all(_meets(own, term) for term in labels.split(",") if term)


def pointed_at(obj: Obj, fields: str) -> bool:
    """Whether an object meets a field selector of the kinds that firedoor uses; 400 for others, as of a real server."""
    key, _, value = fields.partition("=")
    found = {
        "status.successful": str(obj.get("status", {}).get("succeeded", 0)),
        "spec.nodeName": obj.get("spec", {}).get("nodeName", ""),
    }
    if key not in found:
        raise Refusal(400, "BadRequest", f"field label not supported: {key}")
    return bool(found[key] == value)


def _meets(own: Obj, term: str) -> bool:
    if "!=" in term:
        key, _, value = term.partition("!=")
        return own.get(key) != value
    key, equals, value = term.partition("=")
    return key in own and (not equals or own[key] == value)
