"""Figures: percentiles and how they are printed. Milliseconds unless said otherwise."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Times:
    """Times of one run, in seconds."""

    values: tuple[float, ...]

    def percentile(self, share: float) -> float:
        ranked = sorted(self.values)
        return ranked[min(len(ranked) - 1, round(share * (len(ranked) - 1)))]

    @property
    def rate(self) -> float:
        """Things a second, when all were begun at once."""
        return len(self.values) / max(self.values)


def together(turns: Iterable[Times]) -> Times:
    """The times of several runs, as of one."""
    return Times(tuple(value for turn in turns for value in turn.values))


def line(name: str, times: Times) -> str:
    """Median, 99th percentile and maximum of a run."""
    figures = (times.percentile(0.5), times.percentile(0.99), max(times.values))
    return f"{name:34} p50 {figures[0] * 1e3:8.1f} ms   p99 {figures[1] * 1e3:8.1f} ms   max {figures[2] * 1e3:8.1f} ms"


def table(rows: Sequence[tuple[str, str, str]]) -> str:
    """Claims, what was expected and what was seen."""
    return "\n".join(f"{name:50} {seen:>10}   expected {expected}" for name, seen, expected in rows)
