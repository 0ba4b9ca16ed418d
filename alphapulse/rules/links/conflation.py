"""Conflation: which market data a newer message makes superfluous."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from operator import attrgetter

import attrs

from alphapulse.data.chain_events import ChainHead, ChainReorganised
from alphapulse.data.market import BlockCompleted, PoolState, PoolSwap, StreamState, StreamStatus
from alphapulse.data.order_books import L2Delta, L2Reset, L2Snapshot, OrderBook
from alphapulse.data.pair_events import PairSwap
from alphapulse.data.pool_events import PoolFeeChanged
from alphapulse.data.pool_reserves import PoolSync
from alphapulse.data.quotes import Quote
from alphapulse.data.verdicts import PoolTrustChanged


@attrs.frozen
class _Rule:
    """`family` and `key` say what a message is about; if `whole` it says all of it, and replaces what is older."""

    family: str
    key: Callable[[object], Hashable]
    whole: bool = True


_RULES: dict[type, _Rule] = {
    PoolSwap: _Rule("pool", attrgetter("pool")),
    PoolState: _Rule("pool snapshot", attrgetter("pool")),
    PoolSync: _Rule("reserves", attrgetter("pool")),
    PairSwap: _Rule("pair", attrgetter("pool")),
    PoolFeeChanged: _Rule("fee", attrgetter("pool")),
    PoolTrustChanged: _Rule("trust", attrgetter("pool")),
    ChainHead: _Rule("head", attrgetter("chain_id")),
    BlockCompleted: _Rule("block", attrgetter("chain_id")),
    StreamStatus: _Rule("stream", attrgetter("stream")),
    Quote: _Rule("quote", attrgetter("instrument")),
    OrderBook: _Rule("order book", attrgetter("instrument")),
    L2Snapshot: _Rule("levels", attrgetter("instrument")),
    L2Reset: _Rule("levels", attrgetter("instrument")),
    L2Delta: _Rule("levels", attrgetter("instrument"), whole=False),
}
"""Mints and burns are not here: they change liquidity that no later swap tells in full. A swap does not make a snapshot
superfluous either, as ticks follow it."""


def kept(lists: Sequence[Sequence[object]]) -> list[list[bool]]:
    """For each message in lists that follow each other, whether it must stay; the last one always does.

    A reset of a stream always stays, as it clears what no later message names. So does all that stands before a chain
    that was reorganised: what was newest there is undone, and what it replaced holds again.
    """
    newer: set[tuple[str, Hashable]] = set()
    flags: list[list[bool]] = []
    undone = False
    for messages in reversed(lists):
        row = []
        for message in reversed(messages):
            undone = undone or isinstance(message, ChainReorganised)
            rule = None if undone else _RULES.get(type(message))
            if rule is None:
                row.append(True)
                continue
            subject = (rule.family, rule.key(message))
            row.append(subject not in newer or _is_reset(message))
            if rule.whole:
                newer.add(subject)
        flags.append(row[::-1])
    return flags[::-1]


def _is_reset(message: object) -> bool:
    return isinstance(message, StreamStatus) and message.state is StreamState.RESET
