"""A gate whose surroundings a test may change, and signals that pass it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import attrs

from alphapulse.data.execution import Mode
from alphapulse.data.instruments import InstrumentId
from alphapulse.data.pools import Pool
from alphapulse.data.signals import ArbitrageSignal, Leg
from alphapulse.execution.gate import ChainView, Gate
from alphapulse.rules.limits.checks import ORDER, CheckRow
from alphapulse.rules.limits.facts import GateTerms, Permit
from alphapulse.rules.limits.limit_book import Limit, LimitBook, plain_limit, token_limits
from alphapulse.rules.limits.limit_table import RAW, ROWS, Place
from alphapulse.rules.limits.trading_record import TradingRecord
from tests.execution.execution_fakes import Halts, evolved
from tests.journal.journal_samples import DAY_NS, USDC, WETH, signal
from tests.rules.events.recorded_day import pools

NS_PER_S = 10**9
POOLS = pools()
NAMES = {USDC: "USDC", WETH: "WETH"}
MANY = 10**40
"""A limit that nothing in these tests reaches."""
PRICES = (1 << 96, 1004 << 86)
"""Root prices of the two pools: their gap is below 5%."""


def with_legs(one: ArbitrageSignal) -> ArbitrageSignal:
    """The signal with two legs through the day's pools that bring exactly its profit."""
    token = one.profit_token
    other = WETH if token == USDC else USDC
    ends = (token, other, 2 * one.size), (other, token, one.size + one.profit)
    amounts = (one.size, 2 * one.size)
    legs = tuple(
        Leg(pool.id, sold, bought, amount, out, 1, root)
        for pool, (sold, bought, out), amount, root in zip(POOLS, ends, amounts, PRICES, strict=True)
    )
    return evolved(one, legs=legs)


def flash(signal_id: int = 1, *, strategy: str = "flash", **changes: Any) -> ArbitrageSignal:
    """A signal that passes every check: profit 700, flash fee 50, gas 90, net 560, size 10^9, an episode of its own."""
    base = evolved(signal(signal_id, strategy=strategy), episode=signal_id)
    return evolved(with_legs(evolved(base, **{"profit": 700} | changes)), **changes)


class NoBreakers:
    """No circuit breaker is half open, unless a test says so; notes the probes that the gate let pass."""

    def __init__(self) -> None:
        self.answer = Permit.ANY
        self.probes: list[tuple[int, int]] = []

    def permit(self, strategy: str, pools: Iterable[InstrumentId]) -> Permit:
        return self.answer

    def send_probe(self, strategy: str, pools: Iterable[InstrumentId], trade: tuple[int, int]) -> None:
        self.probes.append(trade)
        self.answer = Permit.TAKEN


@attrs.define
class Chains:
    """Chains that are well, unless a test says otherwise; `orphaned` holds orphaned blocks behind their ancestor."""

    stream_trouble: str | None = None
    distrusted: str | None = None
    orphaned: dict[int, int] = attrs.field(factory=dict)

    def trouble(self, chain_id: int) -> str | None:
        return self.stream_trouble

    def distrust(self, pools: Iterable[InstrumentId]) -> str | None:
        return self.distrusted

    def orphaned_behind(self, chain_id: int, block_number: int, received_ns: int) -> int | None:
        return self.orphaned.get(block_number)


def limits_of(values: Mapping[tuple[Place, str], int], strategies: Sequence[str] = ("flash", "other")) -> list[Limit]:
    """Limits by place and key; amounts are the same for both tokens."""
    found: list[Limit] = []
    for row in ROWS:
        value = values.get((row.place, row.key))
        if value is None:
            continue
        for strategy in strategies if row.place is Place.STRATEGY else (None,):
            if row.unit == RAW:
                found += token_limits(row, dict.fromkeys(NAMES, value), NAMES, strategy)
            else:
                found.append(plain_limit(row, value, strategy))
    return found


@attrs.define
class GateBench:
    """Everything that the gate asks. `limits` and `floors` are read when the gate is made."""

    halts: Halts = attrs.field(factory=Halts)
    breakers: NoBreakers = attrs.field(factory=NoBreakers)
    chains: ChainView = attrs.field(factory=Chains)
    record: TradingRecord = attrs.field(factory=TradingRecord)
    limits: dict[tuple[Place, str], int] = attrs.field(factory=dict)
    floors: dict[bytes, int] = attrs.field(factory=lambda: {USDC: 5})
    mode: Mode = Mode.PAPER
    approved_builds: frozenset[str] = frozenset()
    market_ns: int | None = DAY_NS
    now_ns: int = DAY_NS
    journal_failure: str | None = None
    throttle_ns: int = NS_PER_S
    max_input_age_ns: int = 60 * NS_PER_S
    pools: Sequence[Pool] = POOLS
    strategies: tuple[str, ...] = ("flash", "other")
    market_clock: Callable[[], int | None] | None = None

    def gate(self, order: Sequence[CheckRow] = ORDER) -> Gate:
        """A gate in these surroundings; what it reads changes with them."""
        return Gate(
            self.halts,
            self.breakers,
            self.chains,
            LimitBook(limits_of(self.limits, self.strategies), dict.fromkeys(self.strategies, self.floors)),
            self.record,
            GateTerms(
                mode=self.mode,
                pools={pool.id: pool.pair for pool in self.pools},
                max_input_age_ns=self.max_input_age_ns,
                max_signal_age_ns=10 * NS_PER_S,
                throttle_ns=self.throttle_ns,
                build="0.1.0",
                approved_builds=self.approved_builds,
            ),
            market_ns=self.market_clock or (lambda: self.market_ns),
            now_ns=lambda: self.now_ns,
            journal_failure=lambda: self.journal_failure,
            order=order,
        )
