"""A signer whose key is in this process."""

from __future__ import annotations

import trio

from alphapulse.journal.blocking import RunBlocking
from alphapulse.rules.evm.transaction import DynamicFeeTransaction, SignedTransaction
from alphapulse.signing.guarded_key import GuardedKey
from alphapulse.signing.signer import SignerKind


class LocalSigner:
    """A `Signer` over a guarded key. Signatures are made one after the other, in a thread: each waits for the disk."""

    def __init__(self, key: GuardedKey, kind: SignerKind, *, run_blocking: RunBlocking) -> None:
        self._key = key
        self._kind = kind
        self._run_blocking = run_blocking
        self._one_at_a_time = trio.CapacityLimiter(1)

    @property
    def address(self) -> bytes:
        """The account."""
        return self._key.address

    @property
    def kind(self) -> SignerKind:
        """Where the key came from."""
        return self._kind

    async def sign(self, transaction: DynamicFeeTransaction, *, halt_epoch: int) -> SignedTransaction:
        """As `Signer.sign`; the key is always reachable."""
        return await self._run_blocking(self._key.sign, transaction, halt_epoch, limiter=self._one_at_a_time)
