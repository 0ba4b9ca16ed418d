"""A signer whose key is in this process."""

from __future__ import annotations

import trio

from alphapulse.rules.evm.transaction import DynamicFeeTransaction, SignedTransaction
from alphapulse.signing.guarded_key import GuardedKey
from alphapulse.signing.signer import SignerKind


class LocalSigner:
    """A `Signer` over a guarded key that waits for no disk, so that it signs in the loop: a tenth of a millisecond."""

    def __init__(self, key: GuardedKey, kind: SignerKind) -> None:
        self._key = key
        self._kind = kind

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
        await trio.lowlevel.checkpoint_if_cancelled()
        signed = self._key.sign(transaction, halt_epoch)
        await trio.lowlevel.cancel_shielded_checkpoint()
        return signed
