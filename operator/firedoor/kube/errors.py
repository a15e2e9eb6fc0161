"""What can go wrong on the road, in five words; the one place where an HTTP answer becomes one of them.

KubeError
  Gone          it is not there (404, 410)
  Conflict      the world moved, or the name is taken (409)
  Forbidden     we may not (401, 403)
  Invalid       the API server does not accept it (other 4xx)
  Unavailable   nobody answered in time, or the server is in trouble (429, 5xx, connection)
"""

import json


class KubeError(Exception):
    """Something on the road to the API server went wrong. `status` is the HTTP status, `reason` the API machinery's word."""

    def __init__(self, message: str, *, status: int | None = None, reason: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.reason = reason


class Gone(KubeError):
    """It is not there."""


class Conflict(KubeError):
    """The world moved since it was looked at, or the name is taken."""


class Forbidden(KubeError):
    """We may not do this."""


class Invalid(KubeError):
    """The API server does not accept this."""


class Unavailable(KubeError):
    """Nobody answered in time, or the server is in trouble."""


def in_words(error: BaseException) -> str:
    """What a broken connection says of itself, which may be nothing."""
    return "no answer in time" if isinstance(error, TimeoutError) else str(error) or type(error).__name__


def from_answer(status: int, body: bytes, what: str) -> KubeError:
    """The error in an HTTP answer of 400 or more; `what` says which verb on which object failed."""
    reason, words = _words(body)
    message = f"{what}: {words or reason or f'HTTP {status}'}"
    return _kind(status)(message, status=status, reason=reason)


def _kind(status: int) -> type[KubeError]:
    match status:
        case 404 | 410:
            return Gone
        case 409:
            return Conflict
        case 401 | 403:
            return Forbidden
        case 429:
            return Unavailable
        case _ if status >= 500:
            return Unavailable
        case _:
            return Invalid


def _words(body: bytes) -> tuple[str, str]:
    try:
        answer = json.loads(body)
        return str(answer.get("reason", "")), str(answer.get("message", ""))
    except (ValueError, AttributeError):
        return "", body[:200].decode("utf-8", "replace").strip()
