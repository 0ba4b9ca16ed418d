"""Records and a clock for the tests of the books."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import count

from alphapulse.data.execution import Check, ExecutionReport, Fill, Mode, OrderRequest, Outcome, RiskDecision
from alphapulse.data.halts import GLOBAL, HaltChange, HaltReport, HaltStep, Level, Via
from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.data.runs import AuditTrail, RunEnded, RunStarted
from alphapulse.data.signals import ArbitrageSignal, Leg

USDC = bytes.fromhex("a0b86991c6218b36c1d19d4a2e9eb0ce3606eb48")
WETH = bytes.fromhex("c02aaa39b223fe8d0a0e5c4f27ead9083c756cc2")
POOL = InstrumentId.from_pool_address(bytes.fromhex("88e6a0c2ddd26feeb64f039a2c41296fcb3f5640"), Venue.UNISWAP_V3)
DAY_NS = 1_704_437_087_000_000_000
"""2024-01-05 06:44:47 UTC."""

LEGS = tuple(
    Leg(pool=POOL, token_in=a, token_out=b, amount_in=10**9, amount_out=10**9, pool_fee=500, sqrt_price_x96=1 << 96)
    for a, b in ((USDC, WETH), (WETH, USDC))
)


class Clock:
    """A wall clock that moves by one nanosecond a look."""

    def __init__(self) -> None:
        self._ticks = count(DAY_NS)

    def __call__(self) -> int:
        return next(self._ticks)


def run_started(run: int = 1) -> RunStarted:
    return RunStarted(
        run=run, mode=Mode.PAPER, source="day recorded", configuration="c0ffee", reason="start", started_ns=DAY_NS
    )


def run_ended(run: int = 1) -> RunEnded:
    return RunEnded(run=run, reason="the recording began again", ended_ns=DAY_NS + 1)


def signal(
    signal_id: int = 1, *, run: int = 1, strategy: str = "flash", gross: int = 1_000, gas_cost: int | None = 90
) -> ArbitrageSignal:
    return ArbitrageSignal(
        run=run,
        signal_id=signal_id,
        strategy=strategy,
        episode=1,
        halt_epoch=1,
        chain_id=1,
        block_number=100 + signal_id,
        log_index=7,
        venue_time_ns=DAY_NS + signal_id,
        received_ns=DAY_NS,
        valid_through_block=(1 << 64) - 1,
        legs=LEGS,
        profit_token=USDC,
        size=10**9,
        gross=gross,
        pool_fees=300,
        profit=gross - 300,
        flash_fee=50,
        gas_units=200_000,
        gas_price_wei=20 * 10**9,
        gas_cost=gas_cost,
        gap_ppm=8_160,
        fees_ppm=3_500,
    )


def decision(
    signal_id: int = 1, *, run: int = 1, strategy: str = "flash", failed: Check | None = Check.MIN_NET_PROFIT
) -> RiskDecision:
    return RiskDecision(
        run=run,
        signal_id=signal_id,
        strategy=strategy,
        profit_token=USDC,
        venue_time_ns=DAY_NS,
        failed=failed,
        value=None if failed is None else -5,
        limit=None if failed is None else 100,
        unit="raw USDC",
        text="the net profit is below the limit",
        decided_ns=DAY_NS,
    )


def intent(signal_id: int = 1, *, run: int = 1, strategy: str = "flash") -> OrderRequest:
    return OrderRequest(
        run=run,
        intent_id=signal_id,
        signal_id=signal_id,
        strategy=strategy,
        mode=Mode.PAPER,
        halt_epoch=1,
        chain_id=1,
        block_number=100,
        log_index=7,
        venue_time_ns=DAY_NS + signal_id,
        legs=LEGS,
        profit_token=USDC,
        size=10**9,
        minimum_profit=100,
        flash_fee=50,
        gas_wei=4 * 10**15,
        gas_cost=90,
        expected_net=560,
        created_ns=DAY_NS,
    )


def fill(
    signal_id: int = 1,
    *,
    run: int = 1,
    strategy: str = "flash",
    token: bytes = USDC,
    gross: int = 1_000,
    gas_wei: int = 4 * 10**15,
    venue_time_ns: int = DAY_NS,
) -> Fill:
    return Fill(
        run=run,
        intent_id=signal_id,
        signal_id=signal_id,
        strategy=strategy,
        mode=Mode.PAPER,
        chain_id=1,
        block_number=101,
        log_index=0,
        venue_time_ns=venue_time_ns,
        legs=LEGS,
        profit_token=token,
        size=10**9,
        gross=gross,
        pool_fees=300,
        flash_fee=50,
        gas_wei=gas_wei,
        gas_cost=90,
        net=gross - 440,
        expected_net=560,
        assumption="one block later, behind all of its logs",
        filled_ns=DAY_NS,
    )


def report(
    signal_id: int = 1, *, run: int = 1, strategy: str = "flash", token: bytes = USDC, gas_cost: int = 40
) -> ExecutionReport:
    return ExecutionReport(
        run=run,
        intent_id=signal_id,
        signal_id=signal_id,
        strategy=strategy,
        outcome=Outcome.REVERTED,
        chain_id=1,
        block_number=101,
        log_index=0,
        venue_time_ns=DAY_NS,
        profit_token=token,
        profit_found=-12,
        minimum_profit=100,
        gas_wei=2 * 10**15,
        gas_cost=gas_cost,
        text="somebody else was first",
        reported_ns=DAY_NS,
    )


def halt(halt_id: int = 1, level: Level = Level.HALTED) -> HaltChange:
    return HaltChange(
        halt_id=halt_id,
        epoch=halt_id + 1,
        scope=GLOBAL,
        level=level,
        actor="operator",
        via=Via.COMMAND_LINE,
        reason="a test",
        at_ns=DAY_NS,
    )


def halt_report(halt_id: int = 1) -> HaltReport:
    steps = (HaltStep(name="gate", elapsed_us=31, done=True, text="closed"),)
    return HaltReport(
        halt_id=halt_id,
        scope=GLOBAL,
        steps=steps,
        cancelled=2,
        in_flight=1,
        unknown=0,
        kept_running=("collectors", "portfolio"),
    )


def audit() -> AuditTrail:
    return AuditTrail(
        actor="operator", action="control.kill", target="global", reason="a test", result="halted", at_ns=DAY_NS
    )


def history(seed: int) -> Iterator[object]:
    """An endless plausible life of the daemon; each seed another one."""
    chance = random.Random(seed)
    yield run_started(1)
    run, signal_id = 1, 0
    while True:
        signal_id += 1
        strategy = chance.choice(("flash", "other"))
        yield signal(signal_id, run=run, strategy=strategy, gross=chance.randrange(1 << 255))
        match chance.randrange(5):
            case 0:
                yield decision(signal_id, run=run, strategy=strategy)
            case 1:
                yield decision(signal_id, run=run, strategy=strategy, failed=None)
                yield intent(signal_id, run=run, strategy=strategy)
                yield report(signal_id, run=run, strategy=strategy)
            case 2 | 3:
                yield decision(signal_id, run=run, strategy=strategy, failed=None)
                yield intent(signal_id, run=run, strategy=strategy)
                token, gross = chance.choice((USDC, WETH)), chance.randrange(-(1 << 200), 1 << 250)
                yield fill(signal_id, run=run, strategy=strategy, token=token, gross=gross)
        if chance.randrange(40) == 0:
            yield from (halt(signal_id), halt_report(signal_id), halt(signal_id, Level.ACTIVE), audit())
        if chance.randrange(60) == 0:
            yield run_ended(run)
            run, signal_id = run + 1, 0
            yield run_started(run)
