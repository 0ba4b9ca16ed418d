"""Who signs for an account, wherever its key is."""

from __future__ import annotations

import enum
from typing import Protocol

from alphapulse.rules.evm.transaction import DynamicFeeTransaction, SignedTransaction


class SignerKind(enum.Enum):
    """Where the key is."""

    KEYSTORE = "keystore"
    """In this process, from an encrypted file."""
    ENVIRONMENT = "environment"
    """In this process, from a variable that others of this user can read."""
    REMOTE = "remote"
    """In a process of its own."""


class Signer(Protocol):
    """Signs for one account, within its limits."""

    @property
    def address(self) -> bytes:
        """The account: 20 bytes."""
        ...

    @property
    def kind(self) -> SignerKind:
        """Where its key is."""
        ...

    async def sign(self, transaction: DynamicFeeTransaction, *, halt_epoch: int) -> SignedTransaction:
        """The transaction with the account's signature. The same one gives the same bytes again.

        Args:
            transaction: what to sign. Its number is used up: nothing else is signed for it, but with a tenth more on
                both fees.
            halt_epoch: under which the trade was approved.

        Raises:
            SigningRefused: a limit, a halt or what was signed before forbids it. Nothing was signed.
            SignerUnreachable: no answer came. Ask again with the same transaction.
            SigningRecordError: what is signed cannot be written down, so nothing is.
        """
        ...
