"""The order of a chain's logs: each position once, and never back."""

from __future__ import annotations

from alphapulse.data.market import PoolEvent
from alphapulse.errors import LogRefused

KEPT = 64
"""How many accepted events are remembered, to tell a repetition from a contradiction."""


class LogOrder:
    """Refuses events of one chain that repeat, contradict or precede what was accepted before."""

    def __init__(self) -> None:
        self._newest = (-1, -1)
        # Accepted positions only ever grow, so the order of insertion is the order of positions.
        self._kept: dict[tuple[int, int], PoolEvent] = {}

    def check(self, event: PoolEvent) -> None:
        """Accept an event behind the newest one; the receive time does not count for what is the same.

        Raises:
            LogRefused: `duplicate` if the same event was accepted at this position, `conflict` if another one was,
                `out_of_order` if a later position was accepted and this one is not among the last 64.
        """
        position = event.stamp.position
        kept = self._kept
        if position > self._newest:
            self._newest = position
            kept[position] = event
            if len(kept) > KEPT:
                del kept[next(iter(kept))]
            return
        where = f"block {position[0]}, log {position[1]}"
        accepted = kept.get(position)
        if accepted is None:
            newest = f"block {self._newest[0]}, log {self._newest[1]}"
            raise LogRefused("out_of_order", f"expected a log behind {newest}, this was {where}")
        if accepted == event:
            raise LogRefused("duplicate", f"the same event was accepted before at {where}")
        raise LogRefused("conflict", f"another event was accepted before at {where}: {accepted}, this was {event}")
