"""The paper executor: what a trade would have got at the moment of its inclusion, and nothing better."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from alphapulse.data.execution import ExecutionReport, Fill, Outcome
from alphapulse.data.halts import GLOBAL
from alphapulse.data.market import BLOCK_END, PoolBurn, PoolMint, StreamState
from alphapulse.errors import JournalError
from alphapulse.execution.latency import BlockLatency, Latency, LogLatency
from alphapulse.journal.recovery import Recovery
from alphapulse.rules.arbitrage.costs import pool_fees
from alphapulse.safety.order_clearing import Cleared, OrderClearing
from alphapulse.safety.parties import OrderState
from tests.execution.execution_fakes import evolved, records
from tests.execution.market_events import (
    CHEAP,
    DEAR,
    LIQUIDITY,
    OPENING,
    best_path,
    collect,
    completed,
    intent,
    paper_executor,
    stamp,
    status,
    swap,
)

PROFIT = best_path().profit
SIZE = best_path().size
CLOSING = swap(DEAR, 100, 7, 58)
"""The dear pool's price has followed: the gap is gone."""
FURTHER = swap(CHEAP, 100, 9, 56)
"""The gap is a little smaller."""


def places(settled: list[Fill | ExecutionReport]) -> list[tuple[str, tuple[int, int]]]:
    """What each settlement is and where."""
    return [(type(one).__name__, (one.block_number, one.log_index)) for one in settled]


async def test_the_bench_has_a_trade_worth_making() -> None:
    assert PROFIT > 1000
    assert SIZE > 10**6


async def test_events_are_taken_in_at_once_unless_something_waits_in_front(tmp_path: Path) -> None:
    """Nobody waits for a task without intents. Behind a stream that begins anew, events stay behind it too."""
    async with paper_executor(tmp_path, LogLatency(0)) as bench:
        publish, flow = bench.bus.market_data.publish, bench.bus.flow
        publish([status(StreamState.FRESH)])
        await wait_all_tasks_blocked()
        publish(OPENING)
        assert flow.pending == 0
        publish([status(StreamState.RESET)])
        assert flow.pending == 1
        publish(OPENING)
        assert flow.pending == 2
        await wait_all_tasks_blocked()
        await bench.submit(intent())
        assert places(bench.settled) == [("Fill", (100, 5))]


async def test_without_latency_the_fill_is_what_the_signal_saw(tmp_path: Path) -> None:
    async with paper_executor(tmp_path, LogLatency(0)) as bench:
        await bench.market(*OPENING)
        one = intent()
        await bench.submit(one)
        (fill,) = bench.settled
        assert isinstance(fill, Fill)
        fees = pool_fees(best_path().steps)
        assert fill == Fill(
            run=1,
            intent_id=1,
            signal_id=1,
            strategy="flash",
            mode=one.mode,
            chain_id=1,
            block_number=100,
            log_index=5,
            venue_time_ns=one.venue_time_ns,
            legs=one.legs,
            profit_token=one.profit_token,
            size=SIZE,
            gross=PROFIT + fees,
            pool_fees=fees,
            flash_fee=7,
            gas_wei=1000,
            gas_cost=11,
            net=PROFIT - 18,
            expected_net=PROFIT - 18,
            assumption="filled directly behind the opening swap, before any other log",
            filled_ns=0,
        )
        assert fees > 0
        assert fill.net == fill.gross - fill.pool_fees - fill.flash_fee - fill.gas_cost
        assert bench.executor.pending == ()


async def test_what_comes_behind_the_seen_log_does_not_matter_without_latency(tmp_path: Path) -> None:
    """Also if the whole block is there already: the fill stands directly behind its own log."""
    async with paper_executor(tmp_path, LogLatency(0)) as bench:
        await bench.market(*OPENING, CLOSING, completed(100), swap(DEAR, 101, 1, 58), completed(101))
        await bench.submit(intent())
        assert [one.net for one in bench.settled if isinstance(one, Fill)] == [PROFIT - 18]


