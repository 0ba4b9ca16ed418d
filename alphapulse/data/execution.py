"""Execution: decisions of the gate, intents, fills and other outcomes."""

from __future__ import annotations

import enum
from typing import Self

from alphapulse.data.signals import MAX_LEGS, Leg
from alphapulse.data.wire import (
    ADDRESS,
    I256,
    NAME,
    SENTENCE,
    U32,
    U64,
    U256,
    Choice,
    Domain,
    Many,
    Maybe,
    Record,
    message,
    wire,
)


class Mode(enum.IntEnum):
    """Whose money is at stake."""

    PAPER = 1
    LIVE = 2


class Check(enum.IntEnum):
    """The gate's checks by their numbers on the wire; the order in which they run is `rules.limits.checks.ORDER`."""

    HALT_EPOCH = 1
    STRATEGY_ENABLED = 2
    INPUT_FRESH = 3
    MIN_NET_PROFIT = 4
    MAX_TRADE_VALUE = 5
    DUPLICATE = 6
    BUILD = 7
    ADMITTED = 8
    SIGNAL_AGE = 9
    UNIQUE_ID = 10
    WELL_FORMED = 11
    PRICE_COLLAR = 12
    VOLUME = 13
    INSTRUMENT_EXPOSURE = 14
    VENUE_EXPOSURE = 15
    GROSS_EXPOSURE = 16
    NET_EXPOSURE = 17
    CAPITAL = 18
    DAILY_LOSS = 19
    DRAWDOWN = 20
    LOSING_STREAK = 21
    GAS_PRICE = 22
    GAS_BUDGET = 23
    REVERT_BUDGET = 24
    VENUE_THROTTLE = 25
    STRATEGY_THROTTLE = 26
    GLOBAL_THROTTLE = 27
    REPEATED = 28
    REJECT_STORM = 29
    PROBE = 30
    AUDIT = 31
    ORPHANED = 32
    POOL_TRUST = 33


@message(type=60, domain=Domain.EXECUTION)
class RiskDecision:
    """The gate's verdict on a signal. `failed` is absent if every check passed."""

    run: int = wire(U32)
    signal_id: int = wire(U64)
    strategy: str = wire(NAME)
    profit_token: bytes = wire(ADDRESS)
    venue_time_ns: int = wire(U64, "market clock of the signal", unit="ns since 1970 UTC")
    failed: Check | None = wire(Maybe(Choice(Check)), "the first check that refused")
    value: int | None = wire(Maybe(I256), "what was found")
    limit: int | None = wire(Maybe(I256), "what was allowed")
    unit: str = wire(NAME, "unit of value and limit")
    text: str = wire(SENTENCE, "the refusal in words")
    decided_ns: int = wire(U64, "wall clock", unit="ns since 1970 UTC", eq=False)

    @property
    def approved(self) -> bool:
        """True if every check passed."""
        return self.failed is None


@message(type=40, domain=Domain.EXECUTION)
class OrderRequest:
    """An intent to trade. It is durable in the journal before any executor sees it."""

    run: int = wire(U32)
    intent_id: int = wire(U64, "unique in the journal")
    signal_id: int = wire(U64)
    strategy: str = wire(NAME)
    mode: Mode = wire(Choice(Mode))
    halt_epoch: int = wire(U64)
    chain_id: int = wire(U64)
    block_number: int = wire(U64, "position of the seen state: block")
    log_index: int = wire(U32, "position of the seen state: log")
    venue_time_ns: int = wire(U64, "market clock", unit="ns since 1970 UTC")
    legs: tuple[Leg, ...] = wire(Many(Record(Leg), MAX_LEGS))
    profit_token: bytes = wire(ADDRESS)
    size: int = wire(U256, "first leg's amount in", unit="raw profit token")
    minimum_profit: int = wire(I256, "least amount back less amount in, or the trade reverts", unit="raw profit token")
    flash_fee: int = wire(U256, unit="raw profit token")
    gas_wei: int = wire(U256, "gas of the transaction", unit="wei")
    gas_cost: int = wire(U256, "the same, valued", unit="raw profit token")
    expected_net: int = wire(I256, unit="raw profit token")
    created_ns: int = wire(U64, "wall clock", unit="ns since 1970 UTC", eq=False)


