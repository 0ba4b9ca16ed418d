"""What happens to a wallet's transactions, on its way to the journal, to the execution relay and to who trades."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Final

import attrs

from alphapulse.data.transactions import DataFeePaid, TransactionSigned, TransactionState, TransactionStatus
from alphapulse.data.wire import SENTENCE
from alphapulse.journal.journal import Journal
from alphapulse.relays.any_relay import AnyRelay
from alphapulse.rules.transactions.nonce_book import NonceBook
from alphapulse.rules.transactions.receipt import Receipt
from alphapulse.rules.transactions.transaction_record import TransactionRecord
from alphapulse.rules.transactions.transaction_states import Observation
from alphapulse.safety.clipped import clipped

RECEIPTS_KEPT: Final = 1_024
"""Receipts that can be asked for; the oldest are forgotten first."""

log = logging.getLogger(__name__)


@attrs.frozen
class Sight:
    """Something is seen of a transaction. `receipt` belongs to RECEIPT."""

    hash: bytes
    observation: Observation
    text: str
    receipt: Receipt | None = None


Told = TransactionStatus | DataFeePaid
"""What is written of sights."""


class WalletLog:
    """Writes down before it tells. No method waits, so nothing comes between the journal and those who are told."""

    def __init__(
        self,
        book: NonceBook,
        journal: Journal,
        execution: AnyRelay,
        on_status: Callable[[Sequence[TransactionStatus]], None],
        *,
        run: Callable[[], int],
        now_ns: Callable[[], int],
    ) -> None:
        self.book = book
        self.receipts: dict[bytes, Receipt] = {}
        self._journal = journal
        self._execution = execution
        self._on_status = on_status
        self._run = run
        self._now_ns = now_ns
        self._untold = {record.hash for record in book}

    def sign(self, signed: TransactionSigned) -> TransactionRecord:
        """A transaction is signed: its record and its number are taken in one step. It is not durable before a sync.

        Raises:
            JournalError: it cannot be written; then nothing is taken, and nothing may leave.
        """
        self._journal.append_now([signed])
        record = self.book.sign(signed)
        self._execution.publish([signed])
        return record

    def leave(self, transaction_hash: bytes) -> None:
        """Its bytes leave now."""
        record = self.book.find(transaction_hash)
        if record is not None:
            self.book.put(record.sent_once_more())

    def see(self, sights: Sequence[Sight]) -> None:
        """What is seen of transactions, in order; what changes nothing is passed over, the rest is told in one list.

        It also works with a broken journal: what a transaction has become on the chain does not depend on our disk, and
        a start finds it again.
        """
        told: list[Told] = []
        for sight in sights:
            self._see(sight, told)
        self._tell(told)

    def tell_recovered(self) -> None:
        """Tell once how those stand that a start found open, as soon as that is known; nothing is written.

        Who trades may have been stopped between our record and his own.
        """
        told: list[TransactionStatus] = []
        for known in tuple(self._untold):
            record = self.book.find(known)
            if record is not None and record.state is TransactionState.MINED and known not in self.receipts:
                continue
            self._untold.discard(known)
            if record is not None and not record.state.ended:
                told.append(record.status(self._run()))
        if told:
            self._execution.publish(told)
            self._on_status(told)

    def _see(self, sight: Sight, told: list[Told]) -> None:
        record = self.book.find(sight.hash)
        if record is None:
            return
        if sight.receipt is not None:
            self._keep(sight.receipt)
        text = clipped(sight.text, SENTENCE.limit)
        found = record.seen_as(sight.observation, text, now_ns=self._now_ns(), receipt=sight.receipt)
        if found is record:
            return
        self.book.put(found)
        self._untold.discard(found.hash)
        if sight.receipt is not None and sight.receipt.l1_fee_wei:
            told.append(self._data_fee(found.signed, sight.receipt))
        told.append(found.status(self._run()))
        log.info("0x%s, number %d: %s (%s)", found.hash.hex(), found.nonce, found.state.name.lower(), text)
        if sight.observation is Observation.ORPHANED:
            self.book.undo(found.nonce)
        if found.state is TransactionState.SETTLED:
            by = f"0x{found.hash.hex()} of the same number is final"
            for other in self.book.at(found.nonce):
                if not other.state.ended:
                    self._see(Sight(other.hash, Observation.OVERTAKEN, by), told)

    def _tell(self, told: list[Told]) -> None:
        if not told:
            return
        if self._journal.failure is None:
            self._journal.append_now(told)
        self._execution.publish(told)
        self._on_status([one for one in told if isinstance(one, TransactionStatus)])

    def _data_fee(self, signed: TransactionSigned, receipt: Receipt) -> DataFeePaid:
        return DataFeePaid(
            wallet=signed.wallet,
            chain_id=signed.chain_id,
            hash=signed.hash,
            block_hash=receipt.block_hash,
            fee_wei=receipt.l1_fee_wei,
            told_ns=self._now_ns(),
        )

    def _keep(self, receipt: Receipt) -> None:
        self.receipts.pop(receipt.hash, None)
        self.receipts[receipt.hash] = receipt
        while len(self.receipts) > RECEIPTS_KEPT:
            del self.receipts[next(iter(self.receipts))]
