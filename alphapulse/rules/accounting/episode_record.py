"""One gap from the log that opened it to the log that closed it, and what we made of it."""

from __future__ import annotations

import enum

import attrs

from alphapulse.data.instruments import InstrumentId

Position = tuple[int, int]
"""(block number, log index)."""


class Taking(enum.StrEnum):
    """What became of a gap for us; a later word replaces an earlier one only if it stands further down."""

    SEEN = "seen"
    """It was signalled, and no verdict is known."""
    REFUSED = "refused"
    """The gate refused every attempt."""
    CANCELLED = "cancelled"
    """An attempt was called off before it was included."""
    LOST = "lost"
    """An attempt was included when the gap was gone."""
    WON = "won"
    """An attempt was filled."""


RANK = {taking: rank for rank, taking in enumerate(Taking)}


@attrs.define
class EpisodeRecord:
    """A maximal run of states at which one path was worth it.

    `logs_later` counts the recorded pool logs from the opening one to the closing one, which is the first log that
    changed a price of the path after the last state. Amounts are raw units of `profit_token`; net is None while gas
    has no price.
    """

    strategy: str
    pools: tuple[InstrumentId, ...]
    profit_token: bytes
    opened: Position
    last: Position
    states: int = 0
    best_profit: int = 0
    best_net: int | None = None
    opener: bytes | None = None
    opened_count: int | None = None
    closed: Position | None = None
    closer: bytes | None = None
    logs_later: int | None = None
    taking: Taking = Taking.SEEN

    @property
    def blocks_later(self) -> int | None:
        """Blocks between opening and closing; 0 within one block, None while it is open."""
        return None if self.closed is None else self.closed[0] - self.opened[0]

    @property
    def closed_by_opener(self) -> bool:
        """True if the transaction that opened it closed it too."""
        return self.closer is not None and self.closer == self.opener

    def became(self, taking: Taking) -> None:
        """Note what became of an attempt."""
        if RANK[taking] > RANK[self.taking]:
            self.taking = taking
