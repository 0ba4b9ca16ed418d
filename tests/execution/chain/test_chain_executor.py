"""The chain executor: what it sends, what it says of what it does not, and what it books of what the chain says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import pytest
import trio

from alphapulse.data.execution import ExecutionReport, Fill, OrderRequest, Outcome
from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.data.orphans import BlocksOrphaned, SettlementRevoked
from alphapulse.data.pools import Pool
from alphapulse.data.risk import RiskAlert
from alphapulse.data.signals import Leg
from alphapulse.data.transactions import Purpose, TransactionState
from alphapulse.errors import SendRefused
from alphapulse.rules.arbitrage.flash_loan import LoanSource
from alphapulse.rules.evm.executor_path import ExecutorPath
from alphapulse.rules.execution.path_planning import FundingTerms, call_data, plan_path
from alphapulse.safety.parties import OrderState
from tests.execution.chain.trading_rig import (
    GWEI,
    TradingRig,
    completed,
    head,
    open_trading,
    reorganised,
    simulated,
)
from tests.execution.execution_fakes import evolved
from tests.rules.execution.trade_samples import ALGEBRA, BASE, INTENT, MINED, POOLS, V2, changed, receipt_of

STRANGE = InstrumentId.from_pool_address(b"\x77" * 20, Venue.POLYGON)
MINED_STATE, SETTLED, SENT = TransactionState.MINED, TransactionState.SETTLED, TransactionState.SENT
UNDONE = receipt_of([], succeeded=False)


def intent(number: int, **values: Any) -> OrderRequest:
    return changed(intent_id=number, signal_id=number, **values)


def path(least_profit: int, deadline: int) -> ExecutorPath:
    terms = FundingTerms(LoanSource.SWAP)
    return plan_path(INTENT, POOLS, terms, least_profit=least_profit, deadline_block=deadline)


def ends(rig: TradingRig) -> list[tuple[int, str]]:
    """Each written end: the intent, and how."""
    return [
        (one.intent_id, "FILL" if isinstance(one, Fill) else one.outcome.name)
        for one in rig.written(Fill, ExecutionReport)
    ]


async def test_an_intent_is_tried_priced_sent_and_booked_to_the_unit(tmp_path: Path) -> None:
    """Gas costs 400 units for 10^15 wei, as the intent's rate says; 400,000 gas at the cap are its most."""
    async with open_trading(tmp_path) as rig:
        await rig.submit(INTENT)
        (plan,) = rig.sender.plans
        cap_wei = GWEI + 30 * GWEI + GWEI // 8 + (GWEI + GWEI // 8) // 8  # room for two rises of the base fee
        most_cap_wei = -(-cap_wei * 11 // 10)  # and for one replacement
        most_cost = -(-400_000 * most_cap_wei * 1_200 // (3 * 10**15))
        assert (plan.intent_id, plan.tip_wei, plan.cap_wei) == (5, 30 * GWEI, cap_wei)
        assert plan.most_cap_wei == most_cap_wei
        assert plan.data == call_data(path(1_000 + most_cost, 103))
        assert (plan.deadline_block, plan.halt_epoch, plan.gas_limit) == (103, 3, 650_000)
        assert [one.intent_id for one in rig.executor.pending] == [5]
        sent = next(iter(rig.sender.book)).hash
        await rig.hear(completed(101))
        await rig.tell(sent, MINED_STATE, receipt=MINED)
        (fill,) = rig.written(Fill)
        assert (fill.gross - fill.pool_fees - fill.flash_fee, fill.gas_wei) == (9_500, MINED.cost_wei)
        assert fill.gas_cost == -(-MINED.cost_wei * 1_200 // (3 * 10**15))
        assert (fill.net, fill.block_number) == (9_500 - fill.gas_cost, 101)
        assert rig.executor.pending == ()
        await rig.tell(sent, SETTLED, receipt=MINED)
        assert len(rig.written(Fill)) == 1
        assert rig.in_blocks == [(0, MINED_STATE), (0, SETTLED)]


async def test_a_receipt_waits_for_its_block(tmp_path: Path) -> None:
    """Gas is valued at the block's own end, so the books take it in first; another block of its number is not it."""
    async with open_trading(tmp_path) as rig:
        await rig.submit(INTENT)
        await rig.tell(next(iter(rig.sender.book)).hash, MINED_STATE, receipt=MINED)
        assert ends(rig) == []
        await rig.hear(completed(101, b"\x99" * 32))
        assert ends(rig) == []
        await rig.hear(reorganised(100, 101), completed(101))
        assert ends(rig) == [(5, "FILL")]


async def test_what_would_be_undone_is_not_sent_and_costs_nothing(tmp_path: Path) -> None:
    """The contract's own word is told."""
    async with open_trading(tmp_path) as rig:
        rig.nodes.rows["eth_simulateV1"] = simulated(0, ok=False, data="0x")
        await rig.submit(INTENT)
        (report,) = rig.written(ExecutionReport)
        assert (report.outcome, report.gas_wei, report.gas_cost) == (Outcome.LOST, 0, 0)
        assert "undone" in report.text
        assert rig.sender.plans == []
        assert rig.executor.pending == ()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"strategy": "another"}, "whose money another uses"),
        ({"gas_wei": 0}, "what gas costs in the profit token is not known"),
        (
            {"legs": (evolved(INTENT.legs[0], pool=STRANGE),)},
            "unknown_pool",
        ),
    ],
)
async def test_what_cannot_be_planned_or_priced_is_told_so(tmp_path: Path, values: dict[str, Any], words: str) -> None:
    """Nothing is guessed, and nothing is signed."""
    async with open_trading(tmp_path) as rig:
        await rig.submit(changed(**values))
        (report,) = rig.written(ExecutionReport)
        assert report.outcome is Outcome.CANCELLED
        assert words in report.text
        assert rig.sender.plans == []


