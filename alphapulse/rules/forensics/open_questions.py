"""Trades that were undone on a chain and not looked into yet, as a journal tells them. Pure."""

from __future__ import annotations

from typing import Any, Final, TypeVar

from alphapulse.data.execution import ExecutionReport, Fill, OrderRequest, Outcome
from alphapulse.data.orphans import SettlementRevoked
from alphapulse.data.transactions import FailureFinding, Purpose, TransactionSigned, TransactionStatus
from alphapulse.rules.forensics.own_trades import OwnTrades, seen_state
from alphapulse.rules.transactions.transaction_record import TransactionRecord

K = TypeVar("K", int, bytes)

KEPT: Final = 1_024
"""Transactions that are remembered. Full: the oldest are forgotten, of which nothing was asked for long."""
MOST_ASKED: Final = 32
"""Questions that a start asks again, the newest."""

Question = tuple[OrderRequest, TransactionRecord]
"""A trade, and the transaction of it that was mined and undone."""


class OpenQuestions:
    """Folded from intents, their transactions and ends, and what was found of these. `trades` is folded with them."""

    def __init__(self) -> None:
        self.trades = OwnTrades()
        self._records: dict[bytes, TransactionRecord] = {}
        self._undone: dict[int, None] = {}

    def take(self, message: object) -> None:
        """Fold one message; what is about no trade on a chain is passed over."""
        self.trades.take(message)
        match message:
            case TransactionSigned(purpose=Purpose.TRADE):
                self._records[message.hash] = TransactionRecord.of(message)
                _forget_oldest(self._records)
            case TransactionStatus():
                if (known := self._records.get(message.hash)) is not None:
                    self._records[message.hash] = known.told(message)
            case ExecutionReport(outcome=Outcome.REVERTED):
                self._undone[message.intent_id] = None
                _forget_oldest(self._undone)
            case Fill() | ExecutionReport() | SettlementRevoked() | FailureFinding():
                self._undone.pop(message.intent_id, None)

    def is_ours(self, transaction: bytes) -> bool:
        """Whether a hash is that of a trade of ours, as far as it is remembered."""
        return transaction in self._records

    def is_sized_with(self, transaction: bytes, intent: OrderRequest) -> bool:
        """Whether a hash is that of a trade of ours on the very state that `intent` saw."""
        record = self._records.get(transaction)
        other = None if record is None or record.signed.intent_id is None else self.trades.find(record.signed.intent_id)
        return other is not None and seen_state(other) == seen_state(intent)

    def questions(self) -> list[Question]:
        """The newest trades whose failure was never explained, oldest first."""
        mined = {record.signed.intent_id: record for record in self._records.values() if record.block_hash is not None}
        asked = [
            (intent, mined[intent_id])
            for intent_id in self._undone
            if intent_id in mined and (intent := self.trades.find(intent_id)) is not None
        ]
        return asked[-MOST_ASKED:]


def _forget_oldest(kept: dict[K, Any]) -> None:
    while len(kept) > KEPT:
        del kept[next(iter(kept))]
