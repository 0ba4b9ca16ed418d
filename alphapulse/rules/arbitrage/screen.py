"""The cheap look at all cycles through a pool that has changed: logarithms, and never one cycle too few.

A rate is the logarithm of what one raw unit sold brings at the margin, the pool's fee taken off, as an integer of
2^-40, rounded up with a margin above every rounding of the floats that it is made of. A cycle can earn only if its
rates sum to more than zero. Sums of integers are exact, so nothing drifts however long the screen runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.pools import Pool
from alphapulse.rules.arbitrage.cycle import Cycle
from alphapulse.rules.arbitrage.cycle_index import CycleIndex
from alphapulse.rules.arbitrage.token_graph import NO_HOP, UNKNOWN, Edge, Loop, Seat

_sum = np.add.reduce
_greatest = np.maximum.reduce

MOST_CYCLES: Final = 256
"""Cycles through one pool that are looked at exactly at one moment: the shorter ones first, then those over the loops
with the highest rates."""


class Screen:
    """Rates of all pools, and the best of each edge; `passing` names the cycles that may earn.

    `left_out` counts the moments at which more passed than are looked at.
    """

    def __init__(self, index: CycleIndex) -> None:
        self.index = index
        self.left_out = 0
        self._comparable: set[Seat] = set()
        self._best: list[int] = [0, 0]
        self._rates = np.zeros(2, dtype=np.int64)

    def add(self, pool: Pool) -> None:
        """Take a pool in; its rates are unknown until they are set."""
        for seat in self.index.add(pool):
            number = 2 * seat.edge.number + 1
            if number >= len(self._rates):
                grown = np.full(max(1024, 2 * number), UNKNOWN, dtype=np.int64)
                grown[: len(self._rates)] = self._rates
                self._rates = grown
                self._best += [UNKNOWN] * (len(grown) - len(self._best))

    def remove(self, pool: InstrumentId) -> None:
        """Forget a pool."""
        for seat in self.index.remove(pool):
            self._settle(seat.edge)
        self._comparable.clear()

    def set_rates(self, seat: Seat, up: int, down: int) -> None:
        """The pool's rates on one edge have changed; `up` is for the sale of the token with the lesser address."""
        edge = seat.edge
        number, best = 2 * edge.number, self._best
        was_best = (seat.up == best[number] and seat.up > up) or (seat.down == best[number + 1] and seat.down > down)
        if up == UNKNOWN:
            self._comparable.clear()
        seat.up = up
        seat.down = down
        seat.is_aside = False
        if was_best:
            self._settle(edge)
            return
        if up > best[number]:
            best[number] = self._rates[number] = up
        if down > best[number + 1]:
            best[number + 1] = self._rates[number + 1] = down

    def set_aside(self, pool: InstrumentId) -> None:
        """Keep a pool out of other pools' cycles until its own rates are set again."""
        for seat in self.index.seats(pool):
            seat.is_aside = True
            self._settle(seat.edge)

    def edge_rates(self, edge: Edge) -> tuple[int, int]:
        """The best rates of an edge, upwards and downwards."""
        return self._best[2 * edge.number], self._best[2 * edge.number + 1]

    def is_comparable(self, seat: Seat) -> bool:
        """True if every pool of some loop through the seat is known."""
        if seat in self._comparable:
            return True
        loops = self.index.loops(seat.edge)
        if seat.up == UNKNOWN or not loops.number:
            return False
        # The loop of two hops leads back over the same edge, through another pool.
        is_beside = any(other.up != UNKNOWN for other in seat.edge.seats if other is not seat)
        if loops.few:
            best = self._best
            known = any(
                best[first] != UNKNOWN and best[second] != UNKNOWN and best[third] != UNKNOWN
                for first, second, third in loops.few
                if second != NO_HOP or is_beside
            )
        else:
            upwards = loops.upwards
            whole = (self._rates.take(upwards) != UNKNOWN).all(axis=0)
            known = bool((whole & ((upwards[1] != NO_HOP) | is_beside)).any())
        if known:
            self._comparable.add(seat)
        return known

    def passing(self, seat: Seat) -> list[Cycle]:
        """The cycles through a pool's seat whose rates sum to more than zero, both ways."""
        up, down = seat.up, seat.down
        if up == UNKNOWN and down == UNKNOWN:
            return []
        loops = seat.edge.loops
        if loops is None:
            loops = self.index.loops(seat.edge)
        if loops.few:
            best = self._best
            found = []
            for loop in loops.few:
                first, second, third = loop
                if (rate := best[first] + best[second] + best[third] + up) > 0:
                    found.append((rate, True, loop))
                if (rate := best[first ^ 1] + best[second ^ 1] + best[third ^ 1] + down) > 0:
                    found.append((rate, False, loop))
            return self._cycles(seat, found) if found else []
        if not loops.number:
            return []
        closing = _sum(self._rates.take(loops.both_ways))
        upwards, downwards = closing[: loops.number], closing[loops.number :]
        if _greatest(upwards) <= -up and _greatest(downwards) <= -down:
            return []
        found = []
        for rates, own, is_up in ((upwards, up, True), (downwards, down, False)):
            for at in np.flatnonzero(rates > -own).tolist():
                found.append((int(rates[at]) + own, is_up, tuple(loops.both_ways[:, at].tolist())))
        return self._cycles(seat, found)

    def _cycles(self, seat: Seat, found: list[tuple[int, bool, Loop]]) -> list[Cycle]:
        """The cycles of passing loops, the shorter ones first, then those with the highest rates."""
        if len(found) > 1:
            found.sort(key=lambda one: (one[2].count(NO_HOP), one[0]), reverse=True)
        cycles: list[Cycle] = []
        for rate, up, loop in found:
            sides = [number if up else number ^ 1 for number in loop if number > 1]
            if not up:
                sides.reverse()
            for others in (
                self._beside(seat, sides[0], rate) if len(sides) == 1 else self._choices(seat, sides, rate, ())
            ):
                if len(cycles) == MOST_CYCLES:
                    self.left_out += 1
                    return cycles
                cycles.append(self.index.cycle(seat, up, others, sides))
        return cycles

    def _beside(self, seat: Seat, number: int, rate: int) -> Iterator[tuple[Seat, ...]]:
        """The same for cycles of two pools, which are by far the most."""
        rate -= self._best[number]
        for other in seat.edge.seats:
            own = UNKNOWN if other.is_aside else other.down if number & 1 else other.up
            if own + rate > 0 and other.pool_number != seat.pool_number:
                yield (other,)

    def _choices(self, seat: Seat, sides: list[int], rate: int, chosen: tuple[Seat, ...]) -> Iterator[tuple[Seat, ...]]:
        """Pools for the directed edges, of which `rate` is what the best would give: all whose sum is above zero."""
        if len(chosen) == len(sides):
            yield chosen
            return
        number = sides[len(chosen)]
        rate -= self._best[number]
        taken = {seat.pool_number, *(one.pool_number for one in chosen)}
        for other in self.index.edge(number >> 1).seats:
            own = UNKNOWN if other.is_aside else other.down if number & 1 else other.up
            if own + rate > 0 and other.pool_number not in taken:
                yield from self._choices(seat, sides, rate + own, (*chosen, other))

    def _settle(self, edge: Edge) -> None:
        """Find the best rates of an edge anew."""
        number, up, down = 2 * edge.number, UNKNOWN, UNKNOWN
        for seat in edge.seats:
            if not seat.is_aside:
                up = max(up, seat.up)
                down = max(down, seat.down)
        self._best[number] = self._rates[number] = up
        self._best[number + 1] = self._rates[number + 1] = down