@pytest.mark.parametrize(
    ("latency", "expected"),
    [
        (LogLatency(0), ("Fill", (100, 5))),
        (LogLatency(1), ("Fill", (100, 6))),
        (LogLatency(2), ("ExecutionReport", (100, 7))),
        (LogLatency(3), ("ExecutionReport", (100, 9))),
        (LogLatency(4), ("ExecutionReport", (100, BLOCK_END))),
        (LogLatency(1000), ("ExecutionReport", (100, BLOCK_END))),
        (BlockLatency(0), ("ExecutionReport", (100, BLOCK_END))),
        (BlockLatency(1), ("Fill", (101, BLOCK_END))),
        (BlockLatency(2), ("Fill", (102, BLOCK_END))),
        (BlockLatency(3), ("ExecutionReport", (103, BLOCK_END))),
    ],
)
async def test_the_fill_stands_where_the_latency_says(
    tmp_path: Path, latency: Latency, expected: tuple[str, tuple[int, int]]
) -> None:
    """Logs of any kind count, of all pools; blocks count also if no pool has a log in them."""
    async with paper_executor(tmp_path, latency) as bench:
        # 7 closes the gap; block 101 opens it again, 102 has no logs, 103 closes it
        await bench.market(*OPENING, collect(DEAR, 100, 6), CLOSING, FURTHER, completed(100))
        await bench.submit(intent())
        await bench.market(swap(DEAR, 101, 3, 1), swap(CHEAP, 101, 4, 59), completed(101))
        await bench.market(swap(DEAR, 103, 1, 58), completed(103))
        assert places(bench.settled) == [expected]


async def test_a_further_log_of_another_block_does_not_count(tmp_path: Path) -> None:
    async with paper_executor(tmp_path, LogLatency(1)) as bench:
        await bench.market(*OPENING, completed(100), swap(DEAR, 101, 1, 58), completed(101))
        await bench.submit(intent())
        assert places(bench.settled) == [("Fill", (100, BLOCK_END))]


async def test_an_unfinished_block_is_waited_for(tmp_path: Path) -> None:
    async with paper_executor(tmp_path, LogLatency(2)) as bench:
        await bench.market(*OPENING, collect(DEAR, 100, 6))
        await bench.submit(intent())
        assert (bench.settled, bench.executor.pending) == ([], (intent(),))
        await bench.market(CLOSING)
        assert places(bench.settled) == [("ExecutionReport", (100, 7))]


@pytest.mark.parametrize("blocks", [1, 2, 5])
async def test_blocks_without_logs_count_and_are_known_to_be_over_at_the_next_one(tmp_path: Path, blocks: int) -> None:
    async with paper_executor(tmp_path, BlockLatency(blocks)) as bench:
        await bench.market(*OPENING, completed(100))
        await bench.submit(intent())
        assert bench.settled == []
        await bench.market(swap(DEAR, 106, 1, 58), completed(106))
        assert places(bench.settled) == [("Fill", (100 + blocks, BLOCK_END))]


async def test_a_block_far_behind_the_kept_history_is_still_priced_right(tmp_path: Path) -> None:
    async with paper_executor(tmp_path, BlockLatency(1)) as bench:
        await bench.market(*OPENING, completed(100))
        await bench.submit(intent())
        await bench.market(*(swap(DEAR, 10_000, log, 58) for log in range(600)), completed(10_000))
        assert places(bench.settled) == [("Fill", (101, BLOCK_END))]


@pytest.mark.parametrize("state", [StreamState.ENDED, StreamState.RESET])
async def test_the_end_of_the_recording_cancels_what_it_does_not_reach(tmp_path: Path, state: StreamState) -> None:
    async with paper_executor(tmp_path, BlockLatency(2)) as bench:
        await bench.market(*OPENING, completed(100))
        await bench.submit(intent())
        await bench.market(status(state))
        (report,) = bench.settled
        assert isinstance(report, ExecutionReport)
        assert (report.outcome, report.gas_cost, report.gas_wei) == (Outcome.CANCELLED, 0, 0)
        assert report.text == "the recording ended before the trade was included"
        assert bench.executor.pending == ()