@message(type=42, domain=Domain.EXECUTION)
class Fill:
    """A trade that was executed. Amounts are raw units of the profit token.

    net = gross - pool_fees - flash_fee - gas_cost.
    """

    run: int = wire(U32)
    intent_id: int = wire(U64)
    signal_id: int = wire(U64)
    strategy: str = wire(NAME)
    mode: Mode = wire(Choice(Mode))
    chain_id: int = wire(U64)
    block_number: int = wire(U64, "position of the fill: block")
    log_index: int = wire(U32, "position of the fill: behind this log")
    venue_time_ns: int = wire(U64, "market clock", unit="ns since 1970 UTC")
    legs: tuple[Leg, ...] = wire(Many(Record(Leg), MAX_LEGS))
    profit_token: bytes = wire(ADDRESS)
    size: int = wire(U256)
    gross: int = wire(I256)
    pool_fees: int = wire(U256)
    flash_fee: int = wire(U256)
    gas_wei: int = wire(U256, unit="wei")
    gas_cost: int = wire(U256)
    net: int = wire(I256)
    expected_net: int = wire(I256)
    assumption: str = wire(SENTENCE, "where and when the fill was priced, in words")
    filled_ns: int = wire(U64, "wall clock", unit="ns since 1970 UTC", eq=False)


class Outcome(enum.IntEnum):
    """How an intent ended without a fill."""

    REVERTED = 1
    CANCELLED = 2
    LOST = 3
    ORPHANED = 4


@message(type=45, domain=Domain.EXECUTION)
class ExecutionReport:
    """An intent that ended without a fill; gas may have been paid."""

    run: int = wire(U32)
    intent_id: int = wire(U64)
    signal_id: int = wire(U64)
    strategy: str = wire(NAME)
    outcome: Outcome = wire(Choice(Outcome))
    chain_id: int = wire(U64)
    block_number: int = wire(U64)
    log_index: int = wire(U32)
    venue_time_ns: int = wire(U64, "market clock", unit="ns since 1970 UTC")
    profit_token: bytes = wire(ADDRESS)
    profit_found: int | None = wire(Maybe(I256), "what the path would have paid there", unit="raw profit token")
    minimum_profit: int | None = wire(Maybe(I256), unit="raw profit token")
    gas_wei: int = wire(U256, unit="wei")
    gas_cost: int = wire(U256, unit="raw profit token")
    text: str = wire(SENTENCE, "what happened, in words")
    reported_ns: int = wire(U64, "wall clock", unit="ns since 1970 UTC", eq=False)

    @classmethod
    def of(
        cls,
        intent: OrderRequest,
        outcome: Outcome,
        text: str,
        *,
        reported_ns: int,
        position: tuple[int, int] | None = None,
        profit_found: int | None = None,
        pays_gas: bool = False,
    ) -> Self:
        """How `intent` ended, at `position` (block, log index; the seen one if None)."""
        block_number, log_index = position or (intent.block_number, intent.log_index)
        return cls(
            run=intent.run,
            intent_id=intent.intent_id,
            signal_id=intent.signal_id,
            strategy=intent.strategy,
            outcome=outcome,
            chain_id=intent.chain_id,
            block_number=block_number,
            log_index=log_index,
            venue_time_ns=intent.venue_time_ns,
            profit_token=intent.profit_token,
            profit_found=profit_found,
            minimum_profit=intent.minimum_profit,
            gas_wei=intent.gas_wei if pays_gas else 0,
            gas_cost=intent.gas_cost if pays_gas else 0,
            text=text,
            reported_ns=reported_ns,
        )


Settlement = Fill | ExecutionReport
