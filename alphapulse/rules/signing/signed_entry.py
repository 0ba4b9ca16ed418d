"""One number of an account and what was last signed for it, as the signer's record keeps it: 128 bytes."""

from __future__ import annotations

import hashlib
import struct
from typing import Self

import attrs

from alphapulse.rules.evm.transaction import DynamicFeeTransaction
from alphapulse.rules.transactions.fees import BUMP_PERCENT

SIZE = 128
"""Of a record: a disk writes it whole, as it never lies across two sectors."""
_FIELDS = struct.Struct(">Q16s16sQ?IQ32s")
"""Number, tip, cap, gas limit, moves nothing, signatures, time, digest."""
_SUM_SIZE = 16
EMPTY = bytes(SIZE)
MOST_SIGNATURES = 2**32 - 1


@attrs.frozen
class SignedEntry:
    """What was signed for a number."""

    nonce: int
    tip_wei: int
    cap_wei: int
    gas_limit: int
    is_cancel: bool
    signatures: int
    """How many different transactions of this number were signed; this is the last."""
    signed_ns: int
    digest: bytes

    @classmethod
    def of(cls, transaction: DynamicFeeTransaction, own: bytes, now_ns: int, before: SignedEntry | None) -> Self:
        """What is kept of a transaction behind `before`, the one that it replaces."""
        return cls(
            nonce=transaction.nonce,
            tip_wei=transaction.tip_wei,
            cap_wei=transaction.cap_wei,
            gas_limit=transaction.gas_limit,
            is_cancel=transaction.is_cancel(own),
            signatures=1 if before is None else min(before.signatures + 1, MOST_SIGNATURES),
            signed_ns=now_ns,
            digest=transaction.digest,
        )

    @property
    def most_wei(self) -> int:
        """What it can cost at most."""
        return self.gas_limit * self.cap_wei

    def may_be_replaced_by(self, transaction: DynamicFeeTransaction) -> bool:
        """Whether it offers a tenth more on both fees, so that only one of the two can be mined, and nodes take it."""
        fees = ((self.tip_wei, transaction.tip_wei), (self.cap_wei, transaction.cap_wei))
        return all(new > old and new * 100 >= old * BUMP_PERCENT for old, new in fees)

    def packed(self) -> bytes:
        """128 bytes, with a checksum."""
        fields = _FIELDS.pack(
            self.nonce,
            self.tip_wei.to_bytes(16, "big"),
            self.cap_wei.to_bytes(16, "big"),
            self.gas_limit,
            self.is_cancel,
            self.signatures,
            self.signed_ns,
            self.digest,
        )
        return sealed(fields)

    @classmethod
    def unpacked(cls, data: bytes) -> Self | None:
        """The entry that was packed; None for zeros.

        Raises:
            ValueError: these are not the bytes that were written.
        """
        if data == EMPTY:
            return None
        nonce, tip, cap, gas_limit, is_cancel, signatures, signed_ns, digest = _FIELDS.unpack(
            unsealed(data)[: _FIELDS.size]
        )
        fees = int.from_bytes(tip, "big"), int.from_bytes(cap, "big")
        return cls(nonce, *fees, gas_limit, is_cancel, signatures, signed_ns, digest)


def sealed(content: bytes) -> bytes:
    """At most 112 bytes with their checksum: 128 bytes."""
    padded = content.ljust(SIZE - _SUM_SIZE, b"\0")
    return padded + hashlib.sha256(padded).digest()[:_SUM_SIZE]


def unsealed(data: bytes) -> bytes:
    """The 112 bytes that were sealed. Raises ValueError if these are not they."""
    padded, found = data[:-_SUM_SIZE], data[-_SUM_SIZE:]
    if len(data) != SIZE or hashlib.sha256(padded).digest()[:_SUM_SIZE] != found:
        raise ValueError(f"expected {SIZE} bytes as they were written, found others")
    return padded