async def test_a_reset_forgets_the_pools(tmp_path: Path) -> None:
    async with paper_executor(tmp_path, BlockLatency(0)) as bench:
        await bench.market(*OPENING, completed(100))
        await bench.market(status(StreamState.RESET))
        await bench.submit(intent())
        assert bench.settled == [], "block 100 of the new run is not over"
        await bench.market(swap(CHEAP, 100, 5, 59), completed(100))
        (report,) = bench.settled
        assert isinstance(report, ExecutionReport)
        assert (report.outcome, report.text) == (Outcome.REVERTED, "a pool's state there is not known")


@pytest.mark.parametrize("minimum", [PROFIT, PROFIT - 1])
async def test_a_profit_of_exactly_the_minimum_is_a_fill(tmp_path: Path, minimum: int) -> None:
    async with paper_executor(tmp_path, LogLatency(0)) as bench:
        await bench.market(*OPENING)
        await bench.submit(intent(minimum_profit=minimum))
        assert [type(one) for one in bench.settled] == [Fill]


async def test_below_the_minimum_the_trade_reverts_and_gas_is_paid(tmp_path: Path) -> None:
    async with paper_executor(tmp_path, LogLatency(0)) as bench:
        await bench.market(*OPENING)
        one = intent(minimum_profit=PROFIT + 1)
        await bench.submit(one)
        text = "the gap was taken or closed before our inclusion: the trade would pay less than its minimum"
        assert bench.settled == [
            ExecutionReport.of(
                one,
                Outcome.REVERTED,
                text,
                position=(100, 5),
                profit_found=PROFIT,
                pays_gas=True,
                reported_ns=0,
            )
        ]
        (report,) = bench.settled
        assert (report.gas_wei, report.gas_cost) == (1000, 11)


