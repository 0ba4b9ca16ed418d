"""A cycle whose prices beat its fees, compared exactly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from alphapulse.data.market import LogStamp
from alphapulse.data.pools import Pool, Trust
from alphapulse.rules.amm.pool_state import AmmState
from alphapulse.rules.arbitrage.cycle import Cycle

PPM = 1_000_000

_new = tuple.__new__


class OpenCycle(NamedTuple):
    """A cycle whose marginal prices beat its fees at the states given, in integers.

    `gap_ppm` is how far the product of its prices lies above one before fees, `fees_ppm` the sum of the fees.
    `opens_episode`: it was not open at the state before.
    """

    cycle: Cycle
    states: tuple[AmmState, ...]
    gap_ppm: int
    fees_ppm: int
    opens_episode: bool

    @property
    def doubted_at(self) -> Pool | None:
        """The first pool in quarantine: what its contract says is not what was followed."""
        for hop, state in zip(self.cycle.hops, self.states, strict=True):
            if state.trust is Trust.DIVERGENT:
                return hop.pool
        return None


def open_cycle(cycle: Cycle, states: Sequence[AmmState], *, opens_episode: bool) -> OpenCycle | None:
    """The cycle at these states if it beats its fees exactly: Π price · (10⁶ - fee) > 10⁶ⁿ; else None."""
    fees_ppm = 0
    numerator = denominator = keep = whole = 1
    for (_, token_in, token_out), state in zip(cycle.hops, states, strict=True):
        fee_ppm = state.fee_ppm
        if fee_ppm is None:
            return None
        out, into = state.price(token_in, token_out)
        numerator *= out
        denominator *= into
        keep *= PPM - fee_ppm
        whole *= PPM
        fees_ppm += fee_ppm
    if numerator * keep <= denominator * whole:
        return None
    gap_ppm = numerator * PPM // denominator - PPM
    return _new(OpenCycle, (cycle, tuple(states), gap_ppm, fees_ppm, opens_episode))


def newest_stamp(states: Sequence[AmmState]) -> LogStamp:
    """The stamp of the event that opened a cycle: the newest of its states'."""
    newest = states[0].stamp
    for state in states[1:]:
        if state.stamp.position > newest.position:
            newest = state.stamp
    return newest
