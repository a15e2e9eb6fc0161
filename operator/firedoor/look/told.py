"""Bytes of the suspect as JSON can hold them: UTF-8 as it is, anything else in base64 beside it; never replaced."""

import base64
import errno


def text(key: str, raw: bytes) -> dict[str, str]:
    try:
        return {key: raw.decode()}
    except UnicodeDecodeError:
        return {f"{key}_b64": base64.b64encode(raw).decode()}


def texts(raw: list[bytes]) -> list[str | dict[str, str]]:
    """A list of such; those that are not UTF-8 as objects with `b64`."""
    return [found["s"] if "s" in (found := text("s", one)) else {"b64": found["s_b64"]} for one in raw]


def why(error: OSError) -> str:
    """The error's name, such as EACCES."""
    return errno.errorcode.get(error.errno or 0, "EIO")


def reason_of(error: OSError) -> str:
    """The word of capture.json for it."""
    return "Forbidden" if isinstance(error, PermissionError) else "ReadErrors"
