"""Receipts prove a block's logs: real blocks by the roots in their headers, and whatever is changed is refused."""

from __future__ import annotations

import gzip
import json
from typing import Any

import msgspec
import pytest

from alphapulse.errors import AnswerRefused
from alphapulse.rules.chain.asks import AskLogs
from alphapulse.rules.chain.block_receipts import ReceiptLog, RpcReceipt, proved_logs
from alphapulse.rules.chain.log_filter import LogFilter
from alphapulse.rules.events.uniswap_v2 import SYNC_TOPIC
from alphapulse.rules.evm.ordered_trie import ordered_root
from tests.collectors.evm.pool_tables import BLOCKS

EVERYTHING = LogFilter(())
BASE, POLYGON, CRONOS = (
    f"{name}.receipts.json.gz" for name in ("base-8453_2000000", "polygon-137_20000000", "cronos-25_6542")
)
CANYON = "0x1"


def block(name: str) -> tuple[AskLogs, list[RpcReceipt], list[dict[str, Any]]]:
    """What is to be proved of a block, its receipts, and its logs as the node told them."""
    document = json.loads(gzip.decompress((BLOCKS / name).read_bytes()))
    head, receipts = document["block"], document["receipts"]
    number, block_hash, root = head["number"], head["hash"], head["receiptsRoot"]
    ask = AskLogs(int(number, 16), bytes.fromhex(block_hash[2:]), bytes.fromhex(root[2:]))
    logs = [log for one in receipts for log in one["logs"]]
    return ask, msgspec.convert(receipts, list[RpcReceipt]), logs


@pytest.mark.parametrize(("name", "logs"), [(BASE, 49), (POLYGON, 672)])
def test_real_receipts_prove_every_log_at_its_place(name: str, logs: int) -> None:
    """Deposits of Base and typed transactions; Polygon's own transaction, which comes last, stands in no root."""
    ask, receipts, told = block(name)
    found = proved_logs(ask, receipts, EVERYTHING)
    assert len(found) == logs
    for log, one in zip(found, told[:logs], strict=True):
        assert log.block_hash == f"0x{ask.hash.hex()}"
        for field in ("address", "data", "blockNumber", "transactionHash", "transactionIndex", "logIndex"):
            assert msgspec.to_builtins(log)[field] == one[field]
        assert list(log.topics) == one["topics"]


def test_only_wanted_logs_are_given_and_text_is_written_anew() -> None:
    """Blanks that a reader of hex forgives would make a right log one that cannot be read."""
    ask, receipts, told = block(POLYGON)
    syncs = proved_logs(ask, receipts, LogFilter([bytes.fromhex(SYNC_TOPIC[2:])]))
    assert len(syncs) == sum(log["topics"][:1] == [SYNC_TOPIC] for log in told) > 0
    pool = bytes.fromhex(syncs[0].address[2:])
    assert {log.address for log in proved_logs(ask, receipts, LogFilter((), [pool]))} == {syncs[0].address}
    spaced = [
        msgspec.structs.replace(
            one, logs=tuple(ReceiptLog(log.address, log.topics, f"0x {log.data[2:].upper()}") for log in one.logs)
        )
        for one in receipts
    ]
    assert proved_logs(ask, spaced, EVERYTHING) == proved_logs(ask, receipts, EVERYTHING)


def test_whatever_is_missing_or_changed_is_refused() -> None:
    ask, receipts, _ = block(BASE)
    at = next(place for place, one in enumerate(receipts) if len(one.logs) > 1)
    one, log = receipts[at], receipts[at].logs[0]

    def changed(**fields: Any) -> list[RpcReceipt]:
        return [*receipts[:at], msgspec.structs.replace(one, **fields), *receipts[at + 1 :]]

    lies = {
        "a log is missing": changed(logs=one.logs[:-1]),
        "another order": changed(logs=one.logs[::-1]),
        "a log twice": changed(logs=(*one.logs, log)),
        "another amount": changed(logs=(ReceiptLog(log.address, log.topics, log.data[:-1] + "7"), *one.logs[1:])),
        "another emitter": changed(logs=(ReceiptLog("0x" + "12" * 20, log.topics, log.data), *one.logs[1:])),
        "another status": changed(status="0x0"),
        "another kind": changed(type="0x1"),
        "a receipt is missing": receipts[:-1],
        "receipts in another order": receipts[::-1],
        "nothing": [],
        "no hex": changed(logs=(ReceiptLog("0xzz", log.topics, log.data), *one.logs[1:])),
        "no quantity": changed(cumulative_gas_used="-1"),
        "no kind": changed(type="0x100"),
        "no transaction": changed(transaction_hash="0x12"),
    }
    for lie, told in lies.items():
        with pytest.raises(AnswerRefused) as refusal:
            proved_logs(ask, told, EVERYTHING)
        assert refusal.value.reason == "receipts", lie


def test_a_chain_that_keeps_no_root_of_its_receipts_proves_nothing() -> None:
    """Cronos writes the root of nothing into each header."""
    ask, receipts, _ = block(CRONOS)
    assert ask.receipts_root == ordered_root([])
    with pytest.raises(AnswerRefused, match="3 receipts of block 6542 do not make the root"):
        proved_logs(ask, receipts, EVERYTHING)


def test_a_deposit_since_canyon_has_its_nonce_in_the_root() -> None:
    """Without it, as in blocks before, the root is another one."""
    ask, receipts, _ = block(BASE)
    deposit = msgspec.structs.replace(receipts[0], deposit_nonce="0x1e8480", deposit_receipt_version=CANYON)
    with pytest.raises(AnswerRefused):
        proved_logs(ask, [deposit, *receipts[1:]], EVERYTHING)
