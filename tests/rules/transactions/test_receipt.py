"""Receipts of nodes."""

from __future__ import annotations

import msgspec
import pytest

from alphapulse.errors import AnswerRefused
from alphapulse.rules.transactions.receipt import Receipt, ReceiptLog, RpcReceipt, read_receipt
from tests.rules.transactions.signed_samples import EXECUTOR, hash_of


def hexed(data: bytes) -> str:
    return "0x" + data.hex()


def told(**changes: object) -> RpcReceipt:
    """A receipt as a node writes it, with more than is read."""
    log = {
        "address": hexed(EXECUTOR),
        "topics": [hexed(hash_of("topic"))],
        "data": "0x0102",
        "logIndex": "0x5",
        "removed": False,
    }
    plain = {
        "transactionHash": hexed(hash_of("a")),
        "transactionIndex": "0x3",
        "blockHash": hexed(hash_of("block 110")),
        "blockNumber": "0x6e",
        "status": "0x1",
        "gasUsed": "0x249f0",
        "effectiveGasPrice": "0x9502f9000",
        "logs": [log],
        "cumulativeGasUsed": "0x1",
        "from": "0x",
    }
    return msgspec.convert(plain | changes, RpcReceipt)


def test_a_receipt_is_read_with_its_logs() -> None:
    """Gas at the effective price is what it cost; on a rollup the fee for its data comes to it."""
    log = ReceiptLog(EXECUTOR, (hash_of("topic"),), b"\x01\x02", 5)
    expected = Receipt(hash_of("a"), 110, hash_of("block 110"), 3, True, 150_000, 40 * 10**9, (log,))
    assert read_receipt(told(), hash_of("a")) == expected
    assert expected.cost_wei == 150_000 * 40 * 10**9
    rollup = read_receipt(told(status="0x0", l1Fee="0x64"), hash_of("a"))
    assert (rollup.cost_wei, rollup.succeeded) == (expected.cost_wei + 100, False)


@pytest.mark.parametrize(
    "changes",
    [
        {"transactionHash": hexed(hash_of("b"))},
        {"status": "0x2"},
        {"gasUsed": "150000"},
        {"effectiveGasPrice": "0x" + "f" * 33},
        {"blockHash": "0x01"},
        {"blockNumber": "-0x1"},
        {"logs": [{"address": "0x01", "topics": [], "data": "0x", "logIndex": "0x0"}]},
        {"logs": [{"address": hexed(EXECUTOR), "topics": [], "data": "0x0", "logIndex": "0x0"}]},
        {"logs": [{"address": hexed(EXECUTOR), "topics": [], "data": "", "logIndex": "0x0"}]},
    ],
)
def test_what_is_no_receipt_of_it_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(AnswerRefused):
        read_receipt(told(**changes), hash_of("a"))