async def test_gas_that_would_eat_the_floor_is_not_paid(tmp_path: Path) -> None:
    """1,000 units are the strategy's; 4,960 of gas at 31 gwei are not covered by 5,950, and just so by 5,960."""
    for earned, sent in ((5_950, 0), (5_960, 1)):
        (folder := tmp_path / str(earned)).mkdir()
        async with open_trading(folder, earned=earned) as rig:
            await rig.submit(INTENT)
            assert len(rig.sender.plans) == sent
            if sent:
                assert rig.sender.plans[0].cap_wei == rig.sender.plans[0].most_cap_wei == 31 * GWEI


async def test_a_refusal_to_send_ends_the_intent(tmp_path: Path) -> None:
    """Its reason is told."""
    async with open_trading(tmp_path) as rig:
        rig.sender.error = SendRefused("too_many_unmined", "4 are not mined, and 4 may be")
        await rig.submit(INTENT)
        (report,) = rig.written(ExecutionReport)
        assert (report.outcome, "too_many_unmined" in report.text) == (Outcome.CANCELLED, True)


async def test_a_halt_before_the_signature_stops_it(tmp_path: Path) -> None:
    """The gate is looked at behind the trial: what was approved under another epoch is void."""
    async with open_trading(tmp_path) as rig:
        rig.nodes.wait = trio.Event()
        await rig.submit(INTENT)
        rig.epoch += 1
        rig.nodes.wait.set()
        await rig.settle()
        assert ends(rig) == [(5, "CANCELLED")]
        assert rig.sender.plans == []


async def test_intents_are_sent_side_by_side_unless_they_share_a_pool(tmp_path: Path) -> None:
    """One that does is tried when the one before it was sent, sized on what that leaves, and goes by its wallet.

    Where the pools of one are under way in two wallets, nothing would keep their order within a block.
    """
    alone = [intent(1, legs=_around(ALGEBRA)), intent(2, legs=_around(V2))]
    async with open_trading(tmp_path, wallets=2) as rig:
        rig.nodes.wait = trio.Event()
        await rig.submit(*alone, intent(3, legs=_around(V2)), intent(4))
        assert ends(rig) == []
        assert [call.method for call in rig.nodes.asked].count("eth_simulateV1") == 2
        rig.nodes.wait.set()
        await rig.settle()
        assert [call.method for call in rig.nodes.asked].count("eth_simulateV1") == 3
        assert sorted([plan.intent_id for plan in sender.plans] for sender in rig.senders) == [[1], [2, 3]]
        assert ends(rig) == [(4, "CANCELLED")]
        one = next(sender for sender in rig.senders if len(sender.plans) == 1)
        await rig.tell(next(iter(one.book)).hash, MINED_STATE, receipt=UNDONE, sender=one)
        await rig.submit(intent(5))
        assert sorted([plan.intent_id for plan in sender.plans] for sender in rig.senders) == [[1], [2, 3, 5]]


