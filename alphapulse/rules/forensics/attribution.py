"""Why a trade was undone: one function over the evidence. Pure.

The order of the questions is that of how sure the answer is: gas and what only we can have done wrong need no state; a
token that kept something shows in the transfers; what others did shows in the logs of the pools and in replays.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from alphapulse.data.transactions import FailureCause
from alphapulse.rules.evm.executor_path import Refusal
from alphapulse.rules.forensics.evidence import Evidence, Touch

OURS = frozenset(("NotOwner", "BadPath", "ForeignCallback", "NotFunded"))
"""Reasons that no other trader and no token can bring about."""
OF_PRICE = frozenset(("LegBelowMinimum", "LegNotWhole", "ProfitBelowFloor"))
"""Reasons that follow from where the pools stand."""
OF_TOKENS = frozenset(("Error", "StockTouched", "TransferFailed"))
"""Reasons that pools and tokens give when a transfer did not do what it should."""
EMPTY = "0x"
NEARLY_ALL_NUMERATOR, NEARLY_ALL_DENOMINATOR = 7, 8
"""Each call keeps a 64th of its gas from the calls that it makes: so much is used up at least when one runs dry."""


@attrs.frozen
class Attribution:
    """The cause, the transaction that was before us if one was, and the finding in words."""

    cause: FailureCause
    text: str
    taken_by: bytes | None = None


def attribute(evidence: Evidence) -> Attribution:
    """The cause of a failure."""
    for judge in (_gas, _ours, _deadline, _token, _others, _own, _nothing_moved):
        if (found := judge(evidence)) is not None:
            return found
    return Attribution(FailureCause.UNEXPLAINED, f"no question explains it: {reason_of(evidence.refusal)}")


def reason_of(refusal: Refusal | None) -> str:
    """The contract's or the pool's own word."""
    if refusal is None:
        return "not known"
    if refusal.name == "Error":
        return str(refusal.values.get("text", "")) or "Error without words"
    if refusal.name == "unknown":
        return "no words" if refusal.values.get("data") == EMPTY else str(refusal.values.get("data"))
    return refusal.name


def _gas(evidence: Evidence) -> Attribution | None:
    used, limit = evidence.gas_used, evidence.gas_limit
    enough = evidence.at_parent_with_more_gas.pays is True and evidence.at_parent.pays is False
    silent = evidence.at_place is not None and reason_of(evidence.at_place) == "no words"
    nearly = used * NEARLY_ALL_DENOMINATOR >= limit * NEARLY_ALL_NUMERATOR
    if evidence.ran_out_of_gas or used >= limit or enough or (silent and nearly):
        more = "; with more it would have paid at the block before" if enough else ""
        return Attribution(FailureCause.GAS, f"it ran out of gas: {used} of {limit} were used{more}")
    return None


def _ours(evidence: Evidence) -> Attribution | None:
    if evidence.refusal is None or evidence.refusal.name not in OURS:
        return None
    return Attribution(FailureCause.OUR_BUG, f"the contract was told something wrong: {_words(evidence.refusal)}")


def _deadline(evidence: Evidence) -> Attribution | None:
    if evidence.block_number <= evidence.path.deadline:
        return None
    text = f"it was mined in block {evidence.block_number}, behind its last block {evidence.path.deadline}"
    return Attribution(FailureCause.STALE_STATE, text)


def _token(evidence: Evidence) -> Attribution | None:
    odd = evidence.odd_token
    if odd is None or (odd.refused and evidence.refusal is not None and evidence.refusal.name in OF_PRICE):
        return None
    name, holder = f"0x{odd.token.hex()}", f"0x{odd.holder.hex()}"
    if odd.refused:
        return Attribution(FailureCause.TOKEN, f"token {name} refused a transfer to {holder} that was covered")
    return Attribution(FailureCause.TOKEN, f"token {name} kept {odd.missing} raw units of what was sent to {holder}")


def _others(evidence: Evidence) -> Attribution | None:
    """What changed the pools between the state that was seen and our place."""
    if evidence.touches is None:
        return Attribution(FailureCause.UNEXPLAINED, "no node could tell the logs of the pools since the seen block")
    between, before_us = evidence.between, evidence.before_us
    pays = evidence.at_parent.pays
    leans = evidence.predecessor is not None and evidence.predecessor.done
    if leans:
        between = tuple(touch for touch in between if touch.transaction not in evidence.leant_on)
    if before_us and (pays is True or ((pays is None or leans) and not between)):
        return _taken(evidence, before_us)
    if between and (pays is False or (pays is None and not before_us)) and _paid_when_seen(evidence):
        return _stale(evidence, between)
    if between and before_us and pays is None:
        text = "pools changed both before our block and in it, and no node has the state between"
        return Attribution(FailureCause.UNEXPLAINED, text)
    return None


def _own(evidence: Evidence) -> Attribution | None:
    """It was sized on what a trade of our own leaves, and that one was not done."""
    before = evidence.predecessor
    if before is None or before.done:
        return None
    if before.taken_by is not None:
        text = f"it was sized on what our own trade {before.intent_id} leaves, which 0x{before.taken_by.hex()} took"
        return Attribution(FailureCause.TAKEN, text, before.taken_by)
    text = f"it was sized on what our own trade {before.intent_id} leaves, which was not done before it"
    return Attribution(FailureCause.STALE_STATE, text)


def _paid_when_seen(evidence: Evidence) -> bool:
    """False only if the state that the signal saw would not have paid either, as far as a node could try that.

    It could not if the log that was seen was not the block's last, or if another trade of ours was to come first.
    """
    seen_block, _ = evidence.seen
    inside = any(touch.block_number == seen_block for touch in evidence.between)
    return inside or evidence.predecessor is not None or evidence.at_seen.pays is not False


def _taken(evidence: Evidence, before_us: Sequence[Touch]) -> Attribution | None:
    """Of strangers before us the one that changed most of our pools; of equals the last."""
    strangers = [touch for touch in before_us if touch.transaction not in evidence.own]
    ours = [touch for touch in before_us if touch.transaction not in evidence.leant_on]
    if not strangers and not ours:
        return None  # what it was to come behind, and nobody else
    if not strangers:
        text = f"our own 0x{ours[-1].transaction.hex()} was before us in block {evidence.block_number}"
        return Attribution(FailureCause.STALE_STATE, f"{text} and changed the pools that it was sized on")
    pools = {touch.transaction: set[bytes]() for touch in strangers}
    for touch in strangers:
        pools[touch.transaction].add(touch.pool)
    place = {touch.transaction: touch.transaction_index for touch in strangers}
    taker = max(pools, key=lambda transaction: (len(pools[transaction]), place[transaction]))
    sure = (
        "it would have paid at the block before" if evidence.at_parent.pays else "nobody changed them before our block"
    )
    text = (
        f"0x{taker.hex()} was before us in block {evidence.block_number} and changed {len(pools[taker])} of our "
        f"{len(evidence.path.legs)} pools; {sure}"
    )
    return Attribution(FailureCause.TAKEN, text, taker)


def _stale(evidence: Evidence, between: Sequence[Touch]) -> Attribution:
    blocks = {touch.block_number for touch in between}
    first, last = min(blocks), max(blocks)
    where = f"block {first}" if first == last else f"blocks {first} to {last}"
    count = len({touch.transaction for touch in between})
    what = "one transaction" if count == 1 else f"{count} transactions"
    text = f"{what} changed the pools in {where}, before our block {evidence.block_number} began"
    return Attribution(FailureCause.STALE_STATE, text)


def _nothing_moved(evidence: Evidence) -> Attribution | None:
    """No change of the pools explains it."""
    refusal = evidence.refusal
    if refusal is None or reason_of(refusal) == "no words":
        return Attribution(FailureCause.UNEXPLAINED, "no node could tell why it was undone, and no pool had changed")
    if refusal.name in OF_PRICE:
        return _of_price(evidence, refusal)
    if refusal.name not in OF_TOKENS:
        return None
    if evidence.traced and refusal.name == "Error" and evidence.at_parent.pays is not True:
        return Attribution(FailureCause.OUR_BUG, _mistaken(evidence, refusal))
    text = f"a pool or token refused, though no pool had changed: {_words(refusal)}"
    return Attribution(FailureCause.TOKEN, text)


def _of_price(evidence: Evidence, refusal: Refusal) -> Attribution:
    measured = evidence.measured_at_seen
    mistaken = evidence.traced if measured is None else measured < evidence.expected
    if evidence.at_parent.pays is not True and (mistaken or refusal.name != "LegBelowMinimum"):
        return Attribution(FailureCause.OUR_BUG, _mistaken(evidence, refusal))
    if refusal.name == "LegBelowMinimum":
        return Attribution(FailureCause.SLIPPAGE, f"{_words(refusal)}, though the pools stood as they were seen")
    text = f"it would have paid at the block before, and nobody before us changed its pools: {_words(refusal)}"
    return Attribution(FailureCause.UNEXPLAINED, text)


def _mistaken(evidence: Evidence, refusal: Refusal) -> str:
    measured = (evidence.measured_at_seen, evidence.measured_at_parent, evidence.found)
    paid = next((str(one) for one in measured if one is not None), "not known")
    moved = "even the state that was seen would not have paid" if evidence.touches else "nothing had changed"
    return f"{moved}: we expected {evidence.expected} raw, the pools pay {paid}; {_words(refusal)}"


def _words(refusal: Refusal) -> str:
    if refusal.name in ("Error", "unknown"):
        return reason_of(refusal)
    return f"{refusal.name} {', '.join(f'{name} {value}' for name, value in refusal.values.items())}".rstrip()
