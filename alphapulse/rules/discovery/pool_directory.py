"""The pools that a process knows: those of its start, and what is found while it runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Self, overload

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.pool_cache import PoolInfo
from alphapulse.data.pools import Pool, Token
from alphapulse.data.verdicts import PoolVerdict
from alphapulse.rules.discovery.pool_info import pool_of


class PoolDirectory(Sequence[Pool]):
    """The admitted pools in the order in which they came. Whoever holds its mappings sees what comes and goes.

    `by_id` and `tokens` keep what was ever admitted, since trades are told by it; `pairs` holds admitted pools alone,
    each with the addresses of its first two tokens.
    """

    def __init__(self, pools: Iterable[Pool] = ()) -> None:
        self.by_id: dict[InstrumentId, Pool] = {}
        self.tokens: dict[bytes, Token] = {}
        self.pairs: dict[InstrumentId, tuple[bytes, bytes]] = {}
        for pool in pools:
            self.add(pool)

    @classmethod
    def of(cls, pools: Iterable[Pool]) -> Self:
        """These pools; a directory is itself."""
        return pools if isinstance(pools, cls) else cls(pools)

    def add(self, pool: Pool) -> None:
        """Admit a pool; one that is known stays what it is."""
        known = self.by_id.setdefault(pool.id, pool)
        self.pairs[known.id] = known.pair
        for token in known.tokens:
            self.tokens.setdefault(token.address, token)

    def heed(self, message: PoolInfo | PoolVerdict) -> None:
        """A pool was found, or is not followed any more."""
        if isinstance(message, PoolInfo):
            self.add(pool_of(message))
        elif not message.admitted:
            self.pairs.pop(message.pool, None)

    def __len__(self) -> int:
        return len(self.pairs)

    def __iter__(self) -> Iterator[Pool]:
        return iter([self.by_id[pool] for pool in self.pairs])

    @overload
    def __getitem__(self, index: int) -> Pool: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Pool]: ...

    def __getitem__(self, index: int | slice) -> Pool | Sequence[Pool]:
        return list(self)[index]
