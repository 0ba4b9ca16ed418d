"""A transaction's receipt as nodes tell it, read strictly. Pure."""

from __future__ import annotations

import attrs
import msgspec

from alphapulse.errors import AnswerRefused, LogRefused
from alphapulse.rules.events.hex_text import (
    MAX_UINT64,
    MAX_UINT128,
    read_block_hash,
    read_block_number,
    read_bytes,
    read_index,
    read_quantity,
    shown,
)

ADDRESS_BYTES = 20
LONGEST_LOG_BYTES = 1 << 20
"""More than a block's gas pays for in one log of a path."""


class RpcReceiptLog(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A log of a receipt in JSON."""

    address: str
    topics: list[str]
    data: str
    log_index: str


class RpcReceipt(msgspec.Struct, frozen=True, rename="camel"):
    """A receipt in JSON; what is not listed is not read. `l1_fee` is told by rollups that post their data elsewhere."""

    transaction_hash: str
    transaction_index: str
    block_hash: str
    block_number: str
    status: str
    gas_used: str
    effective_gas_price: str
    logs: list[RpcReceiptLog]
    l1_fee: str | None = None


@attrs.frozen
class ReceiptLog:
    """What a contract said: `address` 20 bytes, topics of 32 bytes each."""

    address: bytes
    topics: tuple[bytes, ...]
    data: bytes
    log_index: int


@attrs.frozen
class Receipt:
    """What a block did with a transaction. `succeeded` is False if it was undone; its gas is paid either way."""

    hash: bytes
    block_number: int
    block_hash: bytes
    transaction_index: int
    succeeded: bool
    gas_used: int
    gas_price_wei: int
    """What was really paid for each gas: base fee and tip."""
    logs: tuple[ReceiptLog, ...]
    l1_fee_wei: int = 0
    """Paid beside the gas on a rollup; 0 where there is no such fee."""

    @property
    def cost_wei(self) -> int:
        """All that the transaction has cost its sender, apart from what it carried."""
        return self.gas_used * self.gas_price_wei + self.l1_fee_wei


def read_receipt(found: RpcReceipt, transaction_hash: bytes) -> Receipt:
    """The receipt of that transaction.

    Raises:
        AnswerRefused: it is another one's, or its texts are not what they must be.
    """
    try:
        receipt = Receipt(
            hash=read_block_hash(found.transaction_hash),
            block_number=read_block_number(found.block_number),
            block_hash=read_block_hash(found.block_hash),
            transaction_index=read_index(found.transaction_index),
            succeeded=_succeeded(found.status),
            gas_used=read_quantity(found.gas_used, MAX_UINT64, "gas"),
            gas_price_wei=read_quantity(found.effective_gas_price, MAX_UINT128, "a gas price"),
            logs=tuple(_log(one) for one in found.logs),
            l1_fee_wei=0 if found.l1_fee is None else read_quantity(found.l1_fee, MAX_UINT128, "a fee"),
        )
    except LogRefused as refused:
        raise AnswerRefused("receipt", str(refused)) from refused
    if receipt.hash != transaction_hash:
        raise AnswerRefused("receipt", f"expected that of 0x{transaction_hash.hex()}, found 0x{receipt.hash.hex()}")
    return receipt


def _succeeded(text: str) -> bool:
    if text not in ("0x0", "0x1"):
        raise LogRefused("status", f"expected 0x0 or 0x1, found {shown(text)}")
    return text == "0x1"


def _log(found: RpcReceiptLog) -> ReceiptLog:
    size = (len(found.data) - 2) // 2
    if not 0 <= size <= LONGEST_LOG_BYTES:
        raise LogRefused("data", f"expected at most {LONGEST_LOG_BYTES} bytes of a log, found {size}")
    return ReceiptLog(
        address=read_bytes(found.address, ADDRESS_BYTES, "address"),
        topics=tuple(read_bytes(topic, 32, "topic") for topic in found.topics),
        data=read_bytes(found.data, size, "data"),
        log_index=read_index(found.log_index),
    )
