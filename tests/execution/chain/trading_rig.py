"""A chain executor with a sender that does as it is told, nodes that answer from a table, and a journal on disk."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import attrs
import msgspec
import trio
from trio.testing import wait_all_tasks_blocked

from alphapulse.data.chain_events import ChainHead, ChainReorganised
from alphapulse.data.execution import OrderRequest
from alphapulse.data.instruments import Venue
from alphapulse.data.market import BlockCompleted, StreamState, StreamStatus
from alphapulse.data.transactions import Purpose, TransactionSigned, TransactionState
from alphapulse.errors import RpcError
from alphapulse.execution.chain.block_clock import BlockClock
from alphapulse.execution.chain.chain_executor import ChainExecutor
from alphapulse.execution.chain.live_wallet import LiveWallet
from alphapulse.execution.chain.simulation import Simulator
from alphapulse.execution.chain.trade_booking import TradeBooking
from alphapulse.execution.chain.trade_making import TradeMaker, TradeTerms
from alphapulse.execution.chain.trade_records import TradeRecords
from alphapulse.execution.chain.transaction_plan import TransactionPlan
from alphapulse.execution.chain.unfinished import Unfinished
from alphapulse.journal.journal import Journal
from alphapulse.relays.bus import Bus
from alphapulse.rules.accounting.undoable_trades import UndoableTrades
from alphapulse.rules.arbitrage.flash_loan import LoanSource
from alphapulse.rules.books.pool_history import PoolHistory
from alphapulse.rules.evm.transaction import DynamicFeeTransaction, SignedTransaction
from alphapulse.rules.execution.gas_value import GasValue
from alphapulse.rules.execution.path_planning import FundingTerms
from alphapulse.rules.nodes.rpc_call import RpcCall
from alphapulse.rules.transactions.fees import FeeTerms
from alphapulse.rules.transactions.nonce_book import NonceBook
from alphapulse.rules.transactions.receipt import Receipt
from alphapulse.rules.transactions.transaction_record import TransactionRecord
from tests.execution.execution_fakes import open_journal, records
from tests.rules.execution.trade_samples import BASE, EXECUTOR, MINED, POOLS, TIME_NS, WALLET, transfer

CHAIN = 137
GWEI = 10**9
EPOCH = 3
FEES = FeeTerms(tip_floor_wei=30 * GWEI, tip_cap_wei=300 * GWEI, cap_wei=1_000 * GWEI, bid_share_ppm=0)
Answer = Any
"""JSON as a node says it, or an RpcError."""


class TableNodes:
    """Answers each method as its row says; `asked` holds what came, in order."""

    def __init__(self, **rows: Callable[[Sequence[Any]], Answer] | Answer) -> None:
        self.rows = rows
        self.asked: list[RpcCall] = []
        self.wait: trio.Event | None = None

    async def batch(self, calls: Sequence[RpcCall], /) -> list[Any]:
        await trio.lowlevel.checkpoint()
        self.asked += calls
        if self.wait is not None:
            await self.wait.wait()
        return [self._answer(call) for call in calls]

    def _answer(self, call: RpcCall) -> Any:
        row = self.rows[call.method]
        found = row(call.params) if callable(row) else row
        return found if isinstance(found, RpcError) else msgspec.convert(found, call.type)


def simulated(earned: int, *, gas: int = 200_000, ok: bool = True, data: str = "0x") -> Answer:
    """What `eth_simulateV1` says of a trade that pays whoever sends it `earned`."""
    return lambda params: _simulated(params, earned, gas, ok=ok, data=data)


def _simulated(params: Sequence[Any], earned: int, gas: int, *, ok: bool, data: str) -> Answer:
    sender = bytes.fromhex(params[0]["blockStateCalls"][0]["calls"][0]["from"][2:])
    log = transfer(BASE, EXECUTOR, sender, earned)
    told = {
        "address": f"0x{log.address.hex()}",
        "topics": [f"0x{topic.hex()}" for topic in log.topics],
        "data": f"0x{log.data.hex()}",
        "logIndex": "0x0",
    }
    call = {"returnData": data, "logs": [told] if ok else [], "gasUsed": hex(gas), "status": "0x1" if ok else "0x0"}
    return [{"calls": [call]}]


class ObedientSender:
    """Signs what it is given, and lets a test say what becomes of it."""

    chain_id = CHAIN
    problem: str | None = None

    def __init__(self, wallet: bytes = WALLET) -> None:
        self.wallet = wallet
        self.book = NonceBook()
        self.book.count(0)
        self.plans: list[TransactionPlan] = []
        self.cancelled: list[bytes] = []
        self.error: Exception | None = None
        self.wait: trio.Event | None = None
        self.receipts: dict[bytes, Receipt] = {}

    @property
    def next_nonce(self) -> int:
        return self.book.next_nonce

    @property
    def mined_nonce(self) -> int | None:
        return self.book.mined

    def receipt_of(self, tx_hash: bytes, /) -> Receipt | None:
        return self.receipts.get(tx_hash)

    async def send(self, plan: TransactionPlan, /) -> SignedTransaction:
        await trio.lowlevel.checkpoint()
        if self.wait is not None:
            await self.wait.wait()
        if self.error is not None:
            raise self.error
        self.plans.append(plan)
        return self.sign(plan.intent_id, plan.purpose)

    def sign(
        self, intent_id: int | None, purpose: Purpose = Purpose.TRADE, nonce: int | None = None
    ) -> SignedTransaction:
        number = self.book.next_nonce if nonce is None else nonce
        name = bytes([number, purpose, len(self.plans)]) + self.wallet[:1] + bytes(28)
        self.book.sign(
            TransactionSigned(
                1, self.wallet, CHAIN, number, name, purpose, intent_id, EPOCH, EXECUTOR, 1, 1, 2, 103, b"\2", 9
            )
        )
        transaction = DynamicFeeTransaction(CHAIN, number, 1, 2, 21_000, EXECUTOR, 0, b"")
        return SignedTransaction(transaction, b"\2", name)

    async def bump(self, tx_hash: bytes, /) -> SignedTransaction:
        raise AssertionError("the executor leaves that to its sender and to operators")

    async def cancel(self, tx_hash: bytes, /) -> SignedTransaction:
        await trio.lowlevel.checkpoint()
        self.cancelled.append(tx_hash)
        record = self.book.find(tx_hash)
        assert record is not None
        return self.sign(record.signed.intent_id, Purpose.CANCEL, record.nonce)

    async def fill_gap(self, nonce: int, /) -> SignedTransaction:
        raise AssertionError("the executor leaves that to its sender and to operators")


@attrs.define
class TradingRig:
    """What a test of the executor touches."""

    executor: ChainExecutor
    nodes: TableNodes
    senders: list[ObedientSender]
    bus: Bus
    journal: Journal
    life: trio.CancelScope
    failed: list[tuple[int, Receipt]]
    in_blocks: list[tuple[int, TransactionState]]
    published: list[object] = attrs.field(factory=list)
    epoch: int = EPOCH

    @property
    def sender(self) -> ObedientSender:
        return self.senders[0]

    def gate_open(self, epoch: int) -> bool:
        return epoch == self.epoch

    async def settle(self) -> None:
        """Let everybody come to rest."""
        await wait_all_tasks_blocked()

    async def submit(self, *intents: OrderRequest) -> None:
        """As the engine does: journalled first."""
        self.journal.append_now(list(intents))
        self.executor.submit(list(intents))
        await self.settle()

    async def hear(self, *events: object) -> None:
        """Market data."""
        self.bus.market_data.publish(list(events))
        await self.settle()

    async def tell(
        self,
        tx_hash: bytes,
        state: TransactionState,
        *,
        receipt: Receipt | None = None,
        sender: ObedientSender | None = None,
    ) -> None:
        """The sender's transaction comes to another state."""
        whose = sender or self.sender
        record = whose.book.find(tx_hash)
        assert record is not None
        if receipt is not None:
            whose.receipts[tx_hash] = receipt = attrs.evolve(receipt, hash=tx_hash)
        now = attrs.evolve(
            record,
            state=state,
            block_number=receipt.block_number if receipt is not None else None,
            block_hash=receipt.block_hash if receipt is not None else None,
            text="so it is",
        )
        whose.book.put(now)
        self.executor.take_statuses([now.status(1)])
        await self.settle()

    def written(self, *types: type) -> list[Any]:
        """What stands in the journal of these types."""
        return [record for record in records(self.journal) if isinstance(record, types)]


