"""Error texts as nodes and providers write them, and what they mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.rules.nodes.rpc_faults import FaultKind, fault_kind, offered_range

LOGS, CALL, SEND = "eth_getLogs", "eth_call", "eth_sendRawTransaction"

TEXTS: list[tuple[str, int, str, FaultKind]] = [
    (LOGS, -32005, "query returned more than 10000 results", FaultKind.RANGE_TOO_WIDE),
    (LOGS, -32602, "query returned more than 10000 results. Try with [0x1, 0x2].", FaultKind.RANGE_TOO_WIDE),
    (LOGS, -32602, "range 1000000 exceeds limit of 10000", FaultKind.RANGE_TOO_WIDE),
    (LOGS, -32602, "invalid params range 9009594 is bigger than range limit 2000", FaultKind.RANGE_TOO_WIDE),
    (LOGS, -32614, "eth_getLogs is limited to a 10,000 range", FaultKind.RANGE_TOO_WIDE),
    (LOGS, -32614, "eth_getLogs and eth_newFilter are limited to a 10,000 blocks range", FaultKind.RANGE_TOO_WIDE),
    (LOGS, -32600, "You can make eth_getLogs requests with up to a 500 block range.", FaultKind.RANGE_TOO_WIDE),
    (LOGS, -32602, "Based on your parameters, this block range should work: [0x2710, 0x2903]", FaultKind.UNKNOWN),
    (LOGS, -32602, "Log response size exceeded. You can make requests with a 2K block range", FaultKind.RANGE_TOO_WIDE),
    (LOGS, -32000, "block range is larger than max block range, block range = 5120", FaultKind.RANGE_TOO_WIDE),
    (LOGS, -32000, "exceed maximum block range: 5000", FaultKind.RANGE_TOO_WIDE),
    (LOGS, -32000, "block range is too wide", FaultKind.RANGE_TOO_WIDE),
    (LOGS, -32062, "Block range is too large", FaultKind.RANGE_TOO_WIDE),
    (LOGS, -32005, "limit exceeded", FaultKind.RANGE_TOO_WIDE),
    (LOGS, -32000, "query exceeds max results 20000, retry with the range 100-200", FaultKind.RANGE_TOO_WIDE),
    (LOGS, -32602, "query exceeds max block range 1000", FaultKind.RANGE_TOO_WIDE),
    (LOGS, -32000, "query timeout exceeded", FaultKind.RANGE_TOO_WIDE),
    (LOGS, -32005, "daily request count exceeded, request rate limited", FaultKind.RATE_LIMITED),
    (CALL, -32005, "limit exceeded", FaultKind.RATE_LIMITED),
    (CALL, 429, "Your app has exceeded its compute units per second capacity.", FaultKind.RATE_LIMITED),
    (CALL, -32007, "50/second request limit reached - reduce calls per second", FaultKind.RATE_LIMITED),
    (CALL, -32029, "no words that are known", FaultKind.RATE_LIMITED),
    (CALL, -32000, "Too Many Requests", FaultKind.RATE_LIMITED),
    (LOGS, -32000, "unknown block", FaultKind.BLOCK_UNKNOWN),
    (CALL, -32000, "header not found", FaultKind.BLOCK_UNKNOWN),
    (CALL, -32001, "block not found: 0x12", FaultKind.BLOCK_UNKNOWN),
    (CALL, -32000, "hash 0xab is not currently canonical", FaultKind.BLOCK_UNKNOWN),
    (CALL, -32000, "missing trie node ab (path ) state 0x12 is not available", FaultKind.STATE_MISSING),
    (CALL, -32000, "required historical state unavailable (reexec=128)", FaultKind.STATE_MISSING),
    ("eth_simulateV1", -32601, "the method eth_simulateV1 does not exist/is not available", FaultKind.METHOD_MISSING),
    ("eth_foo", -32602, "data did not match any variant of untagged enum EthRpcCall", FaultKind.METHOD_MISSING),
    (CALL, 3, "execution reverted: rate limit exceeded, block range too large", FaultKind.REVERTED),
    (CALL, -32000, "execution reverted", FaultKind.REVERTED),
    (CALL, -32015, "VM execution error. Reverted 0x08c379a0", FaultKind.REVERTED),
    (CALL, -32000, "invalid opcode: INVALID", FaultKind.REVERTED),
    (CALL, -32000, "out of gas", FaultKind.OUT_OF_GAS),
    (CALL, -32602, "missing value for required argument 0", FaultKind.BAD_REQUEST),
    (SEND, -32000, "already known", FaultKind.ALREADY_KNOWN),
    (SEND, -32003, "transaction already imported", FaultKind.ALREADY_KNOWN),
    (SEND, -32010, "Transaction with the same hash was already imported.", FaultKind.ALREADY_KNOWN),
    (SEND, -32000, "INTERNAL_ERROR: existing tx with same hash", FaultKind.ALREADY_KNOWN),
    (SEND, -32003, "nonce too low", FaultKind.NONCE_TOO_LOW),
    (SEND, -32010, "Transaction nonce is too low. Try incrementing the nonce.", FaultKind.NONCE_TOO_LOW),
    (SEND, -32000, "OldNonce", FaultKind.NONCE_TOO_LOW),
    (SEND, -32000, "nonce too high", FaultKind.NONCE_TOO_HIGH),
    (SEND, -32003, "replacement transaction underpriced", FaultKind.REPLACEMENT_UNDERPRICED),
    (SEND, -32000, "transaction underpriced: gas tip cap 1, minimum needed 25000000000", FaultKind.UNDERPRICED),
    (SEND, -32003, "max fee per gas less than block base fee", FaultKind.FEE_BELOW_BASE),
    (SEND, -32003, "Insufficient funds for gas * price + value", FaultKind.INSUFFICIENT_FUNDS),
    (SEND, -32000, "intrinsic gas too low", FaultKind.INVALID_TRANSACTION),
    (SEND, -32003, "invalid chain id for signer", FaultKind.INVALID_TRANSACTION),
    (SEND, -32000, "exceeds block gas limit", FaultKind.INVALID_TRANSACTION),
    (SEND, -32000, "txpool is full", FaultKind.POOL_FULL),
    (SEND, -32603, "internal error", FaultKind.UNKNOWN),
    (CALL, -32000, "", FaultKind.UNKNOWN),
]  # fmt: skip


@pytest.mark.parametrize(("method", "code", "text", "kind"), TEXTS)
def test_the_texts_of_nodes_and_providers(method: str, code: int, text: str, kind: FaultKind) -> None:
    assert fault_kind(method, code, text) is kind
    assert fault_kind(method, code, text.upper()) is kind


def test_a_range_is_the_matter_of_log_queries_only() -> None:
    assert fault_kind(CALL, -32602, "range 1000000 exceeds limit of 10000") is not FaultKind.RANGE_TOO_WIDE


@given(st.sampled_from([LOGS, CALL, SEND, "eth_foo"]), st.integers(), st.text(max_size=4_000))
def test_any_text_has_a_kind(method: str, code: int, text: str) -> None:
    assert fault_kind(method, code, text) in FaultKind


def test_a_long_text_is_read_at_its_beginning() -> None:
    """What a stranger writes must not cost more than what it is worth."""
    assert fault_kind(CALL, 0, "x" * 1_000_000 + "header not found") is FaultKind.UNKNOWN
    assert fault_kind(LOGS, 0, "block " * 500_000) is FaultKind.UNKNOWN


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("this block range should work: [0x2710, 0x2903]", (10_000, 10_499)),
        ("Try with this block range [100,200].", (100, 200)),
        ("[0x5, 0x2]", None),
        ("no range", None),
        ("[0x1234567890abcdef0, 0x2]", None),
    ],
)
def test_the_range_that_is_offered(text: str, offered: tuple[int, int] | None) -> None:
    assert offered_range(text) == offered
