"""Risk: what is at stake, what it may be, and what happens beyond."""

from __future__ import annotations

import enum

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.limits import INSTRUMENTS
from alphapulse.data.quantities import Quantity
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
    Text,
    message,
    record,
    wire,
)


class Severity(enum.IntEnum):
    """How urgent an alert is."""

    INFORMATION = 0
    WARNING = 1
    CRITICAL = 2


@message(type=62, domain=Domain.EXECUTION)
class RiskAlert:
    """A rule found a value that somebody should see."""

    severity: Severity = wire(Choice(Severity))
    scope: str = wire(NAME, "`global`, `strategy:NAME`, `venue:NAME` or an instrument's name")
    rule: str = wire(NAME)
    value: int | None = wire(Maybe(I256), "what was found")
    limit: int | None = wire(Maybe(I256), "what is allowed")
    unit: str = wire(NAME, "unit of value and limit")
    text: str = wire(SENTENCE, "the alert in words")
    raised_ns: int = wire(U64, "wall clock", unit="ns since 1970 UTC")


@record
class Exposure:
    """What is at stake in one asset."""

    asset: InstrumentId = wire(Record(InstrumentId))
    settled: Quantity = wire(Record(Quantity), "held")
    in_flight: Quantity = wire(Record(Quantity), "could still be traded by orders that are open or unknown")
    limit: Quantity | None = wire(Maybe(Record(Quantity)), "most that is allowed; absent: no limit is set")


@message(type=64, domain=Domain.EXECUTION)
class ExposureReport:
    """What is at stake, all at one moment. More assets than the limit are several messages of the same moment."""

    run: int = wire(U32, "run of the books")
    scope: str = wire(NAME, "`global` or `strategy:NAME`")
    exposures: tuple[Exposure, ...] = wire(Many(Record(Exposure), INSTRUMENTS))
    as_of_ns: int = wire(U64, "market clock", unit="ns since 1970 UTC")


@message(type=66, domain=Domain.EXECUTION)
class RiskThreshold:
    """A limit was set."""

    scope: str = wire(NAME, "`global`, `strategy:NAME`, `venue:NAME` or an instrument's name")
    rule: str = wire(NAME)
    warn_at: int | None = wire(Maybe(I256), "value that raises an alert")
    limit: int = wire(I256, "value beyond which the rule refuses or halts")
    unit: str = wire(NAME, "unit of both")
    actor: str = wire(NAME, "who set it")
    effective_ns: int = wire(U64, "wall clock", unit="ns since 1970 UTC")


@message(type=70, domain=Domain.EXECUTION)
class RiskMetrics:
    """How risky a window was, in raw units of one token."""

    run: int = wire(U32, "run of the books")
    scope: str = wire(NAME, "`global` or `strategy:NAME`")
    token: bytes = wire(ADDRESS, "of all amounts here")
    window_start_ns: int = wire(U64, "inclusive, market clock", unit="ns since 1970 UTC")
    window_end_ns: int = wire(U64, "exclusive, market clock", unit="ns since 1970 UTC")
    peak_exposure: int = wire(U256, unit="raw token")
    most_drawdown: int = wire(U256, "largest fall of the net profit from its peak", unit="raw token")
    worst_trade: int = wire(I256, "least net of a trade", unit="raw token")
    losing_trades: int = wire(U32)
    trades: int = wire(U32)


class BreakerScope(enum.IntEnum):
    """What a circuit breaker holds."""

    STRATEGY = 1
    GLOBAL = 2
    INSTRUMENT = 3
    VENUE = 4


class BreakerAction(enum.IntEnum):
    """What a circuit breaker does."""

    PAUSE = 1  # halted until a person resumes it
    RESUME = 2  # what it had stopped may trade again
    EMERGENCY_EXIT = 3
    REDUCE = 4  # nothing new, until its own reset rule or a person ends it
    PROBE = 5  # half open: one trade shows whether it may close


@message(type=71, domain=Domain.EXECUTION)
class CircuitBreaker:
    """A circuit breaker acted by a rule. What a person stops is a HaltChange."""

    scope: BreakerScope = wire(Choice(BreakerScope))
    target: str = wire(NAME, "name of strategy or venue, or the instrument's id in hex; empty if global")
    action: BreakerAction = wire(Choice(BreakerAction))
    rule: str = wire(NAME)
    reason: str = wire(SENTENCE)
    duration_ns: int | None = wire(Maybe(U64), "how long; absent: until it is resumed", unit="ns")
    at_ns: int = wire(U64, "wall clock", unit="ns since 1970 UTC")


@message(type=50, domain=Domain.EXECUTION)
class LimitOverride:
    """A limit that somebody set for a while. `value` equal to `configured` takes an override back."""

    name: str = wire(Text(128), "path of the limit, such as `limits.max_gross_exposure.USDC`")
    value: int = wire(U256, "the limit until it expires")
    configured: int = wire(U256, "the limit behind that")
    unit: str = wire(NAME, "unit of both")
    actor: str = wire(NAME, "who set it")
    reason: str = wire(SENTENCE, "why, in the actor's words")
    set_ns: int = wire(U64, "wall clock", unit="ns since 1970 UTC")
    expires_ns: int = wire(U64, "wall clock", unit="ns since 1970 UTC")
