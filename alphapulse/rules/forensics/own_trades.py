"""Our own trades beside each other: one that shares pools with a better one is sized on what that one leaves. Pure."""

from __future__ import annotations

from typing import Final

import attrs

from alphapulse.data.execution import Fill, Mode, OrderRequest
from alphapulse.data.orphans import SettlementRevoked
from alphapulse.data.transactions import FailureFinding

KEPT: Final = 1_024
"""Trades that are remembered. Full: the oldest are forgotten."""


@attrs.frozen
class Predecessor:
    """A trade of ours that another one leans on: whether it was done before that, else who took it, if it is known."""

    intent_id: int
    done: bool
    taken_by: bytes | None = None


class OwnTrades:
    """Live intents, which of them were filled in which block, and why others were not."""

    def __init__(self) -> None:
        self._intents: dict[int, OrderRequest] = {}
        self._filled: dict[int, int] = {}
        self._taken: dict[int, bytes | None] = {}

    def take(self, message: object) -> None:
        """Fold one message; what is about no trade is passed over."""
        match message:
            case OrderRequest(mode=Mode.LIVE):
                self._intents[message.intent_id] = message
                while len(self._intents) > KEPT:
                    oldest = next(iter(self._intents))
                    for kept in (self._intents, self._filled, self._taken):
                        kept.pop(oldest, None)
            case Fill() if message.intent_id in self._intents:
                self._filled[message.intent_id] = message.block_number
            case SettlementRevoked():
                self._filled.pop(message.intent_id, None)
            case FailureFinding() if message.intent_id in self._intents:
                self._taken[message.intent_id] = message.taken_by

    def find(self, intent_id: int) -> OrderRequest | None:
        """A live intent by its number."""
        return self._intents.get(intent_id)

    def before(self, intent: OrderRequest, block_number: int) -> Predecessor | None:
        """The newest earlier trade at the same seen state through one of the same pools; one that was not done first.

        It was done if it was filled up to that block.
        """
        pools = {leg.pool for leg in intent.legs}
        found = [
            Predecessor(
                other.intent_id,
                done=self._filled.get(other.intent_id, block_number + 1) <= block_number,
                taken_by=self._taken.get(other.intent_id),
            )
            for other in self._intents.values()
            if other.intent_id < intent.intent_id
            and seen_state(other) == seen_state(intent)
            and not pools.isdisjoint(leg.pool for leg in other.legs)
        ]
        return max(found, key=lambda one: (not one.done, one.intent_id), default=None)


def seen_state(intent: OrderRequest) -> tuple[int, int, int]:
    """The state on which a trade was sized: chain, block and log."""
    return intent.chain_id, intent.block_number, intent.log_index
