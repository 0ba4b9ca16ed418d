"""Cycles: ways through two to four pools that begin and end in one token."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import attrs

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.pools import Pool, PoolKind

if TYPE_CHECKING:  # seats are made of hops
    from alphapulse.rules.arbitrage.token_graph import Seat

MOST_HOPS = 4

Key = tuple[tuple[int, int, int], ...]


class Hop(NamedTuple):
    """One pool of a cycle and what is sold and bought there, as indexes into the pool's tokens."""

    pool: Pool
    token_in: int
    token_out: int

    @property
    def sold(self) -> bytes:
        """Address of the token that goes in."""
        return self.pool.tokens[self.token_in].address

    @property
    def bought(self) -> bytes:
        """Address of the token that comes out."""
        return self.pool.tokens[self.token_out].address


@attrs.frozen
class Cycle:
    """Hops of which each sells what the one before bought; the first sells the token that the last buys.

    `key` tells cycles of one index apart, both ways round alike: the pools' numbers there and the two tokens, sorted.
    `seats` are the pools' places in the index, hop by hop. It earns in `profit_token` (an address), on the chain of all
    its pools.
    """

    hops: tuple[Hop, ...]
    key: Key
    seats: tuple[Seat, ...] = ()
    profit_token: bytes = attrs.field(init=False, eq=False, repr=False)
    chain_id: int = attrs.field(init=False, eq=False, repr=False)
    kinds: tuple[PoolKind, ...] = attrs.field(init=False, eq=False, repr=False)
    """Of the pools, hop by hop."""

    @profit_token.default
    def _sold_first(self) -> bytes:
        return self.hops[0].sold

    @chain_id.default
    def _chain_of_pools(self) -> int:
        return self.hops[0].pool.id.chain_id or 0

    @kinds.default
    def _kinds_of_pools(self) -> tuple[PoolKind, ...]:
        return tuple([hop.pool.kind for hop in self.hops])

    @property
    def pools(self) -> tuple[InstrumentId, ...]:
        """The pools in order."""
        return tuple([hop.pool.id for hop in self.hops])

    @property
    def name(self) -> str:
        """The path for people: tokens, with the pool between each two."""
        steps = [f"-[{hop.pool.name}]-> {hop.pool.tokens[hop.token_out].symbol}" for hop in self.hops]
        opening = self.hops[0]
        return " ".join([opening.pool.tokens[opening.token_in].symbol, *steps])
