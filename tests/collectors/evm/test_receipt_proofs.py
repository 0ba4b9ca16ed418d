"""When blocks are proved by their receipts, and when it is left."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest

from alphapulse.collectors.evm.receipt_proofs import (
    ATTEMPTS,
    LONGEST_REST,
    SHORTEST_REST,
    UNPROVED_IN_A_ROW,
    ReceiptProofs,
)
from alphapulse.errors import AnswerRefused, AnswerTooLarge, NodeFault, NoNode, RpcError
from alphapulse.rules.chain.asks import AskLogs
from alphapulse.rules.chain.block_receipts import ReceiptLog, RpcReceipt
from alphapulse.rules.chain.log_filter import LogFilter
from alphapulse.rules.evm.ordered_trie import ordered_root
from alphapulse.rules.nodes.rpc_call import RpcCall

RECEIPT = RpcReceipt("0x" + "11" * 32, (ReceiptLog("0x" + "22" * 20, ("0x" + "33" * 32,), "0x"),), "0x1", "0x0", "0x1")
BROKEN = NodeFault("one", "it answered with status 503")
NOWHERE = NoNode("model", "nobody can be asked")
LARGE = AnswerTooLarge("one", "its answer has more than 1 byte")


class Nodes:
    """Says what it is told to, and what it was asked."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, Sequence[Any]]] = []

    async def call(self, method: str, params: Sequence[Any] = (), **_: Any) -> Any:
        self.asked.append((method, params))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def batch(self, calls: Sequence[RpcCall]) -> list[Any]:
        raise AssertionError(f"one block's receipts are one call, these were asked for together: {calls}")


def _ask(number: int) -> AskLogs:
    """A block of this one receipt."""
    root = bytes.fromhex("a3a9a1dedbe897eafbcb774fa5c81f528c0c42af380c154105a6838084995f97")
    return AskLogs(number, number.to_bytes(32, "big"), root)


def _proofs(*answers: Any) -> tuple[ReceiptProofs, Nodes]:
    nodes = Nodes(*answers)
    return ReceiptProofs(nodes, LogFilter(())), nodes


async def _proving(*answers: Any) -> tuple[ReceiptProofs, Nodes]:
    """The first block has been proved."""
    proofs, nodes = _proofs([RECEIPT], *answers)
    assert proofs.may_prove(_ask(1))
    assert await proofs.logs_of(_ask(1)) is not None
    assert proofs.proving
    return proofs, nodes


async def test_a_block_is_proved_by_one_question_by_its_hash() -> None:
    proofs, nodes = await _proving()
    assert nodes.asked == [("eth_getBlockReceipts", ("0x" + (1).to_bytes(32, "big").hex(),))]
    assert not proofs.may_prove(AskLogs(2, bytes(32))), "nobody knows what its receipts have to be"


async def test_where_it_does_not_go_it_is_tried_ever_more_seldom() -> None:
    """A provider without the method, or a chain whose roots are made otherwise, costs no question a block."""
    missing = RpcError("one", "eth_getBlockReceipts", kind="method_missing", code=-32601, text="method not found")
    proofs, _ = _proofs(*[missing, [], BROKEN] * 10)
    tried = []
    for number in range(4 * LONGEST_REST):
        if proofs.may_prove(_ask(number)):
            tried.append(number)
            assert await proofs.logs_of(_ask(number)) is None
    gaps = [after - before - 1 for before, after in pairwise(tried)]
    assert gaps[:4] == [SHORTEST_REST, 2 * SHORTEST_REST, 4 * SHORTEST_REST, 8 * SHORTEST_REST]
    assert gaps[-1] == LONGEST_REST


async def test_an_empty_block_shows_nothing() -> None:
    """Its root is that of nothing on every chain."""
    proofs, _ = _proofs([])
    assert await proofs.logs_of(AskLogs(1, bytes(32), ordered_root([]))) == []
    assert not proofs.proving


async def test_a_block_that_is_not_proved_is_asked_for_again_before_it_is_done_without() -> None:
    """Lies and faults are refused a few times; then the next block is tried all the same."""
    proofs, _ = await _proving([], BROKEN, [RECEIPT] * 2, [], [RECEIPT])
    for _ in range(ATTEMPTS - 1):
        with pytest.raises((AnswerRefused, NodeFault)):
            await proofs.logs_of(_ask(2))
    assert await proofs.logs_of(_ask(2)) is None
    assert proofs.may_prove(_ask(3))
    assert await proofs.logs_of(_ask(3)) is not None


async def test_what_nobody_has_says_nothing_against_proofs() -> None:
    """A block may be gone by now, or a node lag. One that is too large is not asked for again."""
    unknown = RpcError("one", "eth_getBlockReceipts", kind="block_unknown", code=-32000, text="unknown block")
    proofs, _ = await _proving(*[NOWHERE, None, unknown, None] * 10, LARGE, [RECEIPT])
    for number in range(2, 12):
        for _ in range(ATTEMPTS - 1):
            with pytest.raises((NoNode, AnswerRefused, RpcError)):
                await proofs.logs_of(_ask(number))
        assert await proofs.logs_of(_ask(number)) is None
    assert await proofs.logs_of(_ask(12)) is None
    assert await proofs.logs_of(_ask(13)) is not None


async def test_a_chain_that_changes_its_ways_is_done_without_proofs() -> None:
    """Some blocks in a row that nothing proves, and it is left for a while."""
    proofs, nodes = await _proving(*[[]] * 100)
    number = 2
    while proofs.proving:
        for _ in range(ATTEMPTS - 1):
            with pytest.raises(AnswerRefused):
                await proofs.logs_of(_ask(number))
        assert await proofs.logs_of(_ask(number)) is None
        number += 1
    assert number - 2 == UNPROVED_IN_A_ROW
    asked = len(nodes.asked)
    assert [proofs.may_prove(_ask(number)) for _ in range(SHORTEST_REST + 1)] == [False] * SHORTEST_REST + [True]
    assert len(nodes.asked) == asked