def _around(pool: Pool) -> tuple[Leg, ...]:
    """A path of one leg in a pool, back to the profit token for the test's sake."""
    token = pool.token1.address if pool.token0 == BASE else pool.token0.address
    return (Leg(pool.id, token, BASE.address, 1_000_000, 1_010_000, 0, 1),)


async def test_an_undone_trade_costs_its_gas_and_is_looked_into(tmp_path: Path) -> None:
    """Gas of failures is booked like any other."""
    async with open_trading(tmp_path) as rig:
        await rig.submit(INTENT)
        await rig.hear(completed(101))
        await rig.tell(next(iter(rig.sender.book)).hash, MINED_STATE, receipt=UNDONE)
        (report,) = rig.written(ExecutionReport)
        assert (report.outcome, report.gas_wei) == (Outcome.REVERTED, UNDONE.cost_wei)
        assert report.gas_cost == -(-UNDONE.cost_wei * 1_200 // (3 * 10**15))
        assert [number for number, _ in rig.failed] == [5]


async def test_an_orphaned_receipt_is_taken_off_the_books_and_booked_at_its_new_place(tmp_path: Path) -> None:
    """Once each, and what was orphaned stands in the journal before it."""
    async with open_trading(tmp_path) as rig:
        await rig.submit(INTENT)
        sent = next(iter(rig.sender.book)).hash
        await rig.hear(completed(101))
        await rig.tell(sent, MINED_STATE, receipt=MINED)
        await rig.hear(reorganised(100, 101))
        await rig.tell(sent, SENT)
        assert [one.intent_id for one in rig.executor.pending] == [5]
        moved = attrs.evolve(MINED, block_number=102, block_hash=b"\x0b" * 32)
        await rig.tell(sent, MINED_STATE, receipt=moved)
        await rig.hear(completed(101, b"\x0a" * 32), completed(102, b"\x0b" * 32))
        kinds = [type(one) for one in rig.written(Fill, BlocksOrphaned, SettlementRevoked)]
        assert kinds == [Fill, BlocksOrphaned, SettlementRevoked, Fill]
        revoked = rig.written(SettlementRevoked)[0]
        assert (revoked.reopened, revoked.times, revoked.gas_wei) == (True, 1, MINED.cost_wei)
        assert [fill.block_number for fill in rig.written(Fill)] == [101, 102]


async def test_a_sender_that_hears_of_a_reorganisation_first_is_believed(tmp_path: Path) -> None:
    """The end is taken back by its word, and not a second time by the chain's."""
    async with open_trading(tmp_path) as rig:
        await rig.submit(INTENT)
        sent = next(iter(rig.sender.book)).hash
        await rig.hear(completed(101))
        await rig.tell(sent, MINED_STATE, receipt=MINED)
        await rig.tell(sent, SENT)
        await rig.hear(reorganised(100, 101))
        assert len(rig.written(SettlementRevoked)) == 1
        assert len(rig.executor.pending) == 1


async def test_a_block_that_only_seemed_orphaned_is_booked_again(tmp_path: Path) -> None:
    """The sender still has the receipt: what was taken back is booked once its block is complete anew."""
    async with open_trading(tmp_path) as rig:
        await rig.submit(INTENT)
        await rig.hear(completed(101))
        await rig.tell(next(iter(rig.sender.book)).hash, MINED_STATE, receipt=MINED)
        await rig.hear(reorganised(100, 101), completed(101))
        assert ends(rig) == [(5, "FILL"), (5, "FILL")]
        assert rig.executor.pending == ()


async def test_what_was_not_sent_is_void_when_its_block_is_orphaned(tmp_path: Path) -> None:
    """What was sent goes on: its transaction can come into any later block."""
    async with open_trading(tmp_path) as rig:
        await rig.submit(intent(1))
        rig.nodes.wait = trio.Event()
        await rig.submit(intent(2))
        await rig.hear(reorganised(99, 100))
        assert ends(rig) == [(2, "ORPHANED")]
        assert [one.intent_id for one in rig.executor.pending] == [1]


async def test_a_trade_whose_number_went_elsewhere_is_lost(tmp_path: Path) -> None:
    """Without gas: it never ran. While an attempt is left, nothing is said."""
    async with open_trading(tmp_path) as rig:
        await rig.submit(INTENT)
        first = next(iter(rig.sender.book)).hash
        rig.sender.plans.append(rig.sender.plans[0])
        second = rig.sender.sign(5, Purpose.TRADE, 0).hash
        await rig.tell(first, TransactionState.REPLACED)
        assert ends(rig) == []
        await rig.tell(second, TransactionState.REPLACED)
        (report,) = rig.written(ExecutionReport)
        assert (report.outcome, report.gas_wei) == (Outcome.LOST, 0)


async def test_a_transfer_in_its_place_cancels_it_and_costs_its_own_gas(tmp_path: Path) -> None:
    """The replaced trade has ended with it, once."""
    async with open_trading(tmp_path) as rig:
        await rig.submit(INTENT)
        first = next(iter(rig.sender.book)).hash
        cancel = await rig.sender.cancel(first)
        await rig.hear(completed(101))
        await rig.tell(cancel.hash, MINED_STATE, receipt=receipt_of([]))
        await rig.tell(first, TransactionState.REPLACED)
        (report,) = rig.written(ExecutionReport)
        assert (report.outcome, report.gas_wei) == (Outcome.CANCELLED, MINED.cost_wei)
        assert rig.failed == []


async def test_an_unknown_outcome_stays_open_and_is_told_once(tmp_path: Path) -> None:
    """Nobody speaks of it to a halt, so that it counts as unknown there."""
    async with open_trading(tmp_path) as rig:
        await rig.submit(INTENT)
        sent = next(iter(rig.sender.book)).hash
        for _ in range(2):
            await rig.tell(sent, TransactionState.UNKNOWN)
        assert len(rig.executor.pending) == 1
        (alert,) = rig.written(RiskAlert)
        assert (alert.value, alert.rule) == (1, "transactions known")
        assert await rig.executor.query_orders("global", ["intent 5"]) == {}
        await rig.hear(completed(101))
        await rig.tell(sent, MINED_STATE, receipt=MINED)
        assert ends(rig) == [(5, "FILL")]


@pytest.mark.parametrize("at_halt", ["expire", "replace"])
async def test_a_halt_takes_back_what_was_not_sent_and_lets_the_rest_expire_or_replaces_it(
    tmp_path: Path, at_halt: str
) -> None:
    """What was sent is in flight: it has a deadline."""
    async with open_trading(tmp_path, at_halt=at_halt) as rig:  # type: ignore[arg-type]
        await rig.submit(intent(1))
        rig.nodes.wait = trio.Event()
        await rig.submit(intent(2))
        orders = rig.executor.open_orders("global")
        assert set(orders) == {"intent 1", "intent 2"}
        await rig.executor.cancel_orders("global", orders)
        found = await rig.executor.query_orders("global", orders)
        assert found == {"intent 1": OrderState.IN_FLIGHT, "intent 2": OrderState.CANCELLED}
        assert len(rig.sender.cancelled) == (at_halt == "replace")
        assert rig.executor.open_orders("strategy:other") == []


async def test_a_stop_cancels_what_was_not_sent_and_leaves_the_rest_open(tmp_path: Path) -> None:
    """The journal has the transaction: the next start goes on with it."""
    async with open_trading(tmp_path) as rig:
        await rig.submit(intent(1))
        rig.nodes.wait = trio.Event()
        await rig.submit(intent(2))
        rig.life.cancel()
        await rig.settle()
        assert ends(rig) == [(2, "CANCELLED")]
        assert [one.intent_id for one in rig.executor.pending] == [1]
        await rig.submit(intent(3))
        assert ends(rig)[-1] == (3, "CANCELLED")


async def test_a_newer_head_moves_the_deadline(tmp_path: Path) -> None:
    """Three blocks behind the newest one."""
    async with open_trading(tmp_path) as rig:
        await rig.hear(head(104))
        await rig.submit(INTENT)
        assert rig.sender.plans[0].deadline_block == 107


async def test_a_token_may_say_why_at_any_length(tmp_path: Path) -> None:
    """And with whatever bytes: its word is cut to what a record holds."""
    said = b"\x00\xff no \n" * 900
    data = b"\x08\xc3\x79\xa0" + (32).to_bytes(32, "big") + len(said).to_bytes(32, "big") + said
    async with open_trading(tmp_path) as rig:
        rig.nodes.rows["eth_simulateV1"] = simulated(0, ok=False, data=f"0x{data.hex()}")
        await rig.submit(INTENT)
        assert ends(rig) == [(5, "LOST")]
