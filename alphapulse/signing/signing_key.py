"""The private key of an account. Nothing shows it, and nothing takes it out but what seals it in a keystore."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn, Self

from alphapulse.errors import KeystoreError
from alphapulse.rules.evm.checksum import checksum_address
from alphapulse.rules.evm.personal_message import personal_digest
from alphapulse.rules.evm.secp256k1 import ORDER, SCALAR_SIZE, address_of
from alphapulse.rules.evm.transaction import DynamicFeeTransaction, SignedTransaction
from alphapulse.secret import Secret

PARITY_FROM = 27
"""What is added to the parity in signatures of texts, as Bitcoin's clients once did."""


class SigningKey:
    """A key on secp256k1. Its repr is its address."""

    __slots__ = ("_key", "_shown", "address")

    def __init__(self, scalar: bytes) -> None:
        """Raises KeystoreError unless these are 32 bytes of a number between 0 and the order of the curve."""
        if len(scalar) != SCALAR_SIZE or not 0 < int.from_bytes(scalar, "big") < ORDER:
            raise KeystoreError("expected a key of 32 bytes between 0 and the order of the curve, found another")
        from coincurve import PrivateKey  # noqa: PLC0415 - a daemon that trades on paper has no key

        self._shown = Secret(scalar.hex())
        """While the key lives, texts are masked of it."""
        self._key = PrivateKey(scalar)
        self.address = address_of(self._key.public_key.format(compressed=False))
        """The account: 20 bytes."""

    @classmethod
    def made(cls, chance: Callable[[int], bytes]) -> Self:
        """A new one. `chance` gives so many bytes that nobody can foretell."""
        while not 0 < int.from_bytes(scalar := chance(SCALAR_SIZE), "big") < ORDER:
            continue  # once in 10^38 times it lies beyond the order of the curve
        return cls(scalar)

    @classmethod
    def from_text(cls, text: Secret) -> Self:
        """From 64 hex digits, with or without 0x. Raises KeystoreError; the message does not repeat them."""
        digits = text.reveal().strip().removeprefix("0x")
        try:
            scalar = bytes.fromhex(digits)
        except ValueError:
            # Not chained: the error's own text repeats what was found.
            raise KeystoreError("expected a key as 64 hex digits, found other characters") from None
        if len(digits) != 2 * SCALAR_SIZE:
            raise KeystoreError(f"expected a key as 64 hex digits, found {len(digits)} characters")
        return cls(scalar)

    def sign(self, transaction: DynamicFeeTransaction) -> SignedTransaction:
        """With this key's signature, which is always the same for the same transaction (RFC 6979)."""
        signature = self._key.sign_recoverable(transaction.digest, hasher=None)
        r, s = (int.from_bytes(signature[start : start + SCALAR_SIZE], "big") for start in (0, SCALAR_SIZE))
        return transaction.signed(signature[2 * SCALAR_SIZE], r, s)

    def sign_text(self, text: bytes) -> bytes:
        """The signature of a text (EIP-191), which is none of any transaction: r, s, and 27 or 28; 65 bytes."""
        signature = self._key.sign_recoverable(personal_digest(text), hasher=None)
        return signature[:-1] + bytes((PARITY_FROM + signature[-1],))

    def reveal(self) -> bytes:
        """The key itself: to seal it in a keystore, and for nothing else."""
        return self._key.secret

    def __repr__(self) -> str:
        # One that is not made yet has no address: an error on the way may be shown with its values.
        own: bytes | None = getattr(self, "address", None)
        return "SigningKey()" if own is None else f"SigningKey({checksum_address(own)})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("expected a value that may be copied or written, was a key; it stays where it is")
