"""Frames of a subscription: what is a log, and what is refused as JSON or as a log."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.errors import LogRefused
from alphapulse.rules.events.rpc_log import decode_frame
from tests.rules.events.recorded_day import frame, log_objects


def test_a_frame_gives_the_log_in_it() -> None:
    """All fields of the node's object come through, from bytes and from text; the absent block hash is None."""
    source = log_objects()[0]
    log = decode_frame(frame(source))
    assert log == decode_frame(frame(source).decode())
    assert (log.address, list(log.topics), log.data) == (source["address"], source["topics"], source["data"])
    assert (log.block_number, log.log_index) == (source["blockNumber"], source["logIndex"])
    assert (log.transaction_hash, log.transaction_index) == (source["transactionHash"], source["transactionIndex"])
    assert (log.block_timestamp, log.block_hash, log.removed) == (source["blockTimestamp"], None, False)


def test_fields_that_nodes_add_are_ignored() -> None:
    source = log_objects()[0]
    assert decode_frame(frame({**source, "l1BatchNumber": None})) == decode_frame(frame(source))


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b'{"jsonrpc"', b"\xff\xfe", b'{"jsonrpc":"2.0",}', "\ud800", b'{"a":' + b"[" * 100_000, b"\x00" * 9],
)
def test_what_cannot_be_read_is_not_json(text: bytes | str) -> None:
    with pytest.raises(LogRefused) as refusal:
        decode_frame(text)
    assert refusal.value.reason == "not_json"


def _changed(**changes: Any) -> bytes:
    return frame({**log_objects()[0], **changes})


@pytest.mark.parametrize(
    "text",
    [
        b"null",
        b"[]",
        b'"log"',
        b"{}",
        b'{"jsonrpc":"2.0","id":1,"result":"0xcd0c3e8af590364c09d0fa6a1210faf5"}',
        b'{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"too many"}}',
        frame(None),
        frame({"number": "0x1", "hash": "0x2"}),
        _changed(blockNumber=None),
        _changed(blockNumber=18_937_382),
        _changed(topics=None),
        _changed(topics=[1]),
        _changed(data=None),
        _changed(removed="no"),
        frame(log_objects()[0]).replace(b"eth_subscription", b"eth_unsubscribe"),
        frame(log_objects()[0]).replace(b'"2.0"', b'"1.0"'),
        json.dumps(log_objects()[0]).encode(),
    ],
)
def test_what_says_something_else_is_not_a_log(text: bytes) -> None:
    with pytest.raises(LogRefused) as refusal:
        decode_frame(text)
    assert refusal.value.reason == "not_a_log"


@given(st.one_of(st.binary(), st.text(st.characters())))
def test_garbage_is_refused_and_nothing_else_happens(text: bytes | str) -> None:
    with pytest.raises(LogRefused) as refusal:
        decode_frame(text)
    assert refusal.value.reason in {"not_json", "not_a_log"}
