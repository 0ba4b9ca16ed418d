"""The one kind of transaction that we sign: EIP-1559 (type 2), without access list."""

from __future__ import annotations

from functools import cached_property

import attrs

from alphapulse.errors import BadTransaction
from alphapulse.rules.evm.keccak import keccak256
from alphapulse.rules.evm.rlp import rlp_bytes, rlp_joined, rlp_number
from alphapulse.rules.evm.rlp_reading import Rlp, read_number, read_rlp
from alphapulse.rules.evm.secp256k1 import HIGHEST_S, ORDER, recovered_address

TYPE = b"\x02"
NO_ACCESS_LIST = rlp_joined(())
MOST_U64 = 2**64 - 1
MOST_DATA = 49_152
"""Bytes: the longest creation code that a chain takes (EIP-3860)."""
UNSIGNED_ITEMS, SIGNED_ITEMS = 9, 12
RANGES = {
    "chain_id": (1, MOST_U64),
    "nonce": (0, MOST_U64 - 1),  # EIP-2681: the last one is never used
    "tip_wei": (0, 2**128 - 1),
    "cap_wei": (0, 2**128 - 1),
    "gas_limit": (1, MOST_U64),
    "value_wei": (0, 2**256 - 1),
}


@attrs.frozen
class DynamicFeeTransaction:
    """What is to be signed.

    Raises:
        BadTransaction: a field is out of its range, or the tip is above the cap.
    """

    chain_id: int
    nonce: int
    tip_wei: int
    """Most to the proposer, per gas."""
    cap_wei: int
    """Most in all, per gas."""
    gas_limit: int
    to: bytes
    """20 bytes; none: `data` makes a contract."""
    value_wei: int
    data: bytes

    def __attrs_post_init__(self) -> None:
        for name, (least, most) in RANGES.items():
            value = getattr(self, name)
            if type(value) is not int or not least <= value <= most:
                raise BadTransaction(f"{name}: expected a whole number from {least} to {most}, found {value!r}")
        if type(self.to) is not bytes or len(self.to) not in (0, 20):
            raise BadTransaction(f"to: expected the 20 bytes of an address, or none, found {self.to!r}")
        if type(self.data) is not bytes or len(self.data) > MOST_DATA:
            raise BadTransaction(f"data: expected at most {MOST_DATA} bytes, found others or more")
        if self.tip_wei > self.cap_wei:
            raise BadTransaction(f"tip_wei: expected at most the cap {self.cap_wei}, found {self.tip_wei}")

    @property
    def unsigned(self) -> bytes:
        """The bytes whose hash is signed."""
        return TYPE + rlp_joined(self._items())

    @cached_property
    def digest(self) -> bytes:
        """The 32 bytes that are signed."""
        return keccak256(self.unsigned)

    @property
    def most_wei(self) -> int:
        """What it can cost its sender at most: all gas at the cap, and the value."""
        return self.gas_limit * self.cap_wei + self.value_wei

    def signed(self, y_parity: int, r: int, s: int) -> SignedTransaction:
        """With its signature.

        Raises:
            BadTransaction: the numbers are no signature, or `s` is the higher of the two that fit.
        """
        if y_parity not in (0, 1) or not 0 < r < ORDER or not 0 < s <= HIGHEST_S:
            raise BadTransaction("expected a parity of 0 or 1, r and s of the curve and the lower s, found others")
        raw = TYPE + rlp_joined((*self._items(), rlp_number(y_parity), rlp_number(r), rlp_number(s)))
        return SignedTransaction(self, raw, keccak256(raw))

    def is_cancel(self, own: bytes) -> bool:
        """Whether it only uses its number up: nothing is moved, to ourselves."""
        return self.to == own and self.value_wei == 0 and not self.data

    def _items(self) -> tuple[bytes, ...]:
        return (
            rlp_number(self.chain_id),
            rlp_number(self.nonce),
            rlp_number(self.tip_wei),
            rlp_number(self.cap_wei),
            rlp_number(self.gas_limit),
            rlp_bytes(self.to),
            rlp_number(self.value_wei),
            rlp_bytes(self.data),
            NO_ACCESS_LIST,
        )


@attrs.frozen
class SignedTransaction:
    """What is sent."""

    transaction: DynamicFeeTransaction
    raw: bytes
    hash: bytes
    """By which nodes know it: 32 bytes."""


def read_unsigned(data: bytes) -> DynamicFeeTransaction:
    """The transaction whose `unsigned` bytes these are.

    Raises:
        BadTransaction: they are those of none that we sign.
    """
    return _transaction(_items_of(data, UNSIGNED_ITEMS))


def read_signed(raw: bytes) -> tuple[SignedTransaction, bytes]:
    """The transaction that was signed, and the address of who has signed it.

    Raises:
        BadTransaction: the bytes are no signed transaction of the kind that we sign, in its one encoding.
    """
    items = _items_of(raw, SIGNED_ITEMS)
    try:
        y_parity, r, s = map(read_number, items[UNSIGNED_ITEMS:])
    except ValueError as error:
        raise BadTransaction(f"the signature: {error}") from error
    transaction = _transaction(items[:UNSIGNED_ITEMS])
    signed = transaction.signed(y_parity, r, s)
    return signed, recovered_address(transaction.digest, y_parity, r, s)


def _items_of(data: bytes, count: int) -> list[Rlp]:
    if data[:1] != TYPE:
        raise BadTransaction(f"expected a transaction of type 2, found {data[:1].hex() or 'no byte'} first")
    try:
        items = read_rlp(data[1:])
    except ValueError as error:
        raise BadTransaction(f"the encoding: {error}") from error
    if not isinstance(items, list) or len(items) != count:
        found = len(items) if isinstance(items, list) else "no list"
        raise BadTransaction(f"expected a list of {count} items, found {found}")
    return items


def _transaction(items: list[Rlp]) -> DynamicFeeTransaction:
    *numbers, to, value, data, access_list = items
    if access_list != []:
        raise BadTransaction("expected an empty access list, found another item")
    if not isinstance(to, bytes) or not isinstance(data, bytes):
        raise BadTransaction("expected strings as destination and data, found a list")
    try:
        chain_id, nonce, tip, cap, gas_limit = map(read_number, numbers)
        value_wei = read_number(value)
    except ValueError as error:
        raise BadTransaction(f"a number: {error}") from error
    return DynamicFeeTransaction(chain_id, nonce, tip, cap, gas_limit, to, value_wei, data)
