"""Attempts: trades of one path without a fill, and failures in a row at a venue."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.signals import Leg

MOST_PATHS = 4_096
"""Paths that are remembered; the one that was tried longest ago is forgotten first."""

Path = tuple[str, tuple[tuple[InstrumentId, bytes], ...]]
"""The strategy, and each leg's pool and token in."""


def path_of(strategy: str, legs: Iterable[Leg]) -> Path:
    """What a trade repeats if another has the same."""
    return strategy, tuple([(leg.pool, leg.token_in) for leg in legs])


class Attempts:
    """Counts of what was tried and did not succeed, each until a fill ends it or a person resets it."""

    def __init__(self) -> None:
        self._unfilled: dict[Path, int] = {}
        self._failed: dict[int, int] = {}

    def copy(self) -> Self:
        """Counts of their own that say the same."""
        other = type(self)()
        other._unfilled, other._failed = dict(self._unfilled), dict(self._failed)
        return other

    def tried(self, path: Path) -> None:
        """A trade was approved."""
        self._unfilled[path] = self._unfilled.pop(path, 0) + 1
        if len(self._unfilled) > MOST_PATHS:
            del self._unfilled[next(iter(self._unfilled))]

    def filled(self, path: Path) -> None:
        """The venues confirmed a fill."""
        self._unfilled.pop(path, None)
        for venue in {pool.venue for pool, _ in path[1]}:
            self._failed.pop(venue, None)

    def failed(self, path: Path) -> None:
        """The venues refused the trade, or it was reverted."""
        for venue in {pool.venue for pool, _ in path[1]}:
            self._failed[venue] = self._failed.get(venue, 0) + 1

    def unfilled(self, strategy: str, legs: Iterable[Leg]) -> int:
        """How often the path was tried since its last fill."""
        return self._unfilled.get(path_of(strategy, legs), 0) if self._unfilled else 0

    def failures(self, pools: Iterable[InstrumentId]) -> int:
        """The most failures in a row at one of the pools' venues."""
        if not self._failed:
            return 0
        return max((self._failed.get(pool.venue, 0) for pool in pools), default=0)

    def most_unfilled(self, strategy: str) -> int:
        """The strategy's path that was tried most often since its last fill."""
        return max((count for path, count in self._unfilled.items() if path[0] == strategy), default=0)

    def most_failures(self) -> int:
        """The longest row of failures at any venue."""
        return max(self._failed.values(), default=0)

    def forget_strategy(self, strategy: str) -> None:
        """A person lets the strategy try again."""
        self._unfilled = {path: count for path, count in self._unfilled.items() if path[0] != strategy}

    def forget_venue(self, venue: int) -> None:
        """A person lets the venue be used again."""
        self._failed.pop(venue, None)
