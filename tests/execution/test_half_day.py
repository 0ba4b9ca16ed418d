"""The recorded half day, traded on paper through all parts: the figures that the day must give."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from trio.testing import MockClock

from alphapulse.data.chains import CHAINS
from alphapulse.data.execution import ExecutionReport, Fill, OrderRequest, Outcome, RiskDecision
from alphapulse.data.runs import RunStarted
from alphapulse.data.signals import ArbitrageSignal
from alphapulse.execution.latency import BlockLatency, Latency, LogLatency
from alphapulse.journal.recovery import Recovery
from alphapulse.rules.arbitrage.gas import GasTerms
from tests.execution.half_day import LOGS, USDC, trade

pytestmark = pytest.mark.slow

GAS_PRICE_WEI = 25 * 10**9
GAS = GasTerms(units=250_000, price_wei=GAS_PRICE_WEI)


async def test_with_perfect_placement_all_18_trades_earn_what_their_signals_saw(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    day = await trade(tmp_path)
    book = day.portfolio.tokens[USDC].total
    assert (book.traded, book.failed, book.net) == (18, 0, 4_721_466_730)
    assert day.portfolio.rejected == {"duplicate": 11}
    signals = {one.signal_id: one for one in day.records if isinstance(one, ArbitrageSignal)}
    fills = [one for one in day.records if isinstance(one, Fill)]
    assert [fill.net for fill in fills] == [signals[fill.signal_id].profit for fill in fills]
    assert len({signals[fill.signal_id].episode for fill in fills}) == 18


async def test_one_log_later_5_trades_win_and_13_revert(autojump_clock: MockClock, tmp_path: Path) -> None:
    """The honest lesson of the day."""
    day = await trade(tmp_path, latency=LogLatency(1))
    book = day.portfolio.tokens[USDC].total
    assert (book.traded, book.failed, book.net) == (5, 13, 2_090_186_999)
    reports = [one for one in day.records if isinstance(one, ExecutionReport)]
    assert {report.outcome for report in reports} == {Outcome.REVERTED}
    assert all(report.profit_found is None or report.profit_found < 0 for report in reports)


@pytest.mark.parametrize("latency", [BlockLatency(0), BlockLatency(1), BlockLatency(2)])
async def test_at_block_ends_every_trade_of_the_day_is_lost(
    autojump_clock: MockClock, tmp_path: Path, latency: Latency
) -> None:
    day = await trade(tmp_path, latency=latency)
    book = day.portfolio.tokens[USDC].total
    assert (book.traded, book.failed, book.net) == (0, 18, 0)


async def test_who_looks_at_block_ends_sees_nothing(autojump_clock: MockClock, tmp_path: Path) -> None:
    day = await trade(tmp_path, evaluate="block")
    assert day.portfolio.tokens == {}
    assert [type(record) for record in day.records] == [RunStarted]


async def test_lost_trades_pay_their_gas(autojump_clock: MockClock, tmp_path: Path) -> None:
    day = await trade(tmp_path, latency=LogLatency(1), gas=GAS)
    book = day.portfolio.tokens[USDC].total
    reports = [one for one in day.records if isinstance(one, ExecutionReport)]
    assert (book.traded, book.failed) == (5, 10)
    assert book.gas_of_failed == sum(report.gas_cost for report in reports) > 0
    assert {report.gas_wei for report in reports} == {250_000 * GAS_PRICE_WEI}
    assert book.net == 1_878_499_396
    assert day.portfolio.gas_wei == {"flash": 15 * 250_000 * GAS_PRICE_WEI}


async def test_floor_and_ceiling_are_the_gates(autojump_clock: MockClock, tmp_path: Path) -> None:
    day = await trade(tmp_path, floor=25 * 10**6, ceiling=250_000 * 10**6, gas=GAS)
    fills = [one for one in day.records if isinstance(one, Fill)]
    assert day.portfolio.rejected == {"min_net_profit": 4, "duplicate": 8}  # 6 more earn nothing: never proposed
    assert len(fills) == 11
    assert min(fill.net for fill in fills) >= 25 * 10**6
    assert max(fill.size for fill in fills) <= 250_000 * 10**6


async def test_a_ceiling_of_nothing_lets_nothing_through(autojump_clock: MockClock, tmp_path: Path) -> None:
    day = await trade(tmp_path, ceiling=0)
    assert day.portfolio.rejected == {"max_trade_value": 29}
    assert [one for one in day.records if isinstance(one, OrderRequest)] == []


async def test_gas_without_a_price_lets_nothing_through(autojump_clock: MockClock, tmp_path: Path) -> None:
    day = await trade(tmp_path, gas=GasTerms(units=250_000, price_wei=1), wrapped_native=CHAINS[137].wrapped_native)
    assert day.portfolio.rejected == {}
    assert [one for one in day.records if isinstance(one, ArbitrageSignal)] == []


async def test_profit_may_be_wanted_in_the_other_token(autojump_clock: MockClock, tmp_path: Path) -> None:
    weth = CHAINS[1].wrapped_native
    day = await trade(tmp_path, base_tokens=(weth,))
    assert {token: book.total.traded for token, book in day.portfolio.tokens.items()} == {weth: 18}


@pytest.mark.parametrize("latency", [LogLatency(0), LogLatency(1)])
async def test_a_repeated_recording_earns_the_same_again_in_fresh_books(
    autojump_clock: MockClock, tmp_path: Path, latency: Latency
) -> None:
    day = await trade(tmp_path, latency=latency, passes=3)
    assert len(set(day.nets)) == 1
    assert day.nets[0] > 0
    for run in (1, 2, 3):
        settled = [one for one in day.records if isinstance(one, Fill) and one.run == run]
        assert sum(fill.net for fill in settled) == day.nets[0]
    assert day.portfolio.run_number == 3
    assert day.portfolio.tokens[USDC].total.net == day.nets[2]


@pytest.mark.parametrize("latency", [LogLatency(0), LogLatency(1), BlockLatency(3)])
async def test_every_signal_has_a_verdict_and_every_approved_one_an_end(
    autojump_clock: MockClock, tmp_path: Path, latency: Latency
) -> None:
    """In the journal: signal before verdict before intent before settlement, each once, none missing."""
    day = await trade(tmp_path, latency=latency)
    at: dict[tuple[type, int], int] = {}
    for place, record in enumerate(day.records):
        if isinstance(record, ArbitrageSignal | RiskDecision | OrderRequest):
            key: tuple[type, int] = (type(record), record.signal_id)
        elif isinstance(record, Fill | ExecutionReport):
            key = (Fill, record.signal_id)
        else:
            continue
        assert key not in at
        at[key] = place
    for record in day.records:
        if isinstance(record, RiskDecision):
            number = record.signal_id
            assert at[ArbitrageSignal, number] < at[RiskDecision, number]
            assert ((OrderRequest, number) in at) == record.approved
            if record.approved:
                assert at[RiskDecision, number] < at[OrderRequest, number] < at[Fill, number]
    assert Recovery.of(enumerate(day.records)).unsettled == {}


async def test_a_replay_decides_the_same_every_time(autojump_clock: MockClock, tmp_path: Path) -> None:
    days = []
    for name in "ab":
        (tmp_path / name).mkdir()
        days.append(await trade(tmp_path / name, latency=LogLatency(1), gas=GAS))
    assert days[0].records == days[1].records


async def test_files_by_pool_give_the_same_trades(autojump_clock: MockClock, tmp_path: Path) -> None:
    lines = gzip.decompress(LOGS.read_bytes()).splitlines(keepends=True)
    paths = []
    for pool in (b"0x88e6", b"0x8ad5"):
        paths.append(tmp_path / pool.decode())
        paths[-1].write_bytes(b"".join(line for line in lines if b'"address":"' + pool in line.replace(b" ", b"")))
    assert sum(path.stat().st_size for path in paths) == sum(map(len, lines))
    day = await trade(tmp_path, paths=paths)
    assert day.portfolio.tokens[USDC].total.net == 4_721_466_730