async def test_a_trade_that_would_leave_the_known_range_reverts(tmp_path: Path) -> None:
    """Behind the range's end nothing is known, and nothing is guessed."""
    async with paper_executor(tmp_path, LogLatency(1)) as bench:
        thin = swap(CHEAP, 100, 6, 59, liquidity=LIQUIDITY // 1000)
        await bench.market(*OPENING, thin, completed(100))
        await bench.submit(intent())
        (report,) = bench.settled
        assert isinstance(report, ExecutionReport)
        assert (report.outcome, report.profit_found, report.gas_cost) == (Outcome.REVERTED, None, 11)
        assert report.text == "the trade would leave the price range that is known there"


async def test_liquidity_that_came_or_went_before_the_inclusion_counts(tmp_path: Path) -> None:
    async with paper_executor(tmp_path, LogLatency(2)) as bench:
        mint = PoolMint(stamp(100, 6), CHEAP.id, 50, 60, LIQUIDITY, 0, 0)
        burn = PoolBurn(stamp(100, 7), DEAR.id, 0, 60, LIQUIDITY // 2, 0, 0)
        await bench.market(*OPENING, mint, burn, completed(100))
        await bench.submit(intent())
        (settled,) = bench.settled
        assert isinstance(settled, Fill)
        assert settled.net not in (PROFIT - 18, 0)
        assert settled.legs[0].amount_in == SIZE


async def test_our_fills_do_not_change_the_recorded_pools(tmp_path: Path) -> None:
    async with paper_executor(tmp_path, LogLatency(0)) as bench:
        await bench.market(*OPENING)
        for number in range(1, 6):
            await bench.submit(intent(number))
        assert {one.net for one in bench.settled if isinstance(one, Fill)} == {PROFIT - 18}
        assert len(bench.settled) == 5


async def test_intents_are_settled_in_order_and_each_once(tmp_path: Path) -> None:
    async with paper_executor(tmp_path, LogLatency(1)) as bench:
        await bench.market(*OPENING)
        await bench.submit(intent(3), intent(1), intent(2))
        await bench.market(collect(DEAR, 100, 6), completed(100))
        await bench.market(collect(DEAR, 101, 6), completed(101))
        assert [one.intent_id for one in bench.settled] == [3, 1, 2]


async def test_an_intent_never_meets_a_book_older_than_its_signal(tmp_path: Path) -> None:
    """Even if the executor has fallen blocks behind: the intent waits in the queue behind its market events."""
    async with paper_executor(tmp_path, LogLatency(0)) as bench:
        bench.bus.market_data.publish([swap(DEAR, 90, 1, 58), swap(CHEAP, 90, 2, 59), completed(90)])
        bench.bus.market_data.publish(OPENING)
        await bench.submit(intent())
        assert places(bench.settled) == [("Fill", (100, 5))]


async def test_a_settlement_is_in_the_journal_when_it_is_published(tmp_path: Path) -> None:
    async with paper_executor(tmp_path, LogLatency(0)) as bench:
        held: list[int] = []
        publish = bench.bus.execution.publish

        def look(messages: Sequence[object]) -> None:
            held.append(len(records(bench.journal)))
            publish(messages)

        bench.bus.execution.publish = look  # type: ignore[method-assign]
        await bench.market(*OPENING)
        await bench.submit(intent())
        assert held == [1]
        assert records(bench.journal) == bench.settled


async def test_a_strategy_or_all_can_be_cancelled_on_their_way(tmp_path: Path) -> None:
    async with paper_executor(tmp_path, BlockLatency(5)) as bench:
        await bench.market(*OPENING)
        await bench.submit(intent(1), intent(2, strategy="other"), intent(3))
        assert bench.executor.cancel_pending("flash", "enough") == 2
        assert [one.intent_id for one in bench.executor.pending] == [2]
        assert bench.executor.cancel_pending(None, "enough") == 1
        assert bench.executor.cancel_pending(None, "enough") == 0
        await trio.testing.wait_all_tasks_blocked()
        assert [
            (one.intent_id, one.outcome, one.text) for one in bench.settled if isinstance(one, ExecutionReport)
        ] == [(number, Outcome.CANCELLED, "enough") for number in (1, 3, 2)]
        await bench.market(completed(100), completed(110))
        assert len(bench.settled) == 3, "a cancelled trade is not included later"
        assert records(bench.journal) == bench.settled


@pytest.mark.parametrize(("scope", "cancelled"), [(GLOBAL, 3), ("strategy:flash", 2), ("strategy:none", 0)])
async def test_a_halt_cancels_its_scope_and_nothing_is_unknown(tmp_path: Path, scope: str, cancelled: int) -> None:
    async with paper_executor(tmp_path, BlockLatency(5)) as bench:
        await bench.market(*OPENING)
        await bench.submit(intent(1), intent(2, strategy="other"), intent(3))
        held = bench.executor.open_orders(scope)
        assert await bench.executor.query_orders(scope, held) == dict.fromkeys(held, OrderState.OPEN)
        clearing = OrderClearing(bench.executor, scope)
        await clearing.run()
        assert clearing.result() == Cleared(cancelled, 0, 0, 0, (), f"{cancelled} cancelled, 0 in flight, 0 unknown")
        assert len(bench.executor.pending) == 3 - cancelled


async def test_a_halt_names_no_intent_that_was_filled_before_it(tmp_path: Path) -> None:
    """An intent that ended between the halt and the question has ended, and was not cancelled."""
    async with paper_executor(tmp_path, BlockLatency(1)) as bench:
        await bench.market(*OPENING)
        await bench.submit(intent(1))
        held = bench.executor.open_orders(GLOBAL)
        await bench.market(completed(100), completed(101))
        assert await bench.executor.query_orders(GLOBAL, held) == dict.fromkeys(held, OrderState.ENDED)


async def test_a_stopped_executor_cancels_what_is_on_its_way_and_takes_nothing_more(tmp_path: Path) -> None:
    async with paper_executor(tmp_path, BlockLatency(5)) as bench:
        await bench.market(*OPENING)
        await bench.submit(intent(1))
        await bench.stop()
        await bench.submit(intent(2))
        assert [
            (one.intent_id, one.outcome, one.text) for one in bench.settled if isinstance(one, ExecutionReport)
        ] == [
            (1, Outcome.CANCELLED, "the paper executor was stopped"),
            (2, Outcome.CANCELLED, "the paper executor was not running"),
        ]
        assert records(bench.journal) == bench.settled


async def test_a_restarted_executor_starts_from_the_snapshot(tmp_path: Path) -> None:
    async with paper_executor(tmp_path, BlockLatency(1)) as bench:
        await bench.market(*OPENING, completed(100))
        await bench.stop()
        await bench.start()
        await bench.submit(intent())
        assert bench.settled == []
        await bench.market(collect(CHEAP, 102, 1), completed(102))
        assert places(bench.settled) == [("Fill", (101, BLOCK_END))]


async def test_a_restarted_executor_knows_nothing_of_its_old_life(tmp_path: Path) -> None:
    """A recording that began again while the executor was away comes by the same blocks once more."""
    async with paper_executor(tmp_path, BlockLatency(0)) as bench:
        await bench.market(*OPENING, completed(500))
        await bench.stop()
        await bench.market(status(StreamState.RESET))
        await bench.start()
        await bench.market(swap(CHEAP, 100, 5, 59))
        await bench.submit(intent())
        assert bench.settled == [], "block 100 of the new run is not over"
        await bench.market(completed(100))
        (report,) = bench.settled
        assert isinstance(report, ExecutionReport)
        assert report.text == "a pool's state there is not known"


async def test_a_fill_that_cannot_be_recorded_is_not_published(tmp_path: Path) -> None:
    with pytest.RaisesGroup(JournalError):
        async with paper_executor(tmp_path, LogLatency(0)) as bench:
            await bench.market(*OPENING)
            bench.disk.fail_write = True
            await bench.submit(intent())
    assert [one for one in bench.settled if isinstance(one, Fill)] == []


async def test_cancelling_works_with_a_broken_journal_and_a_restart_finds_the_intent_open(tmp_path: Path) -> None:
    """A halt or a stop must come through when the disk is full: nothing sent needs no record."""
    async with paper_executor(tmp_path, BlockLatency(5)) as bench:
        await bench.market(*OPENING)
        one = intent()
        bench.journal.append_now([one])
        await bench.submit(one)
        bench.disk.fail_write = True
        with pytest.raises(JournalError):
            bench.journal.append_now([one])
        assert bench.executor.cancel_pending(None, "halted") == 1
        assert bench.executor.pending == ()
        assert list(Recovery.of(enumerate(records(bench.journal))).unsettled) == [1]
    assert [type(settled) for settled in bench.settled] == [ExecutionReport]


async def test_the_assumption_stands_on_every_fill(tmp_path: Path) -> None:
    words: dict[str, Latency] = {
        "filled directly behind the opening swap, before any other log": LogLatency(0),
        "filled behind 1 further log(s) of the watched pools, at block end if fewer follow": LogLatency(1),
        "filled at the end of the seen block": BlockLatency(0),
        "filled at the end of the block 1 after the seen one": BlockLatency(1),
    }
    for number, (text, latency) in enumerate(words.items()):
        (tmp_path / str(number)).mkdir()
        async with paper_executor(tmp_path / str(number), latency) as bench:
            await bench.market(*OPENING, completed(100))
            await bench.submit(intent())
            await bench.market(collect(CHEAP, 101, 1), completed(101))
            (fill,) = bench.settled
            assert isinstance(fill, Fill)
            assert fill.assumption == text == latency.describe()


async def test_the_first_leg_may_sell_either_token(tmp_path: Path) -> None:
    """A cycle in token1 sells it in the lo pool first; the executor prices what the intent says."""
    async with paper_executor(tmp_path, LogLatency(0)) as bench:
        await bench.market(*OPENING)
        one = intent()
        back = tuple(reversed(one.legs))
        await bench.submit(evolved(one, legs=back, profit_token=CHEAP.token1.address, size=one.legs[1].amount_in // 2))
        (fill,) = bench.settled
        assert isinstance(fill, Fill)
        assert [leg.token_in for leg in fill.legs] == [CHEAP.token1.address, CHEAP.token0.address]
