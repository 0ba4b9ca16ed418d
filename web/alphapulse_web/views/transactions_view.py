"""Transactions as they stand, newest first, for pages that show them live."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import trio

from alphapulse.data.transactions import TransactionSigned, TransactionState, TransactionStatus
from alphapulse.rules.transactions.transaction_record import TransactionRecord
from alphapulse_web.api.transaction_shapes import LatestTransactions, TransactionView
from alphapulse_web.views.transaction_shape import transaction_shape

LATEST = 100
"""Ended ones that are shown beside the open ones."""
KEPT = 1_000
"""Transactions kept. Full: the oldest that has ended is forgotten, the oldest of all if none has."""


class TransactionsView:
    """Folds what is signed and how it stands into one record for each hash."""

    def __init__(self) -> None:
        self._records: dict[bytes, TransactionRecord] = {}
        self._news = trio.Event()

    def restore(self, records: Iterable[TransactionRecord]) -> None:
        """What the ledger knows, oldest first. What was heard meanwhile stands as it was heard."""
        self._records = {record.hash: record for record in records} | self._records
        self._forget()

    def apply(self, message: object) -> None:
        """Take a message of the execution relay in."""
        if isinstance(message, TransactionSigned):
            self._records.setdefault(message.hash, TransactionRecord.of(message))
            self._forget()
        elif isinstance(message, TransactionStatus) and (known := self._records.get(message.hash)) is not None:
            self._records[message.hash] = known.told(message)
        else:
            return
        self._news.set()
        self._news = trio.Event()

    async def wait_known(self, tx_hash: bytes) -> TransactionRecord:
        """The transaction of that hash, as soon as it was heard of."""
        while (known := self._records.get(tx_hash)) is None:
            await self._news.wait()
        return known

    def latest(self, names: Mapping[bytes, str]) -> LatestTransactions:
        """Every open one and the newest that have ended; `names` are those of the wallets."""
        in_blocks = {_place(one): one.hash for one in self._records.values() if one.block_hash is not None}
        shown: list[TransactionView] = []
        ended = 0
        for record in reversed(self._records.values()):
            ended += record.state.ended
            if not record.state.ended or ended <= LATEST:
                instead = in_blocks.get(_place(record)) if record.state is TransactionState.REPLACED else None
                shown.append(transaction_shape(record, names, instead))
        return LatestTransactions(transactions=shown)

    def open_of(self, wallet: bytes, chain_id: int) -> int:
        """How many of a wallet's transactions have not ended."""
        return sum(
            not one.state.ended and (one.signed.wallet, one.signed.chain_id) == (wallet, chain_id)
            for one in self._records.values()
        )

    def _forget(self) -> None:
        while len(self._records) > KEPT:
            oldest = next((one for one in self._records.values() if one.state.ended), None)
            del self._records[oldest.hash if oldest is not None else next(iter(self._records))]


def _place(record: TransactionRecord) -> tuple[int, bytes, int]:
    return record.signed.chain_id, record.signed.wallet, record.nonce
