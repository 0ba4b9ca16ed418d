"""Tokens and the pools between them, as the cycle index links them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

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
NO_COLUMNS: Columns = np.empty((3, 0), dtype=np.int64)


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
    """What closes the loops of an edge, three directed edges each: one by one if they are `few`, else in columns.

    The first half of the columns closes them behind the upward direction, the second half, in the same order, behind
    the downward one.
    """

    __slots__ = ("both_ways", "few", "number")

    def __init__(self, few: Sequence[Loop], upwards: Columns) -> None:
        self.few = few
        self.number = len(few) + upwards.shape[1]
        self.both_ways = np.concatenate((upwards, upwards ^ 1), axis=1) if self.number > FEW_LOOPS else NO_COLUMNS

    @classmethod
    def of(cls, upwards: Sequence[Loop]) -> Loops:
        """Those of loops behind the upward direction."""
        return cls(upwards, NO_COLUMNS) if len(upwards) <= FEW_LOOPS else cls((), _columns(upwards))

    @property
    def upwards(self) -> Columns:
        """Those behind the upward direction, if they are not few."""
        return self.both_ways[:, : self.number]

    def tuples(self) -> Sequence[Loop]:
        """Those behind the upward direction, one by one."""
        return self.few or [(a, b, c) for a, b, c in self.upwards.T.tolist()]

    def grown(self, loop: Loop) -> Loops:
        """These, and one more behind them."""
        if self.number <= FEW_LOOPS:
            return Loops.of([*self.few, loop])
        return Loops((), np.concatenate((self.upwards, _columns([loop])), axis=1))

    def without(self, number: int) -> Loops:
        """These but for what leads over the edge of that number."""
        if self.number > FEW_LOOPS:
            upwards = self.upwards[:, (self.upwards >> 1 != number).all(axis=0)]
            if upwards.shape[1] > FEW_LOOPS:
                return Loops((), upwards)
        return Loops.of([loop for loop in self.tuples() if all(side >> 1 != number for side in loop)])


def _columns(loops: Sequence[Loop]) -> Columns:
    return np.array(loops, dtype=np.int64).T


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

    __slots__ = (
        "down",
        "edge",
        "high",
        "hops",
        "is_aside",
        "key",
        "low",
        "newest",
        "pool",
        "pool_number",
        "state",
        "up",
    )

    def __init__(self, pool: Pool, pool_number: int, edge: Edge, low: int, high: int) -> None:
        self.pool = pool
        self.pool_number = pool_number
        self.edge = edge
        self.low = low
        self.high = high
        self.key = pool_number, low, high
        self.hops = Hop(pool, high, low), Hop(pool, low, high)
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
        return self.hops[up]
