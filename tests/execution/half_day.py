"""The recorded half day through all parts from collector to portfolio, each in its own task, without a daemon."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

import attrs
import trio

from alphapulse.collectors.recorded.collector import RecordedCollector, ReplayTerms
from alphapulse.collectors.recorded.pool_file import load_pools
from alphapulse.collectors.recorded.recording import Recording
from alphapulse.composition.chain_view import BusChains
from alphapulse.data.chains import CHAINS
from alphapulse.data.execution import Mode
from alphapulse.data.runs import RunStarted
from alphapulse.errors import RecordingError
from alphapulse.execution.engine import Engine
from alphapulse.execution.latency import Latency, LogLatency
from alphapulse.execution.paper import PaperExecutor
from alphapulse.execution.settlement_feed import SettlementFeed
from alphapulse.observe.market_clock import MarketClock
from alphapulse.portfolio.portfolio import Portfolio
from alphapulse.relays.bus import Bus
from alphapulse.rules.limits.limit_table import Place
from alphapulse.strategies.flash_arbitrage import FlashArbitrage, FlashArbitrageTerms
from alphapulse.strategies.strategy import StrategyService
from tests.execution.execution_fakes import Halts, open_journal, records
from tests.execution.gate_bench import GateBench
from tests.fakes.inline_blocking import run_inline
from tests.journal.journal_samples import WETH
from tests.rules.events.recorded_day import DAY

LOGS = DAY / "usdc_weth_2024-01-05_h00-12.logs.jsonl.gz"
POOLS = load_pools(DAY / "pools.json")
USDC = POOLS[0].token0.address
FREE = FlashArbitrageTerms("log", (USDC,), CHAINS[1].wrapped_native)
"""No gas, no flash fee."""
AT_ONCE = LogLatency(0)


@attrs.define
class Outcome:
    """What a replay left: the portfolio at its end, the journal's records, and the portfolio at the end of each run."""

    portfolio: Portfolio
    records: list[object]
    strategy: FlashArbitrage
    nets: list[int] = attrs.field(factory=list)


async def trade(
    folder: Path,
    *,
    paths: Sequence[Path] = (LOGS,),
    latency: Latency = AT_ONCE,
    floor: int = 0,
    ceiling: int | None = None,
    passes: int = 1,
    **changes: Any,
) -> Outcome:
    """Replay the half day and trade it on paper; needs an autojump clock for more passes than one."""
    bus, halts, clock, ended = Bus(), Halts(), MarketClock(lambda: 0), trio.Event()
    signal_ids, intent_ids, runs = [count(1)], count(1), count(1)
    nets: list[int] = []
    async with open_journal(folder) as journal:
        portfolio = Portfolio(bus.execution)
        bench = GateBench(halts, pools=POOLS, floors={USDC: floor, WETH: floor})
        if ceiling is not None:
            bench.limits[Place.STRATEGY, "max_trade_value"] = ceiling
        bench.strategies, bench.now_ns = ("flash",), 5
        bench.market_clock = clock.now_ns
        bench.chains = BusChains(bus)
        gate = bench.gate()
        executor = PaperExecutor(
            POOLS, latency, journal, bus.market_data, bus.execution, run=lambda: 1, now_ns=lambda: 6
        )
        engine = Engine(
            gate,
            executor,
            journal,
            bus.signals,
            bus.execution,
            mode=Mode.PAPER,
            next_intent_id=lambda: next(intent_ids),
            now_ns=lambda: 7,
        )
        strategy = FlashArbitrage(
            "flash",
            attrs.evolve(FREE, **changes),
            POOLS,
            next_signal_id=lambda: next(signal_ids[-1]),
            run=lambda: portfolio.run_number,
            halt_epoch=lambda: halts.epoch,
        )

        async def begin_run(reason: str) -> None:
            run = next(runs)
            await journal.append([RunStarted(run, Mode.PAPER, "day", "", reason, 1)], sync=True)
            signal_ids.append(count(1))
            gate.forget_run()
            portfolio.begin_run(run)

        def on_end(problem: RecordingError | None) -> None:
            book = portfolio.tokens.get(USDC)
            nets.append(book.total.net if book else 0)
            if len(nets) == passes:
                ended.set()

        collector = RecordedCollector(
            Recording(paths),
            POOLS,
            ReplayTerms("day", 0, None, None, "repeat" if passes > 1 else "stop"),
            bus.market_data,
            clock,
            begin_run=begin_run,
            on_end=on_end,
            run_blocking=run_inline,
            now_ns=lambda: 8,
        )
        async with trio.open_nursery() as nursery:
            feed = SettlementFeed(gate, journal, bus.execution)
            for service in (portfolio, feed, executor, engine, StrategyService(strategy, bus.market_data, bus.signals)):
                await nursery.start(service.run)
            await nursery.start(collector.run)
            await ended.wait()
            nursery.cancel_scope.cancel("the replay is over")
        return Outcome(portfolio, records(journal), strategy, nets)
