"""What a strategy is, may do and has done."""

from __future__ import annotations

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.limits import INSTRUMENTS
from alphapulse.data.wire import (
    ADDRESS,
    BOOLEAN,
    I256,
    NAME,
    U16,
    U32,
    U64,
    U256,
    Domain,
    Many,
    Record,
    message,
    wire,
)


@message(type=72, domain=Domain.EXECUTION)
class StrategyRegistration:
    """A strategy that wants to trade."""

    strategy: str = wire(NAME)
    version: str = wire(NAME, "of its code")
    configuration: str = wire(NAME, "hash of its settings")
    enabled: bool = wire(BOOLEAN, "1 if it may trade")
    priority: int = wire(U16, "lower numbers go first where two signals exclude each other")
    instruments: tuple[InstrumentId, ...] = wire(Many(Record(InstrumentId), INSTRUMENTS), "none: all")
    registered_ns: int = wire(U64, "wall clock", unit="ns since 1970 UTC")


@message(type=30, domain=Domain.SIGNAL)
class RiskParameters:
    """The limits that a strategy trades under, in raw units of one token."""

    strategy: str = wire(NAME)
    token: bytes = wire(ADDRESS, "of all amounts here")
    most_trade: int = wire(U256, "largest trade", unit="raw token")
    most_position: int = wire(U256, "largest holding", unit="raw token")
    most_daily_loss: int = wire(U256, "loss of a day that halts the strategy", unit="raw token")
    least_net: int = wire(I256, "least net profit of a trade", unit="raw token")
    slippage_bps: int = wire(U16, "most that a result may fall short", unit="bps")
    cool_down_ns: int = wire(U64, "pause after a loss", unit="ns")
    effective_ns: int = wire(U64, "wall clock from which they hold", unit="ns since 1970 UTC")


@message(type=31, domain=Domain.SIGNAL)
class PerformanceMetrics:
    """What a strategy did in a window, in raw units of one token. net = gross - fees - gas_cost."""

    run: int = wire(U32, "run of the books")
    strategy: str = wire(NAME)
    token: bytes = wire(ADDRESS, "of all amounts here")
    window_start_ns: int = wire(U64, "inclusive, market clock", unit="ns since 1970 UTC")
    window_end_ns: int = wire(U64, "exclusive, market clock", unit="ns since 1970 UTC")
    signals: int = wire(U64)
    traded: int = wire(U64)
    failed: int = wire(U64)
    refused: int = wire(U64)
    gross: int = wire(I256, unit="raw token")
    fees: int = wire(U256, "of pools and flash loans", unit="raw token")
    gas_cost: int = wire(U256, "of fills and of failed transactions", unit="raw token")
    net: int = wire(I256, unit="raw token")
    latency_p50_ns: int = wire(U64, "from receipt of the event to the signal, median", unit="ns")
    latency_p99_ns: int = wire(U64, "the same, 99th percentile", unit="ns")
