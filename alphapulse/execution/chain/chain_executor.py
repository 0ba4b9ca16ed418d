"""The chain executor: sends what the engine hands it as transactions, and books what the chain makes of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Final, Literal

import trio

from alphapulse.data.chain_events import ChainReorganised
from alphapulse.data.execution import OrderRequest, Outcome
from alphapulse.data.orphans import BlocksOrphaned
from alphapulse.data.risk import RiskAlert, Severity
from alphapulse.data.transactions import Purpose, TransactionState, TransactionStatus
from alphapulse.errors import (
    JournalError,
    NodeError,
    SendRefused,
    SignerUnreachable,
    SigningRecordError,
    SigningRefused,
    SimulationRefused,
)
from alphapulse.execution.chain.block_clock import BlockClock
from alphapulse.execution.chain.live_wallet import LiveWallet
from alphapulse.execution.chain.trade_booking import TradeBooking
from alphapulse.execution.chain.trade_making import TradeMaker
from alphapulse.execution.chain.trade_records import TradeRecords, name_of
from alphapulse.execution.chain.turns import Turns
from alphapulse.execution.chain.unfinished import Unfinished
from alphapulse.relays.any_relay import AnyRelay
from alphapulse.relays.reader import Reader
from alphapulse.relays.subscription import AnySubscription
from alphapulse.rules.books.pool_history import PoolHistory
from alphapulse.rules.transactions.receipt import Receipt
from alphapulse.rules.transactions.transaction_record import TransactionRecord
from alphapulse.safety.parties import FlattenResult, OrderState
from alphapulse.safety.scopes import scope_holds

AT_ONCE: Final = 16
"""Intents that are tried and signed at the same time."""

MOST_WAITING: Final = 1_024
"""Intents that wait for their turn; what comes beyond is refused. By then they are stale."""

NOT_SENT: Final = "nothing was sent"


class ChainExecutor(Reader):
    """Sends intents as transactions of its wallets, and ends each with a fill or a report.

    What is taken over is tried at the pending block, priced, signed and sent while the gate is open for its epoch.
    From then on only the chain ends it: by a receipt, or because its number went to another transaction. What nobody
    can say something of stays open. What a reorganisation takes back is booked again at its new place.

    `wallets` is filled before `run`, since their senders tell `take_statuses`. `gate_open` says of an epoch whether
    trading is allowed under it now. `run_number` gives that of the present run.
    """

    name = "chain executor"

    def __init__(
        self,
        maker: TradeMaker,
        booking: TradeBooking,
        history: PoolHistory,
        clock: BlockClock,
        records: TradeRecords,
        unfinished: Unfinished,
        market_data: AnyRelay,
        *,
        at_halt: Literal["expire", "replace"],
        gate_open: Callable[[int], bool],
        run_number: Callable[[], int],
        now_ns: Callable[[], int],
        on_failed: Callable[[OrderRequest, TransactionRecord, Receipt], None],
        on_block: Callable[[LiveWallet, TransactionRecord], None],
    ) -> None:
        self.wallets: Sequence[LiveWallet] = ()
        self._maker = maker
        self._booking = booking
        self._history = history
        self._clock = clock
        self._records = records
        self._unfinished = unfinished
        self._trades = records.trades
        self._market_data = market_data
        self._at_halt = at_halt
        self._gate_open = gate_open
        self._run_number = run_number
        self._now_ns = now_ns
        self._on_failed = on_failed
        self._on_block = on_block
        self._told: dict[bytes, LiveWallet] = {}
        self._unsent: dict[int, OrderRequest] = {}
        self._turns = Turns(records.trades.open)
        self._leaving: set[int] = set()
        """Intents whose transaction is about to be signed: nobody else ends them."""
        self._doubted: set[bytes] = set()
        self._queue: AnySubscription | None = None
        self._put, self._taken = trio.open_memory_channel[OrderRequest](MOST_WAITING)

    @property
    def pending(self) -> tuple[OrderRequest, ...]:
        """Intents taken over and not settled yet, oldest first."""
        return tuple(self._trades.open.values())

    # The engine

    def submit(self, intents: list[OrderRequest]) -> None:
        """Take intents over; each ends in a fill or an execution report."""
        for intent in intents:
            self._trades.take(intent)
            self._unsent[intent.intent_id] = intent
            if self._queue is None:
                self._end([intent], Outcome.CANCELLED, f"the chain executor was not running: {NOT_SENT}")
                continue
            try:
                self._put.send_nowait(intent)
                self._turns.line_up(intent)
            except trio.WouldBlock:
                text = f"{MOST_WAITING} intents wait already: {NOT_SENT}"
                self._end([intent], Outcome.CANCELLED, text)

    def cancel_pending(self, strategy: str | None, reason: str) -> int:
        """Cancel what was not sent yet, of one strategy or of all; returns how many. The chain ends what was sent."""
        doomed = [one for one in self._not_sent() if strategy is None or one.strategy == strategy]
        self._end(doomed, Outcome.CANCELLED, reason)
        return len(doomed)

    # Halts

    def open_orders(self, scope: str) -> Collection[str]:
        """Names of the scope's intents that are not settled yet."""
        return [name_of(intent) for intent in self._held(scope)]

    async def cancel_orders(self, scope: str, orders: Collection[str]) -> None:
        """Take back what was not sent; what was sent expires at its deadline, or is replaced if that is configured."""
        await trio.lowlevel.checkpoint()
        held = self._held(scope)
        self._end([intent for intent in self._not_sent() if intent in held], Outcome.CANCELLED, "halted")
        if self._at_halt == "replace":
            async with trio.open_nursery() as nursery:
                for intent in held:
                    for wallet in self.wallets:
                        waiting = [one for one in wallet.attempts(intent.intent_id) if one.waits]
                        if waiting and waiting[-1].signed.purpose is Purpose.TRADE:
                            nursery.start_soon(_replace, wallet, waiting[-1].hash)

    async def query_orders(self, scope: str, orders: Collection[str]) -> Mapping[str, OrderState]:
        """How these intents stand, and the scope's that are open. One that nobody can speak of is left out."""
        await trio.lowlevel.checkpoint()
        outcomes = self._records.outcomes
        found = {name: outcomes[name] for name in orders if name in outcomes}
        for intent in self._held(scope):
            if intent.intent_id in self._unsent:
                found[name_of(intent)] = OrderState.OPEN
            elif not any(wallet.is_unknown(intent.intent_id) for wallet in self.wallets):
                found[name_of(intent)] = OrderState.IN_FLIGHT
        return found

    async def flatten(self, scope: str, key: str) -> FlattenResult:
        """Nothing is held that could be sold: each trade begins and ends in a token that is kept."""
        await trio.lowlevel.checkpoint()
        return FlattenResult(closed=0, unknown=0, text="trades end in tokens that are kept: nothing to sell")

    # The service

    def take_statuses(self, statuses: Sequence[TransactionStatus]) -> None:
        """A wallet's transactions stand otherwise than before. Returns at once; the books follow in their own turn."""
        by_address = {wallet.address: wallet for wallet in self.wallets}
        for status in statuses:
            self._told[status.hash] = by_address[status.wallet]
        if self._queue is not None:
            self._queue.nudge()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Runs until cancelled; what was not sent by then is cancelled and said so, what was sent stays open."""
        with self._market_data.subscribe("chain executor") as queue:
            self._queue = queue
            try:
                async with trio.open_nursery() as nursery:
                    for _ in range(AT_ONCE):
                        nursery.start_soon(self._send_all)
                    nursery.start_soon(self._unfinished.finish, self.wallets)
                    task_status.started()
                    while True:
                        for message in await self.read(queue):
                            self._take(message)
                        self._book_told()
            finally:
                self._queue = None
                self.cancel_pending(None, f"the chain executor was stopped: {NOT_SENT}")

    async def _send_all(self) -> None:
        async for intent in self._taken:
            async with self._turns.take(intent, self.wallets) as wallet:
                if intent.intent_id not in self._unsent:
                    continue
                if wallet is None:
                    text = f"its pools are under way in transactions of several wallets: {NOT_SENT}"
                    self._end([intent], Outcome.CANCELLED, text)
                else:
                    await self._send(intent, wallet)

    async def _send(self, intent: OrderRequest, wallet: LiveWallet) -> None:
        """Send one intent, or say why not."""
        try:
            plan = await self._maker.make(
                intent, sender=wallet.address, executor=wallet.executor, head=self._clock.head
            )
            if intent.intent_id not in self._unsent:
                return
            if not self._gate_open(intent.halt_epoch):
                self._end([intent], Outcome.CANCELLED, f"a halt came before it was signed: {NOT_SENT}")
                return
            self._leaving.add(intent.intent_id)
            try:
                await wallet.sender.send(plan)
                self._unsent.pop(intent.intent_id, None)
            finally:
                self._leaving.discard(intent.intent_id)
        except SimulationRefused as refused:
            self._end([intent], Outcome.LOST, f"{NOT_SENT}: {refused}")
        except (SendRefused, SigningRefused, SignerUnreachable, SigningRecordError, NodeError, JournalError) as error:
            self._end([intent], Outcome.CANCELLED, f"{NOT_SENT}: {error}")

    def _take(self, message: object) -> None:
        self._clock.take(message)
        if isinstance(message, ChainReorganised) and message.chain_id == self._clock.chain_id:
            self._undo(message)
        self._history.apply(message)

    def _undo(self, event: ChainReorganised) -> None:
        """Ends on orphaned blocks are taken back; their transactions are looked at again. What was not sent is void."""
        revoked = self._booking.orphaned(event.ancestor_number)
        orphaned = [intent for intent in self._not_sent() if intent.block_number > event.ancestor_number]
        now_ns = self._now_ns()
        told = BlocksOrphaned.of(
            event, self._run_number(), cancelled=len(orphaned), revoked=len(revoked), heard_ns=now_ns
        )
        self._records.write([told, *revoked])
        text = f"the block that it saw was orphaned: the chain went on from block {event.ancestor_number}"
        self._end(orphaned, Outcome.ORPHANED, text)
        for wallet in self.wallets:
            self._told.update((record.hash, wallet) for record in wallet.book if record.state is TransactionState.MINED)

    def _book_told(self) -> None:
        """Book what is known of transactions that were told of; those whose block is still to come wait for it."""
        for transaction_hash, wallet in tuple(self._told.items()):
            record = wallet.book.find(transaction_hash)
            if record is not None and self._awaits_block(record):
                continue
            del self._told[transaction_hash]
            if record is not None:
                self._book(wallet, record)

    def _awaits_block(self, record: TransactionRecord) -> bool:
        """Whether the books have still to take in the block that a transaction stands in."""
        number, block_hash = record.block_number, record.block_hash
        return number is not None and block_hash is not None and self._clock.awaits(number, block_hash)

    def _book(self, wallet: LiveWallet, record: TransactionRecord) -> None:
        if record.state in (TransactionState.MINED, TransactionState.SETTLED):
            receipt = wallet.sender.receipt_of(record.hash)
            if receipt is not None:
                self._book_receipt(record, receipt)
            self._on_block(wallet, record)
            return
        self._records.write(self._booking.unmined(record.signed))
        if record.state is TransactionState.UNKNOWN:
            self._doubt(record)
        elif record.state.ended:
            self._give_up(wallet, record)

    def _book_receipt(self, record: TransactionRecord, receipt: Receipt) -> None:
        intent = None if record.signed.intent_id is None else self._trades.open.get(record.signed.intent_id)
        written = self._booking.mined(record.signed, receipt)
        self._records.write(written)
        self._booking.forget_final()
        if written and intent is not None and not receipt.succeeded and record.signed.purpose is Purpose.TRADE:
            self._on_failed(intent, record, receipt)

    def _give_up(self, wallet: LiveWallet, record: TransactionRecord) -> None:
        """A trade has ended unmined if each of its attempts has, and no other transaction of its intent is mined."""
        intent = None if record.signed.intent_id is None else self._trades.open.get(record.signed.intent_id)
        if intent is None or intent.intent_id in self._leaving or wallet.attempts(intent.intent_id):
            return
        siblings = wallet.book.at(record.nonce)
        if any(one.state is TransactionState.SETTLED and one.signed.intent_id == intent.intent_id for one in siblings):
            return
        self._end([intent], Outcome.LOST, f"never mined: {record.text}")

    def _doubt(self, record: TransactionRecord) -> None:
        """Nobody can say what became of a transaction: its trade stays open, and a person is told, once."""
        if record.hash in self._doubted:
            return
        self._doubted.add(record.hash)
        unknown = sum(one.state is TransactionState.UNKNOWN for wallet in self.wallets for one in wallet.book)
        self._records.write(
            [
                RiskAlert(
                    severity=Severity.CRITICAL,
                    scope="global",
                    rule="transactions known",
                    value=unknown,
                    limit=0,
                    unit="transactions",
                    text=f"0x{record.hash.hex()}, number {record.nonce}: its outcome is unknown, and it counts as open",
                    raised_ns=self._now_ns(),
                )
            ]
        )

    def _end(self, intents: Iterable[OrderRequest], outcome: Outcome, text: str) -> None:
        doomed = tuple(intents)
        for intent in doomed:
            self._unsent.pop(intent.intent_id, None)
        self._records.end(doomed, outcome, text)

    def _not_sent(self) -> list[OrderRequest]:
        """Intents of which no transaction can have left."""
        return [
            intent
            for intent_id, intent in self._unsent.items()
            if intent_id not in self._leaving and not any(wallet.attempts(intent_id) for wallet in self.wallets)
        ]

    def _held(self, scope: str) -> list[OrderRequest]:
        return [
            intent for intent in self.pending if scope_holds(scope, intent.strategy, [leg.pool for leg in intent.legs])
        ]


async def _replace(wallet: LiveWallet, transaction_hash: bytes) -> None:
    try:
        await wallet.cancel(transaction_hash)
    except (SendRefused, SigningRefused, SignerUnreachable, SigningRecordError, NodeError):
        return  # it expires at its deadline then; the halt asks again how it stands
