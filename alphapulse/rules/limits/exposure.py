"""Exposure: what could be lost by trades that are on their way or whose outcome is not known, and what is held."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, TypeVar

from alphapulse.data.instruments import InstrumentId
from alphapulse.rules.limits.attempts import Path

K = TypeVar("K")
Key = tuple[int, int]
"""(run, signal id): names a trade before it has an intent, and until its outcome is known."""


class Stake(NamedTuple):
    """An approved trade without an outcome: `size` raw units of `token` go in, `gas_wei` may be lost."""

    strategy: str
    token: bytes
    size: int
    path: Path
    pools: tuple[InstrumentId, ...]
    gas_wei: int

    @property
    def venues(self) -> set[int]:
        """The venues of its pools."""
        return {pool.venue for pool in self.pools}


class Exposure:
    """Open stakes, counted from their approval until their end is proven; UNKNOWN is open. Amounts are raw units.

    A stake counts with its whole size for each of its pools, each of its venues, its strategy and its token. Nothing
    but `close` ends a stake: no timeout, no restart, no new run.
    """

    def __init__(self) -> None:
        self.stakes: dict[Key, Stake] = {}
        self.gas_wei = 0
        """Gas of all open stakes, wei."""
        self._of_token: dict[bytes, int] = {}
        self._of_strategy: dict[tuple[str, bytes], int] = {}
        self._of_pool: dict[tuple[InstrumentId, bytes], int] = {}
        self._of_venue: dict[tuple[int, bytes], int] = {}
        self._held: dict[bytes, int] = {}

    def open(self, key: Key, stake: Stake) -> None:
        """A trade was approved. One that is open already is not counted twice."""
        if key not in self.stakes:
            self.stakes[key] = stake
            self._count(stake, 1)

    def close(self, key: Key, held: int) -> None:
        """A trade's end is proven; `held` is what it adds to the holding of its token. Unknown ones are ignored."""
        stake = self.stakes.pop(key, None)
        if stake is not None:
            self._count(stake, -1)
            self._held[stake.token] = self._held.get(stake.token, 0) + held

    def take_back(self, token: bytes, held: int) -> None:
        """A trade that had added `held` to the holding of its token did not happen."""
        self._held[token] = self._held.get(token, 0) - held

    def forget_holdings(self) -> None:
        """Fresh books: nothing is held. What is open stays so."""
        self._held.clear()

    def of_pools(self, pools: Iterable[InstrumentId], token: bytes) -> int:
        """The most that is open through one of these pools."""
        if token not in self._of_token:
            return 0
        return max((self._of_pool.get((pool, token), 0) for pool in pools), default=0)

    def of_venues(self, pools: Iterable[InstrumentId], token: bytes) -> int:
        """The most that is open at one of these pools' venues."""
        if token not in self._of_token:
            return 0
        return max((self._of_venue.get((pool.venue, token), 0) for pool in pools), default=0)

    def with_trade(
        self, strategy: str, token: bytes, pools: Iterable[InstrumentId], size: int
    ) -> tuple[int, int, int, int, int]:
        """What a trade would make of its busiest pool, its busiest venue, gross, net and the strategy's open stakes."""
        gross, net = self.gross(token, size), self.net(token, size)
        if token not in self._of_token:
            return size, size, gross, net, size
        in_pool, at_venue = self.of_pools(pools, token), self.of_venues(pools, token)
        return in_pool + size, at_venue + size, gross, net, self.of_strategy(strategy, token) + size

    def of_busiest_pool(self, token: bytes) -> int:
        """The most that is open through any pool."""
        return max((size for (_, of), size in self._of_pool.items() if of == token), default=0)

    def of_busiest_venue(self, token: bytes) -> int:
        """The most that is open at any venue."""
        return max((size for (_, of), size in self._of_venue.items() if of == token), default=0)

    def of_strategy(self, strategy: str, token: bytes) -> int:
        """What a strategy has open."""
        return self._of_strategy.get((strategy, token), 0)

    def gross(self, token: bytes, more: int = 0) -> int:
        """All that is held or open, `more` included, none set off against another."""
        return abs(self._held.get(token, 0)) + self._of_token.get(token, 0) + more

    def net(self, token: bytes, more: int = 0) -> int:
        """The larger of two positions: nothing that is open comes back, or all of it does; `more` is open too."""
        held = self._held.get(token, 0)
        return max(abs(held), abs(held - self._of_token.get(token, 0) - more))

    def _count(self, stake: Stake, sign: int) -> None:
        token, size = stake.token, sign * stake.size
        self.gas_wei += sign * stake.gas_wei
        _add(self._of_token, token, size)
        _add(self._of_strategy, (stake.strategy, token), size)
        for pool in set(stake.pools):
            _add(self._of_pool, (pool, token), size)
        for venue in stake.venues:
            _add(self._of_venue, (venue, token), size)


def _add(sums: dict[K, int], key: K, amount: int) -> None:
    total = sums.get(key, 0) + amount
    if total:
        sums[key] = total
    else:
        sums.pop(key, None)
