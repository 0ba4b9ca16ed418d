"""Asks all nodes how a wallet's transactions stand: one request a node, whatever there is to ask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from alphapulse.connections.node_pool import NodePool
from alphapulse.errors import AnswerRefused, LogRefused, NodeError
from alphapulse.rules.events.hex_text import MAX_UINT64, read_quantity
from alphapulse.rules.nodes.rpc_call import RpcCall
from alphapulse.rules.transactions.look_tally import Look, Told, tally
from alphapulse.rules.transactions.receipt import Receipt, RpcReceipt, read_receipt

LIMIT_S: Final = 4
"""A node that takes longer has said nothing: two others are enough, and what it knows is asked for again."""


class _Known(msgspec.Struct, frozen=True):
    """A transaction in JSON; only that there is one is of interest."""

    hash: str


async def look(nodes: NodePool, wallet: bytes, receipts: Sequence[bytes], known: Sequence[bytes]) -> Look:
    """How many transactions the wallet has in the chain, receipts of some, and whether others are known at all.

    It is always the count of `latest` that is asked: what nodes call pending counts transactions behind gaps, and those
    that they have dropped.
    """
    count = RpcCall("eth_getTransactionCount", (f"0x{wallet.hex()}", "latest"), str)
    calls = [count, RpcCall("eth_blockNumber", (), str)]
    calls += [RpcCall("eth_getTransactionReceipt", (f"0x{one.hex()}",), RpcReceipt | None) for one in receipts]
    calls += [RpcCall("eth_getTransactionByHash", (f"0x{one.hex()}",), _Known | None) for one in known]
    answers = await nodes.batch_each(calls, limit_s=LIMIT_S)
    told = [_told(found, receipts, known) for found in answers.values() if not isinstance(found, NodeError)]
    return tally(told, len(answers))


def _told(answers: list[Any], receipts: Sequence[bytes], known: Sequence[bytes]) -> Told:
    count, head, *others = answers
    behind = len(receipts)
    read: dict[bytes, Receipt | None] = {}
    for one, answer in zip(receipts, others[:behind], strict=True):
        if answer is None:
            read[one] = None
        elif isinstance(answer, RpcReceipt):
            try:
                read[one] = read_receipt(answer, one)
            except AnswerRefused:
                continue
    return Told(
        mined=_count(count),
        head=_count(head),
        receipts=read,
        known={
            one: answer is not None
            for one, answer in zip(known, others[behind:], strict=True)
            if answer is None or (isinstance(answer, _Known) and answer.hash.lower() == f"0x{one.hex()}")
        },
    )


def _count(answer: Any) -> int | None:
    try:
        return read_quantity(answer, MAX_UINT64, "a count") if isinstance(answer, str) else None
    except LogRefused:
        return None
