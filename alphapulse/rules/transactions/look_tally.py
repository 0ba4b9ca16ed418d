"""What several nodes say of our transactions, and what of it counts. Pure.

A receipt counts if two nodes tell the very same, that there is none if two say so. What only one says, or nobody, is
not known; where there is but one node, its word has to do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from typing import Final, TypeVar

import attrs

from alphapulse.rules.transactions.receipt import Receipt

QUORUM: Final = 2
T = TypeVar("T", bound=Hashable)


@attrs.frozen
class Told:
    """What one node has answered. A transaction of which it told nothing that can be read is missing."""

    mined: int | None = None
    head: int | None = None
    receipts: Mapping[bytes, Receipt | None] = attrs.field(factory=dict)
    known: Mapping[bytes, bool] = attrs.field(factory=dict)


@attrs.frozen
class Look:
    """What counts of it.

    `mined` is how many transactions of the wallet enough nodes have, or more: one that lags says less, which means
    nothing. `head` is the newest block in the same way. `receipts` holds what is agreed on, None where there is none;
    `known` whether any node has the transaction, False only if all have said that they have not.
    """

    mined: int | None
    head: int | None
    receipts: Mapping[bytes, Receipt | None]
    known: Mapping[bytes, bool]


def tally(told: Sequence[Told], asked: int) -> Look:
    """What `asked` nodes say together, of which `told` have answered."""
    quorum = min(QUORUM, max(asked, 1))
    receipts: dict[bytes, Receipt | None] = {}
    for known in {known for one in told for known in one.receipts}:
        votes = Counter(one.receipts[known] for one in told if known in one.receipts)
        winner, times = votes.most_common(1)[0]
        if times >= quorum and list(votes.values()).count(times) == 1:
            receipts[known] = winner
    return Look(
        mined=_reached([one.mined for one in told], quorum),
        head=_reached([one.head for one in told], quorum),
        receipts=receipts,
        known=_known(told, asked),
    )


def _reached(numbers: Sequence[int | None], quorum: int) -> int | None:
    """The highest number that so many nodes reach."""
    known = sorted((number for number in numbers if number is not None), reverse=True)
    return known[quorum - 1] if len(known) >= quorum else None


def _known(told: Sequence[Told], asked: int) -> dict[bytes, bool]:
    found: dict[bytes, bool] = {}
    for known in {known for one in told for known in one.known}:
        words = [one.known[known] for one in told if known in one.known]
        if any(words) or len(words) == asked:
            found[known] = any(words)
    return found
