"""Tokens and the pools between them, as the cycle index links them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from alphapulse.data.pools import Pool
from alphapulse.rules.amm.pool_state import AmmState
from alphapulse.rules.arbitrage.cycle import Hop

UNKNOWN = -(1 << 60)
"""The rate of a pool without a known state: any sum with it is far below zero, and four fit 64 bits."""

FEW_LOOPS = 6
"""Up to so many loops plain Python is faster than NumPy's calls."""

NO_HOP = 0
"""The directed edge that stands for no hop where a loop has fewer than four."""


Loop = tuple[int, int, int]
Columns = np.ndarray[tuple[int, int], np.dtype[np.int64]]


def _unknown() -> AmmState | None:
    """What is known of a pool that no book follows."""
    return None


class TokenNode:
    """A token with its edges, in the order of the neighbours' addresses."""

    __slots__ = ("address", "chain_id", "edges", "is_base", "neighbours")

    def __init__(self, chain_id: int, address: bytes, *, is_base: bool) -> None:
        self.chain_id = chain_id
        self.address = address
        self.is_base = is_base
        self.edges: dict[TokenNode, Edge] = {}
        self.neighbours: list[TokenNode] = []


class Loops:
    """What closes the loops of an edge, three directed edges in each column; if they are few, also as tuples.

    The first half of the columns closes them behind the upward direction, the second half, in the same order, behind
    the downward one.
    """

    __slots__ = ("both_ways", "few", "number")

    def __init__(self, upwards: Columns) -> None:
        self.number = upwards.shape[1]
        self.both_ways = np.concatenate((upwards, upwards ^ 1), axis=1)
        self.few: list[Loop] = [(a, b, c) for a, b, c in upwards.T.tolist()] if self.number <= FEW_LOOPS else []

    @property
    def upwards(self) -> Columns:
        """Those behind the upward direction."""
        return self.both_ways[:, : self.number]


class Edge:
    """All pools between two tokens; `low` has the lesser address. Directed, it is 2 · number upwards, + 1 downwards.

    `loops` is None until somebody asks; `is_full` says that some were left out.
    """

    __slots__ = ("high", "is_full", "loops", "low", "number", "seats")

    def __init__(self, number: int, low: TokenNode, high: TokenNode) -> None:
        self.number = number
        self.low = low
        self.high = high
        self.seats: list[Seat] = []
        self.loops: Loops | None = None
        self.is_full = False

    def directed(self, origin: TokenNode) -> int:
        """The number of this edge walked from `origin`."""
        return 2 * self.number + (origin is self.high)


class Seat:
    """A pool on one edge: which of its tokens are the edge's, and its rates both ways (fixed point, see the screen).

    One that is set aside is no part of other pools' cycles until it changes itself. `newest` asks the book that follows
    the pool for its state, and `state` is what it said last, for those who follow the pool here.
    """

    __slots__ = ("down", "edge", "high", "is_aside", "low", "newest", "pool", "pool_number", "state", "up")

    def __init__(self, pool: Pool, pool_number: int, edge: Edge, low: int, high: int) -> None:
        self.pool = pool
        self.pool_number = pool_number
        self.edge = edge
        self.low = low
        self.high = high
        self.up = UNKNOWN
        self.down = UNKNOWN
        self.is_aside = False
        self.state: AmmState | None = None
        self.newest: Callable[[], AmmState | None] = _unknown

    @property
    def chain_id(self) -> int:
        """The chain of the pool."""
        return self.edge.low.chain_id

    def hop(self, *, up: bool) -> Hop:
        """The hop through the pool in one direction."""
        return Hop(self.pool, self.low, self.high) if up else Hop(self.pool, self.high, self.low)
