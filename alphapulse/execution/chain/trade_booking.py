"""From the receipts of trades to what is booked, and from orphaned ones to what is taken back."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from alphapulse.data.execution import ExecutionReport, Fill, OrderRequest, Outcome, Settlement
from alphapulse.data.instruments import InstrumentId
from alphapulse.data.log_stamp import BLOCK_END
from alphapulse.data.orphans import SettlementRevoked
from alphapulse.data.pools import Pool
from alphapulse.data.signals import Leg
from alphapulse.data.transactions import Purpose, TransactionSigned
from alphapulse.errors import AnswerRefused
from alphapulse.execution.chain.block_clock import BlockClock
from alphapulse.rules.accounting.undoable_trades import UndoableTrade, UndoableTrades
from alphapulse.rules.arbitrage.path import PathStep
from alphapulse.rules.arbitrage.repricing import reprice
from alphapulse.rules.books.pool_history import PoolHistory
from alphapulse.rules.execution.gas_value import GasValue
from alphapulse.rules.execution.receipt_amounts import actual_legs, token_change
from alphapulse.rules.execution.settlement import failure_of, fill_of
from alphapulse.rules.transactions.receipt import Receipt

log = logging.getLogger(__name__)

Booked = tuple[bytes, bytes]
"""Hash of the transaction and of its block, on which an end rests."""


class TradeBooking:
    """What the books say of mined trades. It writes nothing itself: who asks journals and publishes.

    Each trade's end rests on one transaction in one block; whatever else is seen of it takes that end back first.
    """

    def __init__(
        self,
        pools: Mapping[InstrumentId, Pool],
        history: PoolHistory,
        gas: GasValue,
        clock: BlockClock,
        trades: UndoableTrades,
        *,
        now_ns: Callable[[], int],
    ) -> None:
        self._pools = pools
        self._history = history
        self._gas = gas
        self._clock = clock
        self._trades = trades
        self._now_ns = now_ns
        self._booked: dict[int, Booked] = {}

    def gas_cost(self, intent: OrderRequest, gas_wei: int, block_number: int | None = None) -> int | None:
        """Wei in the intent's profit token, rounded up: at the end of a block, by default at the newest states."""
        number = self._clock.complete_through if block_number is None else block_number
        place = (number, BLOCK_END)
        return self._gas.cost(intent, gas_wei, max(number, 0), lambda pool: self._history.state_at(pool, place))

    def mined(self, signed: TransactionSigned, receipt: Receipt) -> list[Settlement | SettlementRevoked]:
        """What is to be written of a transaction in a block: nothing if it is booked already."""
        intent_id = signed.intent_id
        if intent_id is None:
            return []
        written: list[Settlement | SettlementRevoked] = []
        intent = self._trades.open.get(intent_id)
        if intent is None:
            ended = self._trades.ended(intent_id)
            if ended is None or self._booked.get(intent_id) == (receipt.hash, receipt.block_hash):
                return []
            intent = ended.intent
            settlement = self._settlement(intent, signed, receipt)
            if intent_id not in self._booked and _same(ended.settlement, settlement):
                self._booked[intent_id] = receipt.hash, receipt.block_hash
                return []
            written.append(self._taken_back(ended, "its transaction stands in another block"))
        else:
            settlement = self._settlement(intent, signed, receipt)
        self._booked[intent_id] = receipt.hash, receipt.block_hash
        written.append(settlement)
        return written

    def unmined(self, signed: TransactionSigned) -> list[SettlementRevoked]:
        """What is to be written of a transaction that is in no block any more."""
        ended = None if signed.intent_id is None else self._trades.ended(signed.intent_id)
        if ended is None or signed.intent_id is None:
            return []
        booked = self._booked.get(signed.intent_id)
        if booked is not None and booked[0] != signed.hash:
            return []
        self._booked.pop(signed.intent_id, None)
        return [self._taken_back(ended, "its block was taken back")]

    def orphaned(self, ancestor_number: int) -> list[SettlementRevoked]:
        """What is to be written when the chain goes on from that block."""
        ended = self._trades.orphaned_ends(self._clock.chain_id, ancestor_number)
        for trade in ended:
            self._booked.pop(trade.intent.intent_id, None)
        text = f"orphaned: the chain went on from block {ancestor_number}"
        return [self._taken_back(trade, text, ancestor_number) for trade in ended]

    def forget_final(self) -> None:
        """Drop what no reorganisation can take back any more."""
        final = [intent_id for intent_id in self._booked if self._trades.ended(intent_id) is None]
        for intent_id in final:
            if intent_id not in self._trades.open:
                del self._booked[intent_id]

    def _taken_back(self, trade: UndoableTrade, text: str, ancestor_number: int | None = None) -> SettlementRevoked:
        ancestor = trade.settlement.block_number - 1 if ancestor_number is None else ancestor_number
        return SettlementRevoked.of(
            trade.intent,
            trade.settlement,
            max(ancestor, 0),
            times=trade.times + 1,
            text=text,
            revoked_ns=self._now_ns(),
            reopened=True,
        )

    def _settlement(self, intent: OrderRequest, signed: TransactionSigned, receipt: Receipt) -> Settlement:
        number = receipt.block_number
        time_ns = self._clock.time_ns(number) or intent.venue_time_ns
        gas_cost = self.gas_cost(intent, receipt.cost_wei, number) or 0
        if receipt.succeeded and signed.purpose is Purpose.TRADE:
            earned = token_change(receipt.logs, intent.profit_token, signed.wallet)
            legs = self._legs(intent, receipt, time_ns)
            return fill_of(
                intent,
                receipt,
                legs,
                earned=earned,
                gas_cost=gas_cost,
                venue_time_ns=time_ns,
                filled_ns=self._now_ns(),
            )
        replaced = signed.purpose is not Purpose.TRADE
        name = f"0x{receipt.hash.hex()}"
        text = f"in its place {name} was mined, a transfer of nothing" if replaced else f"undone on the chain: {name}"
        return failure_of(
            intent,
            Outcome.CANCELLED if replaced else Outcome.REVERTED,
            receipt,
            gas_cost=gas_cost,
            text=text,
            venue_time_ns=time_ns,
            reported_ns=self._now_ns(),
        )

    def _legs(self, intent: OrderRequest, receipt: Receipt, time_ns: int) -> tuple[Leg, ...]:
        """Each leg as it was done; as it was planned where the receipt does not say it."""
        try:
            return actual_legs(intent, self._pools, receipt, venue_time_ns=time_ns, steps=self._before(intent, receipt))
        except AnswerRefused:
            log.exception("the legs of intent %d are booked as they were planned", intent.intent_id)
            return intent.legs

    def _before(self, intent: OrderRequest, receipt: Receipt) -> tuple[PathStep, ...] | None:
        """What the path does directly before the transaction, by the books; None if they do not reach back so far."""
        first = min((entry.log_index for entry in receipt.logs), default=0)
        place = (receipt.block_number, first - 1)
        legs = []
        for leg in intent.legs:
            pool, state = self._pools.get(leg.pool), self._history.state_at(leg.pool, place)
            if pool is None or state is None:
                return None
            legs.append((pool, state, leg))
        return reprice(legs, intent.size)


def _same(one: Settlement, other: Settlement) -> bool:
    """Whether two ends of a trade rest on the same receipt, as far as they say."""
    if isinstance(one, Fill) and isinstance(other, Fill):
        return (one.assumption, one.block_number) == (other.assumption, other.block_number)
    if isinstance(one, ExecutionReport) and isinstance(other, ExecutionReport):
        return (one.text, one.block_number) == (other.text, other.block_number)
    return False
