"""A wallet that trades: its sender, the contract that it owns, and what its operator sees of it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from alphapulse.data.transactions import TransactionState
from alphapulse.execution.chain.transaction_plan import TransactionPlan
from alphapulse.rules.evm.transaction import SignedTransaction
from alphapulse.rules.transactions.nonce_book import NonceBook
from alphapulse.rules.transactions.receipt import Receipt
from alphapulse.rules.transactions.transaction_record import TransactionRecord


class TransactionSender(Protocol):
    """What a wallet needs of a `Sender`."""

    @property
    def wallet(self) -> bytes:
        """The account."""

    @property
    def chain_id(self) -> int:
        """Where it sends."""

    @property
    def next_nonce(self) -> int:
        """The number of the next transaction."""

    @property
    def mined_nonce(self) -> int | None:
        """The number that the chain waits for."""

    @property
    def problem(self) -> str | None:
        """What keeps it from sending."""

    async def send(self, plan: TransactionPlan, /) -> SignedTransaction:
        """Sign, journal and send. Raises SendRefused and others; then nothing has left."""

    async def bump(self, tx_hash: bytes, /) -> SignedTransaction:
        """Send it again for higher fees."""

    async def cancel(self, tx_hash: bytes, /) -> SignedTransaction:
        """Put a transfer of nothing in its place."""

    async def fill_gap(self, nonce: int, /) -> SignedTransaction:
        """Use a number up."""

    def receipt_of(self, tx_hash: bytes, /) -> Receipt | None:
        """The receipt of what is mined."""


class LiveWallet:
    """One account with its executor. `book` is the one that its sender keeps.

    Raises of `bump`, `cancel` and `fill_gap` are those of the sender. `balance_wei` is what the last look has found.
    """

    def __init__(
        self, name: str, executor: bytes, signer_kind: str, sender: TransactionSender, book: NonceBook
    ) -> None:
        self.name = name
        self.executor = executor
        self.signer_kind = signer_kind
        self.sender = sender
        self.book = book
        self.balance_wei: int | None = None
        self.as_of_block: int | None = None

    @property
    def address(self) -> bytes:
        """The account that signs."""
        return self.sender.wallet

    @property
    def chain_id(self) -> int:
        """Where it trades."""
        return self.sender.chain_id

    @property
    def next_nonce(self) -> int:
        """The number of the next transaction."""
        return self.sender.next_nonce

    @property
    def mined_nonce(self) -> int | None:
        """The number that the chain waits for; None until it is known."""
        return self.sender.mined_nonce

    @property
    def gaps(self) -> Collection[int]:
        """Numbers that nothing has, though later ones are taken."""
        return self.book.gaps

    @property
    def problem(self) -> str | None:
        """What keeps it from trading."""
        return self.sender.problem

    def attempts(self, intent_id: int) -> list[TransactionRecord]:
        """The transactions of a trade that have not ended, oldest first."""
        return [record for record in self.book if record.signed.intent_id == intent_id]

    def is_unknown(self, intent_id: int) -> bool:
        """Whether nobody can say what became of a trade."""
        attempts = self.attempts(intent_id)
        return any(one.state is TransactionState.UNKNOWN for one in attempts) and not any(
            one.state is TransactionState.MINED for one in attempts
        )

    async def bump(self, tx_hash: bytes, /) -> SignedTransaction:
        """Send that transaction again for higher fees."""
        return await self.sender.bump(tx_hash)

    async def cancel(self, tx_hash: bytes, /) -> SignedTransaction:
        """Put a transfer of nothing to ourselves in its place."""
        return await self.sender.cancel(tx_hash)

    async def fill_gap(self, nonce: int, /) -> SignedTransaction:
        """Use a number up that no transaction has."""
        return await self.sender.fill_gap(nonce)
