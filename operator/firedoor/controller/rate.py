"""How often the same news is followed at once: a fight with somebody else must not become a loop at the speed of a watch.

The watches ask it. What comes more often is left to whoever asks: to the resync, or to a later look.
"""

from dataclasses import dataclass, field

WITHIN_SECONDS = 60.0


@dataclass(slots=True)
class Rate:
    """At most so many times within a minute."""

    most: int
    _times: dict[str, tuple[float, ...]] = field(default_factory=dict)

    def at_once(self, key: str, at: float) -> bool:
        """Whether news of this key is still to be followed at once, which counts as one time more. at: seconds."""
        recent = tuple(before for before in self._times.get(key, ()) if at - before < WITHIN_SECONDS)
        if len(recent) >= self.most:
            return False
        self._times[key] = (*recent, at)
        return True

    def forget(self, key: str) -> None:
        self._times.pop(key, None)
