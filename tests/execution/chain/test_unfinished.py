"""Trades that a kill left open although their transactions had ended: booked by their receipts, or lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from alphapulse.data.execution import ExecutionReport, Fill
from alphapulse.data.transactions import Purpose, TransactionState
from alphapulse.execution.chain.block_clock import BlockClock
from alphapulse.execution.chain.live_wallet import LiveWallet
from alphapulse.execution.chain.trade_booking import TradeBooking
from alphapulse.execution.chain.trade_records import TradeRecords
from alphapulse.execution.chain.unfinished import Unfinished
from alphapulse.relays.bus import Bus
from alphapulse.rules.accounting.undoable_trades import UndoableTrades
from alphapulse.rules.books.pool_history import PoolHistory
from alphapulse.rules.execution.gas_value import GasValue
from tests.execution.chain.trading_rig import CHAIN, ObedientSender, TableNodes
from tests.execution.execution_fakes import open_journal, records
from tests.rules.execution.trade_samples import EXECUTOR, INTENT, MINED, POOLS, WALLET

RECEIPT = {
    "transactionIndex": "0x2",
    "blockHash": f"0x{MINED.block_hash.hex()}",
    "blockNumber": "0x65",
    "status": "0x1",
    "gasUsed": hex(MINED.gas_used),
    "effectiveGasPrice": hex(MINED.gas_price_wei),
    "logs": [
        {
            "address": f"0x{log.address.hex()}",
            "topics": [f"0x{topic.hex()}" for topic in log.topics],
            "data": f"0x{log.data.hex()}",
            "logIndex": hex(log.log_index),
        }
        for log in MINED.logs
    ],
}


def receipt(params: Any) -> Any:
    return {**RECEIPT, "transactionHash": params[0]}


async def finished(
    folder: Path, state: TransactionState | None, nodes: TableNodes, *, sent: bool = True
) -> list[object]:
    """What is written of a trade that stood open, its transaction being in that state; None: it was dropped."""
    trades, sender = UndoableTrades(), ObedientSender()
    trades.take(INTENT)
    signed = sender.sign(INTENT.intent_id, Purpose.TRADE)
    record = sender.book.find(signed.hash)
    assert record is not None
    sender.book.put(attrs.evolve(record, state=state or TransactionState.DROPPED))
    async with open_journal(folder) as journal:
        written = TradeRecords(trades, journal, Bus().execution, now_ns=lambda: 9)
        booking = TradeBooking(
            POOLS,
            PoolHistory(POOLS.values()),
            GasValue(b"\x09" * 20, POOLS.values()),
            BlockClock(CHAIN),
            trades,
            now_ns=lambda: 9,
        )
        places = {INTENT.intent_id: (CHAIN, WALLET, 0)} if sent else {}
        unfinished = Unfinished(nodes, booking, written, places)
        await unfinished.finish([LiveWallet("main", EXECUTOR, "keystore", sender, sender.book)])
        return records(journal)


async def test_a_settled_trade_is_booked_by_its_receipt(tmp_path: Path) -> None:
    """A node is asked for it, as nobody here has it any more."""
    (fill,) = await finished(tmp_path, TransactionState.SETTLED, TableNodes(eth_getTransactionReceipt=receipt))
    assert isinstance(fill, Fill)
    assert (fill.intent_id, fill.gas_wei, fill.block_number) == (5, MINED.cost_wei, 101)


@pytest.mark.parametrize("state", [TransactionState.REPLACED, None])
async def test_a_trade_that_never_came_into_a_block_is_lost(tmp_path: Path, state: TransactionState | None) -> None:
    """Its number went to another transaction, or to none."""
    (report,) = await finished(tmp_path, state, TableNodes())
    assert isinstance(report, ExecutionReport)
    assert (report.outcome.name, report.gas_wei) == ("LOST", 0)


@pytest.mark.parametrize(
    ("state", "sent"),
    [(TransactionState.SENT, True), (TransactionState.UNKNOWN, True), (TransactionState.SETTLED, False)],
)
async def test_what_is_under_way_or_not_ours_is_left_alone(tmp_path: Path, state: TransactionState, sent: bool) -> None:
    """Its sender will tell; an intent of this life has no place in the journal of the one before."""
    assert await finished(tmp_path, state, TableNodes(), sent=sent) == []


async def test_a_receipt_that_is_not_told_is_asked_for_again(tmp_path: Path, mock_clock: MockClock) -> None:
    """Every two seconds, for as long as it takes."""
    nodes, ends = TableNodes(eth_getTransactionReceipt=None), list[object]()

    async def finish() -> None:
        ends.extend(await finished(tmp_path, TransactionState.SETTLED, nodes))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(finish)
        for _ in range(3):
            await wait_all_tasks_blocked()
            mock_clock.jump(2)
        await wait_all_tasks_blocked()
        assert (len(nodes.asked), ends) == (4, [])
        nodes.rows["eth_getTransactionReceipt"] = receipt
        mock_clock.jump(2)
    assert len(ends) == 1
