"""A wallet that trades, as its operator sees it and lays hands on it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from alphapulse.rules.evm.transaction import SignedTransaction


class OperatedWallet(Protocol):
    """What pages and commands need of a live wallet. Attributes are read without waiting.

    Each act sends another transaction and returns it once that is in the journal and about to leave. They raise
    SendRefused (NoSuchTransaction where it is none of this wallet's), SigningRefused, SignerUnreachable,
    SigningRecordError or JournalError, and then nothing has left.
    """

    @property
    def name(self) -> str:
        """Its table in the configuration."""

    @property
    def address(self) -> bytes:
        """The account that signs, 20 bytes."""

    @property
    def chain_id(self) -> int:
        """Where it trades."""

    @property
    def executor(self) -> bytes:
        """The contract that it owns, 20 bytes."""

    @property
    def signer_kind(self) -> str:
        """Where the key is: `keystore`, `remote` or `environment`."""

    @property
    def next_nonce(self) -> int:
        """The number of the next transaction."""

    @property
    def mined_nonce(self) -> int | None:
        """The number that the chain waits for; None until it is known."""

    @property
    def gaps(self) -> Collection[int]:
        """Numbers that nothing has, though later ones are taken."""

    @property
    def balance_wei(self) -> int | None:
        """What it has of the chain's coin, as far as it was asked."""

    @property
    def as_of_block(self) -> int | None:
        """At which block that was."""

    @property
    def problem(self) -> str | None:
        """What keeps it from trading."""

    async def bump(self, tx_hash: bytes, /) -> SignedTransaction:
        """Send that transaction again for higher fees."""

    async def cancel(self, tx_hash: bytes, /) -> SignedTransaction:
        """Put a transfer of nothing to ourselves in its place."""

    async def fill_gap(self, nonce: int, /) -> SignedTransaction:
        """Use a number up that no transaction has."""
