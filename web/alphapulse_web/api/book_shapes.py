"""Shapes of the books: positions, profit and loss, fills, runs, and the journal's end."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from alphapulse_web.api.schemas import Amount, Instant, Integer, Natural, PoolRef, Shape, TokenRef


class OpenTrade(Shape, frozen=True, kw_only=True):
    """A trade in flight."""

    intent_id: str
    strategy: str
    size: Amount
    since: Instant
    state: str


class Holding(Shape, frozen=True, kw_only=True):
    """What a strategy holds of a token."""

    strategy: str
    amount: Amount


class Positions(Shape, frozen=True, kw_only=True):
    """What is open and held, the exposure now, the largest today, and the limit."""

    open: list[OpenTrade]
    holdings: list[Holding]
    exposure: list[Amount]
    largest: list[Amount]
    limit: Amount | None


class PnlPoint(Shape, frozen=True, kw_only=True):
    """Net so far after a trade; a step of the curve."""

    t: Natural
    net: Integer
    kind: Literal["fill", "failed"]


class PnlToken(Shape, frozen=True, kw_only=True):
    """Profit and loss in one token: net = gross - pool_fees - flash_fees - gas - gas_of_failed.

    `settled` is the part of the net that no reorganisation takes back; null where no chain tells how far it is final.
    """

    token: TokenRef
    traded: int
    failed: int
    refused: int
    gross: Amount
    pool_fees: Amount
    flash_fees: Amount
    gas: Amount
    gas_of_failed: Amount
    net: Amount
    settled: Amount | None
    best: Amount | None
    worst: Amount | None
    last_trade: Instant | None
    curve: list[PnlPoint]


class StrategyPnl(Shape, frozen=True, kw_only=True):
    """Profit and loss of one strategy on one day."""

    strategy: str
    day: str
    tokens: list[PnlToken]


class Pnl(Shape, frozen=True, kw_only=True):
    """Profit and loss of a run on the source's UTC day."""

    run: int
    day: str
    tokens: list[PnlToken]
    by_strategy: list[StrategyPnl]


class FillView(Shape, frozen=True, kw_only=True):
    """A trade that was executed, with all its costs. `orphaned`: its block was taken back, and it off the books."""

    intent_id: str
    run: int
    time: Instant
    block: int
    log_index: int
    strategy: str
    path: list[PoolRef]
    size: Amount
    gross: Amount
    pool_fees: Amount
    flash_fee: Amount
    gas: Amount
    net: Amount
    expected_net: Amount
    assumption: str
    orphaned: bool


class Fills(Shape, frozen=True, kw_only=True):
    """A page of fills, newest first."""

    fills: list[FillView]
    next_cursor: str | None


class RunView(Shape, frozen=True, kw_only=True):
    """A run of the books."""

    number: int
    started: Instant
    ended: Instant | None
    source: str
    reason: str


class Runs(Shape, frozen=True, kw_only=True):
    """All runs, newest first."""

    runs: list[RunView]


class AuditHead(Shape, frozen=True, kw_only=True):
    """The journal's end, on the disk: `head_hash` is the SHA-256 of its last frame, which all before it lead to."""

    records: int
    head_hash: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
    size_bytes: int
