"""A block's header as a node tells it, read strictly."""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from alphapulse.errors import AnswerRefused, LogRefused
from alphapulse.rules.events.hex_text import read_block_hash, read_block_number, read_bytes, read_time_ns, shown
from alphapulse.rules.evm.bloom import BLOOM_BYTES
from alphapulse.rules.evm.keccak import keccak256
from alphapulse.rules.evm.rlp import rlp_list

HASHED: Final = (
    ("parent_hash", False),
    ("sha3_uncles", False),
    ("miner", False),
    ("state_root", False),
    ("transactions_root", False),
    ("receipts_root", False),
    ("logs_bloom", False),
    ("difficulty", True),
    ("number", True),
    ("gas_limit", True),
    ("gas_used", True),
    ("timestamp", True),
    ("extra_data", False),
    ("mix_hash", False),
    ("nonce", False),
    ("base_fee_per_gas", True),
    ("withdrawals_root", False),
    ("blob_gas_used", True),
    ("excess_blob_gas", True),
    ("parent_beacon_block_root", False),
    ("requests_hash", False),
)
"""What a header's hash is made of, in order, and whether it is a number (execution-specs, `Header`)."""

ALWAYS: Final = 15
"""So many of them every header has; the others came with later forks."""


class Header(NamedTuple):
    """What is used of a header. `venue_time_ns` is the block's timestamp; `base_fee_wei` None before EIP-1559.

    `receipts_root` is empty where the node does not tell it.
    """

    number: int
    hash: bytes
    parent_hash: bytes
    venue_time_ns: int
    bloom: bytes
    base_fee_wei: int | None = None
    receipts_root: bytes = b""


class RpcHeader(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A header in JSON; fields that are not listed are not read, whatever they hold."""

    number: str
    hash: str
    parent_hash: str
    timestamp: str
    logs_bloom: str
    base_fee_per_gas: str | None = None
    # What only its hash is made of.
    sha3_uncles: str | None = None
    miner: str | None = None
    state_root: str | None = None
    transactions_root: str | None = None
    receipts_root: str | None = None
    difficulty: str | None = None
    gas_limit: str | None = None
    gas_used: str | None = None
    extra_data: str | None = None
    mix_hash: str | None = None
    nonce: str | None = None
    withdrawals_root: str | None = None
    blob_gas_used: str | None = None
    excess_blob_gas: str | None = None
    parent_beacon_block_root: str | None = None
    requests_hash: str | None = None


def header_of(raw: RpcHeader) -> Header:
    """The header that a node's text stands for.

    Raises:
        AnswerRefused: a number or a hash is none.
    """
    try:
        return Header(
            read_block_number(raw.number),
            read_block_hash(raw.hash),
            read_block_hash(raw.parent_hash),
            read_time_ns(raw.timestamp),
            read_bytes(raw.logs_bloom, BLOOM_BYTES, "a header's bloom"),
            None if raw.base_fee_per_gas is None else _quantity(raw.base_fee_per_gas),
            b"" if raw.receipts_root is None else read_bytes(raw.receipts_root, 32, "a root of receipts"),
        )
    except LogRefused as refusal:
        raise AnswerRefused("header", f"expected a header, found a part that is none: {refusal}") from refusal


class HeaderReader:
    """Reads the headers of one chain. If they prove themselves by their hashes, one that does not is refused.

    Most chains hash a header's fields as Ethereum does. On others a header is believed as it is.
    """

    def __init__(self) -> None:
        self.proving = False
        """True once a header of the chain has been proved by its hash: then each must be."""

    def learn(self, raw: RpcHeader) -> None:
        """A header of the chain, by which it is seen whether they can be proved."""
        self.proving = self.proving or header_hash(raw) == header_of(raw).hash

    def read(self, raw: RpcHeader) -> Header:
        """The header.

        Raises:
            AnswerRefused: `header` if it is none, `header_hash` if what it says is not what its hash was made of.
        """
        header = header_of(raw)
        if self.proving and header_hash(raw) != header.hash:
            raise AnswerRefused("header_hash", f"the fields of header {header.number} do not make its hash")
        return header


def header_hash(raw: RpcHeader) -> bytes | None:
    """The hash of a header's fields as Ethereum makes it; None where fields are missing that every header has."""
    fields: list[bytes] = []
    for name, is_number in HASHED:
        text: str | None = getattr(raw, name)
        if text is None:
            if len(fields) < ALWAYS:
                return None
            continue
        digits = text.removeprefix("0x")
        try:
            value = bytes.fromhex(digits if len(digits) % 2 == 0 else f"0{digits}")
        except ValueError:
            return None
        fields.append(value.lstrip(b"\0") if is_number else value)
    return keccak256(rlp_list(fields))


def _quantity(text: str) -> int:
    digits = text[2:]
    if text[:2] != "0x" or not digits or len(digits) > 64 or any(d not in "0123456789abcdefABCDEF" for d in digits):
        raise AnswerRefused("header", f"expected a base fee of 0x and hex digits, found {shown(text)}")
    return int(digits, 16)
