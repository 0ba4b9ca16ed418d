"""Arbitrages in the call traces of a block: swaps of V2 and V3 pools, with amounts from the tokens' transfers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from alphapulse.errors import EvidenceError
from alphapulse.scoring.evidence import Evidence
from alphapulse.scoring.pool_table import integer
from alphapulse.scoring.realized import Swap, gains
from alphapulse.scoring.score import Measure, Score, compared

TRANSFER = "0xa9059cbb"
"""Selector of `transfer(address,uint256)`."""
TRANSFER_FROM = "0x23b872dd"
"""Selector of `transferFrom(address,address,uint256)`."""
V2_SWAP = "0x022c0d9f"
"""Selector of `swap(uint256,uint256,address,bytes)`."""
V3_SWAP = "0x128acb08"
"""Selector of `swap(address,bool,int256,uint160,bytes)`."""

Where = tuple[int, ...]


class _Transfer(NamedTuple):
    at: Where
    token: str
    sender: str
    receiver: str
    amount: int


def score_traces(answers: Evidence, traces: Sequence[Evidence]) -> Score:
    """The transactions of a traced block that are an arbitrage, with number of swaps, token and profit."""
    block = integer(answers.document, "block", str(answers.path))
    expected: dict[str, tuple[int, frozenset[tuple[str, int]]]] = {}
    for one in answers.document["arbitrages"]:
        token, profit = str(one["profit_token"]).lower(), integer(one, "profit_raw", str(answers.path))
        expected[str(one["tx"]).lower()] = integer(one, "swaps", str(answers.path)), frozenset(((token, profit),))
    facts: dict[str, int | str] = {}
    found: dict[str, tuple[int, frozenset[tuple[str, int]]]] = {}
    calls = None
    for traced in sorted(traces, key=lambda one: int(one.document["block_number"])):
        number = integer(traced.document, "block_number", str(traced.path))
        per_transaction, swap_calls = _swaps(traced)
        won = {transaction: gains(swaps) for transaction, swaps in per_transaction.items()}
        listed = {tx: (len(per_transaction[tx]), frozenset(gain.items())) for tx, gain in won.items() if gain}
        facts[f"arbitrages in block {number}"] = len(listed)
        if number == block:
            found, calls = listed, swap_calls
    measures = [compared("transactions that are an arbitrage, with profit to the last unit", expected, found)]
    if "swap_count" in answers.document and calls is not None:
        stated = integer(answers.document, "swap_count", str(answers.path))
        what = "calls of a pool's swap, those that were reverted included"
        measures.append(Measure(what, stated, calls, min(stated, calls), exact=True))
    notes = () if calls is not None else (f"the traces of block {block} are not among the files",)
    return Score(str(answers.path), answers.form, tuple(measures), facts, notes)


def _swaps(traced: Evidence) -> tuple[dict[str, list[Swap]], int]:
    """The swaps of each transaction that were not reverted, and how often a pool's swap was called."""
    calls: dict[str, list[dict[str, Any]]] = {}
    count = 0
    for trace in traced.document["traces"]:
        if trace.get("type") != "call" or not trace.get("transaction_hash"):
            continue
        count += _input(trace)[:10] in (V2_SWAP, V3_SWAP)
        calls.setdefault(trace["transaction_hash"].lower(), []).append(trace)
    try:
        return {transaction: _in_transaction(ones) for transaction, ones in calls.items()}, count
    except (KeyError, TypeError, ValueError) as error:
        raise EvidenceError(f"{traced.path}: expected calls with action, input and trace_address: {error}") from error


def _in_transaction(calls: list[dict[str, Any]]) -> list[Swap]:
    reverted = [tuple(one["trace_address"]) for one in calls if one.get("error")]
    kept = [one for one in calls if not any(_within(tuple(one["trace_address"]), at) for at in reverted)]
    kept.sort(key=lambda one: tuple(one["trace_address"]))
    transfers = [moved for one in kept if (moved := _transfer(one)) is not None]
    used: set[_Transfer] = set()
    swaps = []
    for one in kept:
        if one["action"].get("callType") != "call" or _input(one)[:10] not in (V2_SWAP, V3_SWAP):
            continue
        at, pool = tuple(one["trace_address"]), one["action"]["to"].lower()
        paid_out = [moved for moved in transfers if moved.sender == pool and _within(moved.at, at)]
        to_pool = [moved for moved in transfers if moved.receiver == pool and moved not in used]
        paid_in = [moved for moved in to_pool if _within(moved.at, at)]
        if not paid_in:  # a V2 pool is mostly paid before it is called
            paid_in = [moved for moved in to_pool if moved.at < at][-1:]
        used.update(paid_in)
        if paid_in and paid_out:
            amount_in, amount_out = sum(one.amount for one in paid_in), sum(one.amount for one in paid_out)
            swaps.append(Swap(pool, paid_in[0].token, amount_in, paid_out[0].token, amount_out))
    return swaps


def _transfer(call: dict[str, Any]) -> _Transfer | None:
    action, text = call["action"], _input(call)
    if action.get("callType") != "call":
        return None
    at, token = tuple(call["trace_address"]), action["to"].lower()
    if text.startswith(TRANSFER) and len(text) >= 138:
        return _Transfer(at, token, action["from"].lower(), _address(text, 0), int(_word(text, 1), 16))
    if text.startswith(TRANSFER_FROM) and len(text) >= 202:
        return _Transfer(at, token, _address(text, 0), _address(text, 1), int(_word(text, 2), 16))
    return None


def _within(at: Where, call: Where) -> bool:
    """True if the call at `at` was made by the one at `call`, or is that one."""
    return at[: len(call)] == call


def _input(trace: dict[str, Any]) -> str:
    return str(trace["action"].get("input") or "").lower()


def _word(text: str, index: int) -> str:
    return text[10 + 64 * index : 74 + 64 * index]


def _address(text: str, index: int) -> str:
    return "0x" + _word(text, index)[24:]
