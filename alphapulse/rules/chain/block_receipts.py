"""A block's logs proved complete: its receipts, as `eth_getBlockReceipts` gives them, make the root in its header."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from alphapulse.errors import AnswerRefused
from alphapulse.rules.chain.asks import AskLogs
from alphapulse.rules.chain.log_filter import LogFilter
from alphapulse.rules.events.hex_text import read_bytes
from alphapulse.rules.events.rpc_log import RpcLog
from alphapulse.rules.evm.bloom import bloom_of
from alphapulse.rules.evm.ordered_trie import ordered_root
from alphapulse.rules.evm.rlp import rlp_bytes, rlp_joined, rlp_list, rlp_number

NOBODY = "0x" + "00" * 20


class ReceiptLog(msgspec.Struct, frozen=True, gc=False):
    """What a receipt's root says of a log; where it stands follows from the receipts' order."""

    address: str
    topics: tuple[str, ...]
    data: str


class RpcReceipt(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A receipt in JSON; fields that are not listed are not read."""

    transaction_hash: str
    logs: tuple[ReceiptLog, ...]
    cumulative_gas_used: str | None = None
    type: str | None = None
    status: str | None = None
    root: str | None = None
    """Of the state, in place of a status before Byzantium."""
    from_: str | None = msgspec.field(name="from", default=None)
    to: str | None = None
    deposit_nonce: str | None = None
    deposit_receipt_version: str | None = None
    """Both are part of a deposit's receipt on Optimism's chains, since their upgrade Canyon."""


def proved_logs(ask: AskLogs, receipts: Sequence[RpcReceipt], wanted: LogFilter) -> list[RpcLog]:
    """The block's logs that the filter lets through, from receipts that make the root in the ask.

    Polygon tells of a transaction of its own, from nobody to nobody, that may be in no root: it is left out then.

    Raises:
        AnswerRefused: they are no receipts, or do not make that root.
    """
    ordinary = [one for one in receipts if not one.from_ == one.to == NOBODY]
    try:
        chosen = next((some for some in (receipts, ordinary) if _root(some) == ask.receipts_root), None)
        found = None if chosen is None else _logs(ask, chosen, wanted)
    except ValueError as error:
        raise AnswerRefused("receipts", f"expected receipts, found a part that is none: {error}") from error
    if found is None:
        problem = f"{len(receipts)} receipts of block {ask.number} do not make the root in its header"
        raise AnswerRefused("receipts", problem)
    return found


def _logs(ask: AskLogs, receipts: Sequence[RpcReceipt], wanted: LogFilter) -> list[RpcLog]:
    """What is proved is the bytes: the text is written anew, so that nobody reads another thing into it."""
    found: list[RpcLog] = []
    index = 0
    for place, receipt in enumerate(receipts):
        transaction_hash = read_bytes(receipt.transaction_hash, 32, "a transaction hash")
        for log in receipt.logs:
            emitter, topics = _raw(log.address), [_raw(topic) for topic in log.topics]
            if wanted.lets_through(emitter, topics):
                found.append(
                    RpcLog(
                        _text(emitter),
                        tuple(map(_text, topics)),
                        _text(_raw(log.data)),
                        hex(ask.number),
                        _text(transaction_hash),
                        hex(place),
                        hex(index),
                        block_hash=_text(ask.hash),
                    )
                )
            index += 1
    return found


def _root(receipts: Sequence[RpcReceipt]) -> bytes:
    return ordered_root([_encoded(receipt) for receipt in receipts])


def _encoded(receipt: RpcReceipt) -> bytes:
    """A receipt as its trie holds it (EIP-2718, EIP-658)."""
    logs = [(_raw(log.address), [_raw(topic) for topic in log.topics], _raw(log.data)) for log in receipt.logs]
    bloom = bloom_of((emitter, topics) for emitter, topics, _ in logs)
    status = rlp_bytes(_raw(receipt.root or "")) if receipt.status is None else _number(receipt.status)
    parts = [
        status,
        _number(receipt.cumulative_gas_used or "0x0"),
        rlp_bytes(bloom),
        rlp_joined(rlp_joined((rlp_bytes(who), rlp_list(topics), rlp_bytes(data))) for who, topics, data in logs),
    ]
    if receipt.deposit_receipt_version is not None:
        parts += [_number(receipt.deposit_nonce or ""), _number(receipt.deposit_receipt_version)]
    kind = int(receipt.type or "0x0", 16)
    if not 0 <= kind <= 0x7F:
        raise ValueError(f"no kind of transaction is {kind}")
    return (bytes((kind,)) if kind else b"") + rlp_joined(parts)


def _raw(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def _text(value: bytes) -> str:
    return f"0x{value.hex()}"


def _number(text: str) -> bytes:
    value = int(text, 16)
    if value < 0:
        raise ValueError(f"no quantity is {value}")
    return rlp_number(value)
