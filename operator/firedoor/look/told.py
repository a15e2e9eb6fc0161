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


def why(error: Exception) -> str:
    """The error's name, such as EACCES; of what nobody foresaw the kind of error and its words."""
    if isinstance(error, OSError):
        return errno.errorcode.get(error.errno or 0, "EIO")
    return f"{type(error).__name__} {str(error)!a}"


def reason_of(error: Exception) -> str:
    """The word of capture.json for it."""
    if isinstance(error, OSError):
        return "Forbidden" if isinstance(error, PermissionError) else "ReadErrors"
    return "Unexpected"
