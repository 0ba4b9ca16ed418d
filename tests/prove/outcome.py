"""What trying a promise has shown: facts that were broken, and figures with their limits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import attrs


@attrs.frozen
class Figure:
    """Measured times in ms. The promise is about all but the worst hundredth (`share` 0.99) or about each (1.0)."""

    name: str
    values_ms: tuple[float, ...]
    limit_ms: float | None = None
    share: float = 0.99

    @property
    def kept(self) -> bool:
        """Whether the limit holds; what was never measured has kept nothing."""
        if self.limit_ms is None:
            return True
        return bool(self.values_ms) and quantile(self.values_ms, self.share) <= self.limit_ms

    def __str__(self) -> str:
        if not self.values_ms:
            return f"{self.name}: not measured"
        typical, worst = quantile(self.values_ms, 0.5), quantile(self.values_ms, self.share)
        of_worst = "longest" if self.share == 1 else f"p{self.share * 100:.0f}"
        limit = f" ({'≤' if self.kept else 'BROKEN: >'} {_ms(self.limit_ms)})" if self.limit_ms is not None else ""
        return f"{self.name}: median {_ms(typical)}, {of_worst} {_ms(worst)}{limit}"


@attrs.frozen
class Outcome:
    """How a trial went: how often it was really tried, what was broken, what was measured, what else is to be known."""

    count: int
    broken: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def kept(self) -> bool:
        """Whether all facts and all figures are as promised."""
        return not self.broken and all(figure.kept for figure in self.figures)


@attrs.frozen
class Proof:
    """A promise, the name by which it is tried alone, and how often in full and in the tests."""

    name: str
    promise: str
    full: int
    small: int
    tried: Callable[[int, Path], Outcome]
    """Tries it so many times, with an empty folder of its own."""


def quantile(values: tuple[float, ...], share: float) -> float:
    """The value that `share` of all values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _ms(value: float) -> str:
    return f"{value / 1000:,.1f} s" if value >= 10_000 else f"{value:.0f} ms" if value >= 10 else f"{value:.2g} ms"
