"""The best trade through a cycle that stands open, by the shortest way that is exact for it."""

from __future__ import annotations

from alphapulse.data.pools import PoolKind, Trust
from alphapulse.rules.amm.concentrated import ConcentratedState
from alphapulse.rules.arbitrage.cycle import Key
from alphapulse.rules.arbitrage.cycle_sizing import size_cycle
from alphapulse.rules.arbitrage.open_cycle import OpenCycle
from alphapulse.rules.arbitrage.pair import PoolPair
from alphapulse.rules.arbitrage.path import Chain, SizedPath
from alphapulse.rules.arbitrage.sizing import size_path

KEPT_PAIRS = 4096
"""Pairs of pools whose fee roots are kept; when they are too many, all are made again as they come."""


class OpenSizing:
    """Sizes open cycles.

    Two concentrated pools, each in one range, are by far the most frequent and have a way of their own. What is at the
    end of a range there is sized as any cycle, if the ticks behind it are known.
    """

    def __init__(self) -> None:
        self._pairs: dict[Key, PoolPair] = {}

    def best(self, opened: OpenCycle) -> SizedPath | None:
        """The most profitable trade; None if none earns."""
        states = opened.states
        if len(states) == 2:
            first, second = states
            if isinstance(first, ConcentratedState) and isinstance(second, ConcentratedState):
                pair = self._pair(opened)
                if pair is not None and first.liquidity and second.liquidity:
                    if pair.first is opened.cycle.hops[0].pool:
                        path = size_path(pair, first, second)
                    else:
                        path = size_path(pair, second, first)
                    if not path.at_end or (first.trust < Trust.PROVEN and second.trust < Trust.PROVEN):
                        return path if path.profit > 0 else None
        return size_cycle(opened.cycle, states)

    def exactly(self, opened: OpenCycle, size: int) -> SizedPath | None:
        """What exactly that much brings; None if a pool refuses it."""
        chain = Chain(opened.cycle, opened.states)
        quotes = chain.forward(size)
        return chain.path(size, quotes) if chain.is_passed(quotes) else None

    def _pair(self, opened: OpenCycle) -> PoolPair | None:
        """The two pools with their fee root; None if one of the fees is not fixed."""
        cycle = opened.cycle
        pair = self._pairs.get(cycle.key)
        (first, _, _), (second, _, _) = cycle.hops
        if pair is None:
            if first.kind is not PoolKind.V3 or second.kind is not PoolKind.V3:
                return None
            if len(self._pairs) == KEPT_PAIRS:
                self._pairs.clear()
            pair = self._pairs[cycle.key] = PoolPair(first, second, cycle.profit_token)
        return pair
