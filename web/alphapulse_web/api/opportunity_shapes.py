"""Shapes of opportunities, and of what became none."""

from __future__ import annotations

from typing import Literal

from alphapulse_web.api.schemas import Address, Amount, Decimal, Instant, PoolRef, Shape, TokenRef

SolverStage = Literal["state", "liquidity", "sizing", "slippage", "valuation", "costs", "shared"]
"""What ends a candidate before it is a signal, in order."""
StageWord = Literal[
    "state", "liquidity", "sizing", "slippage", "valuation", "costs", "shared", "signalled", "gate", "execution"
]
"""The solver's stages; then all signals, those that the gate refused, and those that failed when they were executed."""
Result = Literal["traded", "failed", "refused", "pending", "orphaned"]


class Reason(Shape, frozen=True, kw_only=True):
    """Why there was no trade: the check, the value found and the limit, each in `unit`."""

    code: str
    text: str
    value: str | None
    limit: str | None
    unit: str


class Opportunity(Shape, frozen=True, kw_only=True):
    """A gap that was found and what came of it. Costs are positive; null could not be valued."""

    id: str
    run: int
    time: Instant
    block: int
    log_index: int
    strategy: str
    pair: str
    path: list[PoolRef]
    token: TokenRef
    gap_bps: Decimal
    size: Amount
    gross: Amount
    pool_fees: Amount
    flash_fee: Amount
    gas: Amount | None
    net: Amount | None
    result: Result
    reason: Reason | None
    actual_net: Amount | None


class Counts(Shape, frozen=True, kw_only=True):
    """How many opportunities of the run had which result. Orphaned: seen on a block that its chain took back."""

    found: int
    traded: int
    failed: int
    refused: int
    pending: int
    orphaned: int


class MeasureView(Shape, frozen=True, kw_only=True):
    """A number that was compared with a limit; null is a limit that is not set."""

    name: str
    value: str
    limit: str | None
    unit: str


class HopView(Shape, frozen=True, kw_only=True):
    """One pool of a path, with what is sold and bought there. A fee of null changes with the pool's state."""

    pool: Address
    name: str
    fee_ppm: int | None
    sold: TokenRef
    bought: TokenRef


class CandidateView(Shape, frozen=True, kw_only=True):
    """A cycle whose prices beat its pool fees, and what ended it.

    `gap_bps` is before fees. Amounts are null where the stage was not reached.
    """

    id: str
    stage: SolverStage
    reason: str
    time: Instant
    block: int
    log_index: int
    hops: list[HopView]
    token: TokenRef
    gap_bps: Decimal
    size: Amount | None
    gross: Amount | None
    pool_fees: Amount | None
    flash_fee: Amount | None
    gas: Amount | None
    net: Amount | None
    limits: list[MeasureView]


class StageCount(Shape, frozen=True, kw_only=True):
    """How many cycles ended at a stage since the strategy's present life began."""

    stage: StageWord
    count: int


class Opportunities(Shape, frozen=True, kw_only=True):
    """A page of opportunities, newest first; of one of the solver's stages a page of candidates instead."""

    opportunities: list[Opportunity]
    candidates: list[CandidateView]
    next_cursor: str | None
    counts: Counts
    stages: list[StageCount]


class LatestOpportunities(Shape, frozen=True, kw_only=True):
    """The newest 50 opportunities."""

    opportunities: list[Opportunity]
    counts: Counts
