"""What the beginning of a JSON object says, where the object is too long to be held in memory as a whole.

A process with thousands of open files, or with a megabyte of arguments, has a record of any length; what people look for
first, its pid and its command, stands at the beginning.
"""

import json
import re
from typing import Any, Final

TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?P<end>"?)|[\[\]{},]', re.DOTALL)
ESCAPE_CUT = re.compile(rb"\\u[0-9a-fA-F]{0,3}\Z")
DEPTH_MOST: Final = 2
"""Members of the object, and of lists in it: what is nested deeper is taken whole or not at all."""
CLOSES: Final = {b"{": b"}", b"[": b"]"}


def beginning(raw: bytes) -> dict[str, Any]:
    """The members that are there, the last one perhaps shorter than it was; empty where it is no object."""
    for whole in _completed(raw):
        try:
            found = json.loads(whole)
        except (ValueError, RecursionError):
            continue
        return found if isinstance(found, dict) else {}
    return {}


def _completed(raw: bytes) -> list[bytes]:
    """The beginning with what it needs to be one object: with the string in which it was cut, and without."""
    open_ones: list[bytes] = []
    last, found = 0, list[bytes]()
    closing = b""
    for token in TOKEN.finditer(raw):
        sign = token[0][:1]
        if sign in CLOSES:
            open_ones.append(CLOSES[sign])
        elif sign in b"]}":
            open_ones[-1:] = []
        elif sign == b"," and len(open_ones) <= DEPTH_MOST:
            last, closing = token.start(), b"".join(reversed(open_ones))
        elif sign == b'"' and not token["end"] and len(open_ones) <= DEPTH_MOST:
            found.append(ESCAPE_CUT.sub(b"", raw[: token.end()]) + b'"' + b"".join(reversed(open_ones)))
    return [*found, raw[:last] + closing]
