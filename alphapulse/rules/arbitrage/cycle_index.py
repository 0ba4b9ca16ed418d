"""Which cycles go through a pool: kept up to date as pools come and go.

Pools of the same two tokens stand side by side on one edge between these tokens, and cycles are kept as loops of
edges: thirty pools of one pair make one loop through a third token, not thirty. A loop is kept at each of its edges,
as the three directed edges that close it; the pools are chosen when it is looked at.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Collection, Iterator, Sequence
from itertools import chain, islice, product
from operator import attrgetter

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.pools import Pool
from alphapulse.rules.arbitrage.cycle import MOST_HOPS, Cycle
from alphapulse.rules.arbitrage.token_graph import NO_HOP, Edge, Loop, Loops, Seat, TokenNode

MOST_LOOPS = 4096
"""Loops kept at one edge. Beyond that the shorter ones stay, then those with the least token addresses; a loop that is
left out at one edge is still found when a pool of another of its edges changes."""

TOUCHED_AT_ONCE = 65_536
"""Loops of a new or vanished edge that are followed one by one; with more, all edges are looked at anew when asked."""

KEPT_CYCLES = 16_384
"""Cycles that are kept once they were made; when they are too many, all are made again as they come."""

_address = attrgetter("address")


class CycleIndex:
    """From a pool to the cycles of 2, 3 and 4 hops through it.

    Cycles of two hops are those of every pair of pools with two common tokens; longer ones pass a base token. Each
    begins at the base token that stands first in `base_tokens`, without one at the least address. Chains are separate.
    """

    def __init__(
        self, base_tokens: Sequence[bytes] = (), *, most_hops: int = MOST_HOPS, most_loops: int = MOST_LOOPS
    ) -> None:
        self._ranks = {token: rank for rank, token in reversed(list(enumerate(base_tokens)))}
        self._most_hops = most_hops
        self._most_loops = most_loops
        self._tokens: dict[tuple[int, bytes], TokenNode] = {}
        self._seats: dict[InstrumentId, tuple[Seat, ...]] = {}
        self._edges: dict[int, Edge] = {}
        self._free_edges: list[int] = []
        self._free_pools: list[int] = []
        self._built: set[Edge] = set()
        self._cycles: dict[tuple[Seat, bool, tuple[Seat, ...]], Cycle] = {}

    def __len__(self) -> int:
        return len(self._seats)

    def __contains__(self, pool: InstrumentId) -> bool:
        return pool in self._seats

    @property
    def pools(self) -> Collection[InstrumentId]:
        """The pools that are in."""
        return self._seats.keys()

    @property
    def full_edges(self) -> list[Edge]:
        """Edges at which loops were left out, as far as they were looked at."""
        return [edge for edge in self._built if edge.is_full]

    def node(self, chain_id: int, token: bytes) -> TokenNode | None:
        """A token by its address; None if no pool holds it."""
        return self._tokens.get((chain_id, token))

    def edge_between(self, chain_id: int, one: bytes, other: bytes) -> Edge | None:
        """The edge between two tokens; None if no pool holds both."""
        first, second = self.node(chain_id, one), self.node(chain_id, other)
        return None if first is None or second is None else first.edges.get(second)

    def rank(self, token: bytes) -> int:
        """The place of a token among the base tokens, behind the last if it is none."""
        return self._ranks.get(token, len(self._ranks))

    def edge(self, number: int) -> Edge:
        """The edge of that number."""
        return self._edges[number]

    def seats(self, pool: InstrumentId) -> tuple[Seat, ...]:
        """The pool's seats, one for each two of its tokens; none if it is unknown."""
        return self._seats.get(pool, ())

    def add(self, pool: Pool) -> tuple[Seat, ...]:
        """Take a pool in; one that is known already stays as it is."""
        known = self._seats.get(pool.id)
        if known is not None:
            return known
        number = self._free_pools.pop() if self._free_pools else len(self._seats)
        seats = []
        for at, first in enumerate(pool.tokens):
            for beside, second in enumerate(pool.tokens[at + 1 :], at + 1):
                low, high = (at, beside) if first.address < second.address else (beside, at)
                edge = self._edge_for(pool.id.chain_id or 0, pool.tokens[low].address, pool.tokens[high].address)
                seat = Seat(pool, number, edge, low, high)
                edge.seats.append(seat)
                if len(edge.seats) == 2:
                    self._grow(edge, self._two_hops(edge))
                seats.append(seat)
        self._seats[pool.id] = tuple(seats)
        return self._seats[pool.id]

    def remove(self, pool: InstrumentId) -> tuple[Seat, ...]:
        """Forget a pool; returns the seats that it had."""
        seats = self._seats.pop(pool, ())
        for seat in seats:
            seat.state = None  # whoever still holds the seat, as a way of the valuation, knows nothing of it any more
            edge = seat.edge
            edge.seats.remove(seat)
            if len(edge.seats) == 1:
                self._shrink(edge, edge)
            elif not edge.seats:
                self._drop_edge(edge)
        if seats:
            self._free_pools.append(seats[0].pool_number)
            self._cycles.clear()
        return seats

    def loops(self, edge: Edge) -> Loops:
        """The loops over an edge."""
        if edge.loops is None:
            found = list(islice(self._loops_through(edge), self._most_loops + 1))
            edge.is_full = len(found) > self._most_loops
            edge.loops = Loops.of(found[: self._most_loops])
            self._built.add(edge)
        return edge.loops

    def cycles_through(self, pool: InstrumentId) -> Iterator[Cycle]:
        """Every cycle through a pool that is kept, both ways."""
        for seat in self.seats(pool):
            for loop in self.loops(seat.edge).tuples():
                for up in (True, False):
                    sides = [number if up else number ^ 1 for number in loop if number > 1]
                    if not up:
                        sides.reverse()
                    for others in product(*(self._edges[number >> 1].seats for number in sides)):
                        numbers = {seat.pool_number, *(other.pool_number for other in others)}
                        if len(numbers) == len(sides) + 1:
                            yield self.cycle(seat, up, others, sides)

    def cycle(self, seat: Seat, up: bool, others: tuple[Seat, ...], sides: Sequence[int]) -> Cycle:
        """The cycle through a seat and, behind it, other seats, each at one of the directed edges `sides`."""
        name = seat, up, others
        made = self._cycles.get(name)
        if made is not None:
            return made
        seats = [seat, *others]
        hops = [seat.hop(up=up)]
        hops += [other.hop(up=not number & 1) for other, number in zip(others, sides, strict=True)]
        sold = [(self.rank(token), token) for token in [hop.sold for hop in hops]]
        start = sold.index(min(sold))
        key = sorted([one.key for one in seats])
        if len(self._cycles) == KEPT_CYCLES:
            self._cycles.clear()
        made = self._cycles[name] = Cycle((*hops[start:], *hops[:start]), tuple(key), (*seats[start:], *seats[:start]))
        return made

    # Edges

    def _edge_for(self, chain_id: int, low: bytes, high: bytes) -> Edge:
        one, other = self._token(chain_id, low), self._token(chain_id, high)
        edge = one.edges.get(other)
        if edge is None:
            # Number 0 is no edge: its two directions stand for no hop.
            edge = Edge(self._free_edges.pop() if self._free_edges else len(self._edges) + 1, one, other)
            self._edges[edge.number] = edge
            for token, neighbour in ((one, other), (other, one)):
                token.edges[neighbour] = edge
                insort(token.neighbours, neighbour, key=_address)
            for touched, loop in self._touched_by(edge):
                self._grow(touched, loop)
        return edge

    def _drop_edge(self, edge: Edge) -> None:
        for touched in {touched for touched, _ in self._touched_by(edge)}:
            self._shrink(touched, edge)
        self._built.discard(edge)
        del self._edges[edge.number]
        self._free_edges.append(edge.number)
        for token, neighbour in ((edge.low, edge.high), (edge.high, edge.low)):
            del token.edges[neighbour]
            del token.neighbours[bisect_left(token.neighbours, neighbour.address, key=_address)]
            if not token.neighbours:
                del self._tokens[token.chain_id, token.address]

    def _token(self, chain_id: int, address: bytes) -> TokenNode:
        key = chain_id, address
        token = self._tokens.get(key)
        if token is None:
            token = self._tokens[key] = TokenNode(chain_id, address, is_base=address in self._ranks)
        return token

    # Loops

    def _two_hops(self, edge: Edge) -> Loop:
        return 2 * edge.number + 1, NO_HOP, NO_HOP

    def _loops_through(self, edge: Edge) -> Iterator[Loop]:
        """In the order in which they are kept: shorter ones first, then by the addresses behind `high`."""
        two = [self._two_hops(edge)] if len(edge.seats) > 1 else []
        return chain(two, self._longer_loops(edge))

    def _longer_loops(self, edge: Edge) -> Iterator[Loop]:
        low, high = edge.low, edge.high
        anything = low.is_base or high.is_base
        if self._most_hops >= 3:
            for token, leaving in _walks(high, low):
                if (closing := low.edges.get(token)) is not None and (anything or token.is_base):
                    yield leaving, closing.directed(token), NO_HOP
        if self._most_hops >= 4:
            for token, leaving in _walks(high, low):
                scarcer, wider = sorted((token, low), key=lambda one: len(one.neighbours))
                for beyond in scarcer.neighbours:
                    if beyond is token or beyond is low or beyond is high or beyond not in wider.edges:
                        continue
                    if anything or token.is_base or beyond.is_base:
                        yield leaving, token.edges[beyond].directed(token), low.edges[beyond].directed(beyond)

    def _touched_by(self, edge: Edge) -> list[tuple[Edge, Loop]]:
        """The built edges that share loops with an edge, each with the loop as it is kept there."""
        upward = 2 * edge.number
        loops = list(islice(self._longer_loops(edge), TOUCHED_AT_ONCE + 1))
        if len(loops) > TOUCHED_AT_ONCE:
            for built in self._built:
                built.loops = None
            self._built.clear()
            return []
        touched = []
        for loop in loops:
            walk = [upward, *(number for number in loop if number > 1)]
            for at, number in enumerate(walk[1:], 1):
                other = self._edges[number >> 1]
                if other.loops is None:
                    continue
                rest = walk[at + 1 :] + walk[:at]
                if number & 1:  # walked downwards: the loop is kept the other way round
                    rest = [one ^ 1 for one in reversed(rest)]
                touched.append((other, (rest[0], rest[1], rest[2] if len(rest) > 2 else NO_HOP)))
        return touched

    def _grow(self, edge: Edge, loop: Loop) -> None:
        if edge.loops is None:
            return
        if edge.is_full or edge.loops.number >= self._most_loops:
            self._forget_loops(edge)  # which ones stay is decided anew
        else:
            edge.loops = edge.loops.grown(loop)

    def _shrink(self, edge: Edge, without: Edge) -> None:
        """Take the loops over another edge away; if it is the edge itself, its loop of two hops."""
        if edge.loops is None:
            return
        if edge.is_full:
            self._forget_loops(edge)
        else:
            edge.loops = edge.loops.without(without.number)

    def _forget_loops(self, edge: Edge) -> None:
        edge.loops = None
        edge.is_full = False
        self._built.discard(edge)


def _walks(origin: TokenNode, without: TokenNode) -> Iterator[tuple[TokenNode, int]]:
    """The neighbours of a token but one, each with the directed edge that leads there."""
    for token in origin.neighbours:
        if token is not without:
            yield token, origin.edges[token].directed(origin)