def head(number: int, base_fee_wei: int = 1 * GWEI) -> ChainHead:
    return ChainHead("chain", CHAIN, number, bytes([1]) * 32, bytes(32), TIME_NS, 0, base_fee_wei, None, None, "one")


def completed(number: int, block_hash: bytes = MINED.block_hash) -> BlockCompleted:
    return BlockCompleted(CHAIN, number, 99, TIME_NS + 2 * 10**9, 1, block_hash, bytes(32))


def fresh() -> StreamStatus:
    return StreamStatus("chain", Venue.POLYGON, StreamState.FRESH, "", 0, 0, recorded=False)


def reorganised(ancestor: int, old_head: int) -> ChainReorganised:
    return ChainReorganised(
        "chain", CHAIN, ancestor, bytes([2]) * 32, old_head, bytes([3]) * 32, old_head + 1, bytes([4]) * 32, TIME_NS
    )


@asynccontextmanager
async def open_trading(
    folder: Path,
    *,
    wallets: int = 1,
    at_halt: Literal["expire", "replace"] = "expire",
    earned: int = 9_500,
    left_open: Iterable[OrderRequest] = (),
    fees: FeeTerms = FEES,
) -> AsyncIterator[TradingRig]:
    """A running executor whose blocks are complete through 100. Gas costs a unit of BASE for each gwei of price."""
    bus = Bus()
    nodes = TableNodes(
        eth_simulateV1=simulated(earned),
        eth_getBlockByNumber={"baseFeePerGas": hex(GWEI), "number": "0x65", "hash": "0x" + "08" * 32},
    )
    async with open_journal(folder) as journal, trio.open_nursery() as nursery:
        history, clock, trades = PoolHistory(POOLS.values()), BlockClock(CHAIN), UndoableTrades()
        for intent in left_open:
            trades.take(intent)
        trade_records = TradeRecords(trades, journal, bus.execution, now_ns=lambda: 9)
        booking = TradeBooking(POOLS, history, GasValue(b"\x09" * 20, POOLS.values()), clock, trades, now_ns=lambda: 9)
        terms = TradeTerms(CHAIN, fees, 3, {"flash_arbitrage": FundingTerms(LoanSource.SWAP)})
        failed: list[tuple[int, Receipt]] = []
        in_blocks: list[tuple[int, TransactionState]] = []

        def on_failed(intent: OrderRequest, _: TransactionRecord, receipt: Receipt) -> None:
            failed.append((intent.intent_id, receipt))

        executor = ChainExecutor(
            TradeMaker(terms, POOLS, Simulator(nodes), booking.gas_cost),
            booking,
            history,
            clock,
            trade_records,
            Unfinished(nodes, booking, trade_records, {}),
            bus.market_data,
            at_halt=at_halt,
            gate_open=lambda epoch: rig.gate_open(epoch),  # noqa: PLW0108 - it is made below
            run_number=lambda: 1,
            now_ns=lambda: 9,
            on_failed=on_failed,
            on_block=lambda _, record: in_blocks.append((record.nonce, record.state)),
        )
        senders = [ObedientSender(bytes([0xAA + number]) * 20) for number in range(wallets)]
        executor.wallets = [LiveWallet(f"w{at}", EXECUTOR, "keystore", one, one.book) for at, one in enumerate(senders)]
        rig = TradingRig(executor, nodes, senders, bus, journal, trio.CancelScope(), failed, in_blocks)
        with bus.execution.subscribe("test") as heard:

            async def live(*, task_status: trio.TaskStatus[None]) -> None:
                with rig.life:
                    await executor.run(task_status=task_status)

            await nursery.start(live)
            await rig.hear(fresh(), head(100), completed(100, b"\x64" * 32))
            yield rig
            heard.nudge()
            rig.published += await heard.receive()
        nursery.cancel_scope.cancel("the test is over")
