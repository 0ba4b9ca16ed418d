"""What the paper executor, the engine and the gate make of a chain that takes blocks back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from alphapulse.data.chain_events import ChainReorganised
from alphapulse.data.execution import Check, ExecutionReport, Fill, Outcome
from alphapulse.data.orphans import AlertRevoked, BlocksOrphaned, RefusalsRevoked, SettlementRevoked
from alphapulse.execution.latency import BlockLatency, LogLatency
from alphapulse.portfolio.portfolio import Portfolio
from alphapulse.relays.bus import Bus
from alphapulse.rules.limits.limit_table import Place
from alphapulse.safety.parties import OrderState
from tests.execution.execution_fakes import evolved, records
from tests.execution.gate_bench import Chains, GateBench, flash
from tests.execution.market_events import DEAR, OPENING, completed, intent, paper_executor, swap
from tests.journal.journal_samples import USDC


def reorganised(ancestor: int, head: int = 105, *, chain_id: int = 1) -> ChainReorganised:
    return ChainReorganised("day", chain_id, ancestor, bytes(32), head, bytes(32), head, bytes(32), 0)


def kinds(messages: Sequence[object]) -> list[str]:
    return [type(message).__name__ for message in messages]


async def test_an_intent_that_was_seen_on_an_orphaned_block_is_cancelled(tmp_path: Path) -> None:
    """It has not failed; one of another chain, or of a block that stays, waits on."""
    async with paper_executor(tmp_path, BlockLatency(3)) as bench:
        await bench.market(*OPENING, completed(100))
        await bench.submit(intent(1, block=100), intent(2, block=99), evolved(intent(3, block=100), chain_id=137))
        await bench.market(reorganised(99))
        assert [one.intent_id for one in bench.executor.pending] == [2, 3]
        told, report = bench.settled
        assert isinstance(told, BlocksOrphaned)
        assert (told.run, told.ancestor_number, told.cancelled, told.revoked) == (1, 99, 1, 0)
        assert isinstance(report, ExecutionReport)
        assert (report.intent_id, report.outcome, report.gas_cost) == (1, Outcome.ORPHANED, 0)
        states = await bench.executor.query_orders("global", ["intent 1"])
        assert states["intent 1"] is OrderState.CANCELLED


async def test_a_fill_on_an_orphaned_block_is_taken_back_and_priced_again(tmp_path: Path) -> None:
    """The block that the intent saw stays, so it waits for its end once more: on the new branch the gap was taken."""
    async with paper_executor(tmp_path, BlockLatency(1)) as bench:
        portfolio = Portfolio(Bus().execution)
        portfolio.begin_run(1)
        await bench.market(*OPENING, completed(100))
        one = intent()
        bench.journal.append_now([one])
        await bench.submit(one)
        await bench.market(completed(101))
        assert kinds(bench.settled) == ["Fill"]
        await bench.market(reorganised(100, 101))
        assert kinds(bench.settled) == ["Fill", "BlocksOrphaned", "SettlementRevoked", "OrderRequest"]
        assert bench.executor.pending == (one,)
        await bench.market(swap(DEAR, 101, 1, 58), completed(101))
        assert kinds(bench.settled)[4:] == ["ExecutionReport"]
        portfolio.apply([one, *bench.settled])
        book = portfolio.tokens[one.profit_token]
        assert (book.total.traded, book.total.failed, book.total.net) == (0, 1, -one.gas_cost)
        assert kinds(records(bench.journal)) == [
            "OrderRequest", "Fill", "BlocksOrphaned", "SettlementRevoked", "ExecutionReport"
        ]  # fmt: skip


async def test_what_was_filled_on_the_block_that_it_saw_ends_with_it(tmp_path: Path) -> None:
    """Seen and filled on one block: nothing is left to wait for; taken back twice it is told once."""
    async with paper_executor(tmp_path, LogLatency(0)) as bench:
        await bench.market(*OPENING, completed(100))
        await bench.submit(intent())
        await bench.market(reorganised(99), reorganised(99))
        fill, _, revoked, again = bench.settled
        assert isinstance(fill, Fill)
        assert isinstance(revoked, SettlementRevoked)
        assert (revoked.reopened, revoked.net, revoked.times) == (False, fill.net, 1)
        assert isinstance(again, BlocksOrphaned)
        assert (again.cancelled, again.revoked) == (0, 0)
        assert bench.executor.pending == ()


async def test_it_is_in_the_journal_before_anybody_hears_of_it(tmp_path: Path) -> None:
    """A listener that looks into the journal finds all of it there."""
    async with paper_executor(tmp_path, BlockLatency(1)) as bench:
        await bench.market(*OPENING, completed(100))
        await bench.submit(intent())
        await bench.market(completed(101))
        held: list[list[object]] = []
        publish = bench.bus.execution.publish

        def looked(messages: Sequence[object]) -> None:
            held.append(records(bench.journal))
            publish(messages)

        bench.executor._execution.publish = looked  # type: ignore[method-assign]
        await bench.market(reorganised(100, 101))
        assert kinds(held[0])[-2:] == ["BlocksOrphaned", "SettlementRevoked"]


def test_the_gate_refuses_what_was_seen_on_an_orphaned_block() -> None:
    """With the block and the ancestor as its numbers, and pools in quarantine with the reason."""
    signal = flash()
    found = GateBench(chains=Chains(orphaned={signal.block_number: 90})).gate().check(signal)
    assert (found.failed, found.value, found.limit, found.unit) == (Check.ORPHANED, signal.block_number, 90, "block")
    assert found.text == "block 101, which it saw, was orphaned: the chain went on from block 90"
    quarantined = GateBench(chains=Chains(distrusted="0xaa is in quarantine: the reserves differ")).gate().check(signal)
    assert (quarantined.failed, quarantined.text) == (Check.POOL_TRUST, "0xaa is in quarantine: the reserves differ")


def test_an_episode_that_was_traded_on_an_orphaned_block_may_be_traded_again() -> None:
    """The gate forgets it in the step in which the reorganisation is published."""
    gate = GateBench().gate()
    assert gate.check(flash(1)).approved
    again = evolved(flash(2), episode=1)
    gate.reorganised(reorganised(101))
    assert gate.check(again).failed is Check.DUPLICATE
    gate.reorganised(reorganised(100))
    assert gate.check(evolved(again, signal_id=3)).approved


def test_refusals_and_alerts_of_orphaned_blocks_are_void() -> None:
    """Each is named once; those of blocks that stay, and of other chains, are not."""
    bench = GateBench()
    bench.limits[Place.STRATEGY, "max_trade_value"] = flash().size
    gate = bench.gate()
    assert gate.check(flash(1)).approved, "at its limit: an alert"
    (alert,) = gate.take_alerts()
    assert not gate.check(evolved(flash(2), episode=1)).approved
    assert not gate.check(evolved(flash(3), episode=1)).approved
    told = BlocksOrphaned.of(reorganised(100), 1, cancelled=0, revoked=0, heard_ns=0)
    assert gate.settle([evolved(told, chain_id=137), evolved(told, ancestor_number=103)]) == []
    refusals, revoked = gate.settle([told])
    assert isinstance(refusals, RefusalsRevoked)
    assert (refusals.strategy, refusals.profit_token, refusals.failed, refusals.count) == (
        "flash", USDC, Check.DUPLICATE, 2
    )  # fmt: skip
    assert isinstance(revoked, AlertRevoked)
    assert (revoked.rule, revoked.raised_ns, revoked.block_number) == (alert.rule, alert.raised_ns, 101)
    assert gate.settle([told]) == []
