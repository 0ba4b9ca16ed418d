"""What this life of the process knows of each attempt beside its record: when it left, and what nodes said of it."""

from __future__ import annotations

import attrs

from alphapulse.rules.transactions.nonce_book import NonceBook
from alphapulse.rules.transactions.transaction_record import TransactionRecord
from alphapulse.rules.transactions.upkeep import Standing


@attrs.define
class Attempt:
    """One attempt. `under_way`: it waits for a courier, or one has it. The rest is as in `Standing`."""

    signed_at: int | None = None
    sent_ns: int | None = None
    sent_at: int | None = None
    """The head when its bytes left last."""
    under_way: bool = False
    absent: bool = False
    underpaid: bool = False
    refused: bool = False
    recovered: bool = False
    unsure: bool = False
    """It is in a block, which may have been taken back without a word."""
    most_cap_wei: int | None = None
    """The most per gas that a replacement of it may offer, beside the caps."""
    asked_s: float = 0
    """When its receipt was asked for last."""


class Attempts:
    """Those of one wallet that are not ended, by their hashes."""

    def __init__(self, book: NonceBook) -> None:
        """Those of `book` a start has found in the journal."""
        self._known = {record.hash: Attempt(recovered=True) for record in book.waiting}

    def of(self, transaction_hash: bytes) -> Attempt:
        """What is known of that one."""
        return self._known.setdefault(transaction_hash, Attempt())

    def forget_ended(self, book: NonceBook) -> None:
        """What is not open any more is forgotten."""
        open_now = {record.hash for record in book}
        self._known = {known: attempt for known, attempt in self._known.items() if known in open_now}

    def standing(self, record: TransactionRecord, *, capped: bool = False) -> Standing:
        """How it stands, for `due`."""
        attempt = self.of(record.hash)
        return Standing(
            record,
            attempt.signed_at,
            attempt.sent_ns,
            absent=attempt.absent,
            underpaid=attempt.underpaid,
            refused=attempt.refused,
            recovered=attempt.recovered,
            capped=capped,
        )
