"""Pools of different kinds of one pair trade against each other on paper."""

from __future__ import annotations

from itertools import count, permutations
from pathlib import Path
from typing import Any

import attrs
import pytest

from alphapulse.data.execution import ExecutionReport, Fill, Mode, OrderRequest, Outcome
from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.data.market import PoolMint
from alphapulse.data.pool_events import PoolFeeChanged, PoolInitialized
from alphapulse.data.pool_reserves import PoolSync
from alphapulse.data.pools import Pool, PoolKind
from alphapulse.data.signals import ArbitrageSignal
from alphapulse.execution.latency import LogLatency
from alphapulse.rules.amm.tick_math import sqrt_ratio_at_tick
from alphapulse.strategies.flash_arbitrage import FlashArbitrage, FlashArbitrageTerms
from tests.execution.market_events import CHEAP, completed, paper_executor, stamp, swap

TOKEN0 = CHEAP.token0.address
POOLS: dict[PoolKind, Pool] = {
    kind: attrs.evolve(
        CHEAP,
        id=InstrumentId.from_pool_address(bytes([number]) * 20, Venue.ETHEREUM),
        kind=kind,
        fee_ppm=fee_ppm,
        tick_spacing=spacing,
    )
    for number, (kind, fee_ppm, spacing) in enumerate(
        [(PoolKind.V2, 3000, None), (PoolKind.V3, 500, 10), (PoolKind.ALGEBRA, None, 60)], 1
    )
}
DEEP = 10**20


def told(kind: PoolKind, log: int, tick: int) -> list[Any]:
    """Events from which a pool of the kind is known, at the price of a tick; the V3 pool has ticks."""
    pool, price = POOLS[kind], sqrt_ratio_at_tick(tick)
    if kind is PoolKind.V2:
        return [PoolSync(stamp(100, log), pool.id, (DEEP << 96) // price, DEEP * price >> 96)]
    if kind is PoolKind.V3:
        near, far = tick // 10 * 10 - 10, tick // 10 * 10 + 20
        return [
            PoolInitialized(stamp(100, log), pool.id, price, tick),
            PoolMint(stamp(100, log + 1), pool.id, near, far, DEEP, 1, 1),
            PoolMint(stamp(100, log + 2), pool.id, near - 600, far + 600, DEEP, 1, 1),
        ]
    return [
        PoolFeeChanged(stamp(100, log), pool.id, 100),
        swap(pool, 100, log + 1, tick),
        PoolFeeChanged(stamp(100, log + 2), pool.id, 100),
    ]


def proposed(events: list[Any]) -> list[ArbitrageSignal]:
    """What the strategy wants at these events."""
    terms = FlashArbitrageTerms("log", (TOKEN0,), CHEAP.token1.address)
    ids = count(1).__next__
    flash = FlashArbitrage(
        "flash", terms, list(POOLS.values()), next_signal_id=ids, run=lambda: 1, halt_epoch=lambda: 1
    )
    return flash.on_events(events)


def intent(signal: ArbitrageSignal) -> OrderRequest:
    """The signal as an order that must pay what it promises."""
    return OrderRequest(
        run=1,
        intent_id=1,
        signal_id=signal.signal_id,
        strategy="flash",
        mode=Mode.PAPER,
        halt_epoch=1,
        chain_id=1,
        block_number=signal.block_number,
        log_index=signal.log_index,
        venue_time_ns=signal.venue_time_ns,
        legs=signal.legs,
        profit_token=signal.profit_token,
        size=signal.size,
        minimum_profit=signal.profit,
        flash_fee=0,
        gas_wei=0,
        gas_cost=0,
        expected_net=signal.profit,
        created_ns=3,
    )


@pytest.mark.parametrize("kinds", list(permutations(POOLS, 2)), ids=lambda kinds: "-".join(kind.name for kind in kinds))
async def test_a_gap_between_two_kinds_is_filled_as_it_was_promised(
    tmp_path: Path, kinds: tuple[PoolKind, PoolKind]
) -> None:
    """At the unit, whichever of them is dear; once the gap is closed the same order is refused."""
    opening = [*told(kinds[0], 0, 30), *told(kinds[1], 10, 250)]
    *_, signal = proposed(opening)
    assert {leg.pool for leg in signal.legs} == {POOLS[kind].id for kind in kinds}
    assert signal.profit > DEEP // 10**6
    async with paper_executor(tmp_path, LogLatency(0), list(POOLS.values())) as bench:
        await bench.market(*opening, completed(100))
        await bench.submit(intent(signal))
        (fill,) = bench.settled
        assert isinstance(fill, Fill)
        assert (fill.gross - fill.pool_fees, fill.legs) == (signal.profit, signal.legs)
    (tmp_path / "late").mkdir()
    async with paper_executor(tmp_path / "late", LogLatency(2), list(POOLS.values())) as bench:
        await bench.market(*opening)
        await bench.submit(intent(signal))
        closing = (
            PoolSync(stamp(100, 20), POOLS[kinds[1]].id, *(DEEP, DEEP))
            if kinds[1] is PoolKind.V2
            else swap(POOLS[kinds[1]], 100, 20, 30, liquidity=2 * DEEP)
        )
        await bench.market(closing, completed(100))
        (report,) = bench.settled
        assert isinstance(report, ExecutionReport)
        assert report.outcome is Outcome.REVERTED
