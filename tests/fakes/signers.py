"""Keys and signers of tests."""

from __future__ import annotations

from alphapulse.rules.evm.transaction import DynamicFeeTransaction, SignedTransaction
from alphapulse.signing.signer import SignerKind
from alphapulse.signing.signing_key import SigningKey

SCALAR = bytes(range(1, 33))
"""A key that everybody knows."""


class FreeSigner:
    """Signs whatever it is asked to, at once, and counts."""

    def __init__(self, scalar: bytes = SCALAR) -> None:
        self._key = SigningKey(scalar)
        self.address = self._key.address
        self.kind = SignerKind.KEYSTORE
        self.signed: list[DynamicFeeTransaction] = []

    async def sign(self, transaction: DynamicFeeTransaction, *, halt_epoch: int) -> SignedTransaction:
        self.signed.append(transaction)
        return self._key.sign(transaction)
