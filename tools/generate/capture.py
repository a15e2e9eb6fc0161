"""The JSON Schema of capture.json, for programs that read evidence bags without firedoor."""

import json

from firedoor.evidence.record import CaptureRecord

DRAFT = "https://json-schema.org/draft/2020-12/schema"


def schema() -> str:
    """The schema as a file."""
    made = CaptureRecord.model_json_schema(by_alias=True)
    return json.dumps({"$schema": DRAFT, **made, "title": "capture.json of a firedoor evidence bag"}, indent=1) + "\n"
