"""Why a gap was not traded: what became of a cycle that passed the screen, with its numbers."""

from __future__ import annotations

import enum
from collections import deque
from typing import NamedTuple

import attrs

from alphapulse.data.instruments import InstrumentId
from alphapulse.rules.arbitrage.cycle import Cycle

KEPT = 4096
"""Candidates that a ring keeps: at a few in a block, some hours of a fast chain. The oldest are forgotten first."""


class Stage(enum.IntEnum):
    """What a cycle passes behind the screen, in order; a candidate stands at the stage that ended it."""

    STATE = 1
    """A pool is in quarantine: what was followed is not what its contract says."""
    LIQUIDITY = 2
    """A pool holds less than the floor."""
    SIZING = 3
    """No size earns: the gap is less than rounding takes, or the known range is empty."""
    SLIPPAGE = 4
    """A leg, or all of them, would move prices further than allowed."""
    VALUATION = 5
    """Gas has no price in live pools."""
    COSTS = 6
    """The profit does not cover flash fee and gas, one of them is unknown, or the executor cannot run the path."""
    SHARED = 7
    """A better cycle of the same moment takes what this one needs."""
    SIGNALLED = 8
    """It became a signal; what happened to that stands in the books."""


class Measure(NamedTuple):
    """A number that was compared: its value and its limit in `unit`; a limit of None was not set."""

    name: str
    value: int
    limit: int | None
    unit: str


@attrs.frozen(kw_only=True)
class Candidate:
    """A cycle whose marginal price beat its pool fees, and what ended it.

    Amounts are raw units of the profit token. None: not reached at that stage, or unknown. `gap_ppm` is how far the
    product of all marginal prices lies above one before fees.
    """

    stage: Stage
    reason: str
    cycle: Cycle
    block_number: int
    log_index: int
    venue_time_ns: int
    gap_ppm: int
    size: int | None = None
    gross: int | None = None
    pool_fees: int | None = None
    flash_fee: int | None = None
    gas_cost: int | None = None
    net: int | None = None
    limits: tuple[Measure, ...] = ()

    @property
    def position(self) -> tuple[int, int]:
        """(block number, log index) of the state that was looked at."""
        return self.block_number, self.log_index

    @property
    def pools(self) -> tuple[InstrumentId, ...]:
        """The pools of the cycle in order."""
        return self.cycle.pools


class CandidateRing:
    """The newest candidates, and how many ended at each stage since the ring was made."""

    def __init__(self, capacity: int = KEPT) -> None:
        self._kept: deque[Candidate] = deque(maxlen=capacity)
        self.totals: dict[Stage, int] = dict.fromkeys(Stage, 0)

    def add(self, candidate: Candidate) -> None:
        """Keep one; when the ring is full the oldest is forgotten."""
        self.totals[candidate.stage] += 1
        self._kept.append(candidate)

    def count(self, stage: Stage) -> None:
        """Count one that is not kept: it stands in the books."""
        self.totals[stage] += 1

    @property
    def forgotten(self) -> int:
        """Candidates that were kept once and no longer are."""
        return sum(self.totals.values()) - self.totals[Stage.SIGNALLED] - len(self._kept)

    def newest(self, count: int, *, stage: Stage | None = None, pool: InstrumentId | None = None) -> list[Candidate]:
        """The newest candidates first, of one stage or one pool if given."""
        found: list[Candidate] = []
        for candidate in reversed(self._kept):
            if len(found) == count:
                break
            if stage in (None, candidate.stage) and (pool is None or pool in candidate.pools):
                found.append(candidate)
        return found
