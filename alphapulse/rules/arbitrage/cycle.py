"""Cycles: ways through two to four pools that begin and end in one token."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.pools import Pool

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


class Cycle(NamedTuple):
    """Hops of which each sells what the one before bought; the first sells the token that the last buys.

    `key` tells cycles of one index apart, both ways round alike: the pools' numbers there and the two tokens, sorted.
    `seats` are the pools' places in the index, hop by hop.
    """

    hops: tuple[Hop, ...]
    key: Key
    seats: tuple[Seat, ...] = ()

    @property
    def profit_token(self) -> bytes:
        """Address of the token in which the cycle earns."""
        return self.hops[0].sold

    @property
    def chain_id(self) -> int:
        """The chain of all its pools."""
        return self.hops[0].pool.id.chain_id or 0

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
