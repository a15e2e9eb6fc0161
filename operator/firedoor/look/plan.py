"""What the helper is asked for: one line of JSON on its input. No secret is in its arguments, which the suspect can read."""

import json
from dataclasses import asdict, dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Plan:
    """The tasks, in order, and their bounds."""

    tasks: tuple[str, ...]
    container_id: str = ""
    """The suspect container's id, without its runtime's scheme; tells its processes from others of the pod."""
    started: float = 0.0
    """When the container started, in seconds of the epoch: what changed since is captured."""
    paths: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    """Where the container's spec mounts Secrets and their like, which are not read."""
    key: str = ""
    """Hexadecimal key of the hashes that stand for the environment's values."""
    files: int = 20_000
    file_bytes: int = 64 << 20
    tar_bytes: int = 256 << 20

    @classmethod
    def load(cls, line: bytes) -> Self:
        told = json.loads(line)
        lists = {name: tuple(told.get(name) or ()) for name in ("tasks", "paths", "secrets")}
        return cls(**{**told, **lists})

    def dump(self) -> bytes:
        return json.dumps(asdict(self)).encode() + b"\n"
