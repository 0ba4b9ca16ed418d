"""Which blocks a chain has taken back, so that what was seen on them is known for it. Pure."""

from __future__ import annotations

import attrs

from alphapulse.data.chain_events import ChainReorganised
from alphapulse.data.instruments import CHAIN_OF_VENUE
from alphapulse.data.market import BlockCompleted, LogStamp, StreamState, StreamStatus

REMEMBERED_BLOCKS = 256
"""Blocks behind the old head after which a reorganisation is forgotten: what was seen before it is too old by then."""


@attrs.define
class _Fork:
    """Blocks above `low` and up to `high` were taken back. `seen` holds what has come of blocks above `low` since.

    A block's number does not tell which of two branches it is on; when its events were received does.
    """

    low: int
    high: int
    ancestor: int
    seen: dict[int, set[int]] = attrs.field(factory=dict)


class OrphanedBlocks:
    """Fed with market events in order; asked by those to whom a decision comes by another way than they do."""

    def __init__(self) -> None:
        self._forks: dict[int, _Fork] = {}

    def take(self, event: object) -> None:
        """One market event. Costs next to nothing while nothing was taken back."""
        if isinstance(event, ChainReorganised):
            self._fork(event)
        elif self._forks:
            self._note(event)

    def ancestor(self, chain_id: int, block_number: int, received_ns: int) -> int | None:
        """The newest block that stayed, if what was seen at a block then is orphaned; None if it is not.

        `received_ns` is when the event behind it was received.
        """
        fork = self._forks.get(chain_id)
        if fork is None or not fork.low < block_number <= fork.high:
            return None
        if any(received_ns in seen for number, seen in fork.seen.items() if number <= block_number):
            return None
        return fork.ancestor

    def _fork(self, event: ChainReorganised) -> None:
        before = self._forks.get(event.chain_id)
        low, high, ancestor = event.ancestor_number, event.old_head_number, event.ancestor_number
        seen: dict[int, set[int]] = {}
        if before is not None:
            low, high = min(low, before.low), max(high, before.high)
            seen = {number: times for number, times in before.seen.items() if number <= ancestor}
        self._forks[event.chain_id] = _Fork(low, high, ancestor, seen)

    def _note(self, event: object) -> None:
        if isinstance(event, BlockCompleted):
            fork = self._forks.get(event.chain_id)
            if fork is not None and event.block_number > fork.high + REMEMBERED_BLOCKS:
                del self._forks[event.chain_id]
        elif isinstance(event, StreamStatus):
            if event.state is StreamState.RESET:
                self._forget(event.venue)
        elif isinstance(stamp := getattr(event, "stamp", None), LogStamp):
            fork = self._forks.get(event.pool.chain_id or 0)  # type: ignore[attr-defined]  # whatever is stamped has one
            if fork is not None and stamp.block_number > fork.low:
                fork.seen.setdefault(stamp.block_number, set()).add(stamp.received_ns)

    def _forget(self, venue: int) -> None:
        chain_id = CHAIN_OF_VENUE.get(venue)  # type: ignore[call-overload]  # a number without a name is on no chain
        self._forks.pop(chain_id, None)
