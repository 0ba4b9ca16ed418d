"""Who emitted a log, as far as its decoder asks."""

from __future__ import annotations

from typing import Protocol

from alphapulse.data.instruments import InstrumentId


class Emitter(Protocol):
    """A pool that was admitted: `alphapulse.data.pools.Pool`, or whatever else has its id."""

    @property
    def id(self) -> InstrumentId:
        """The pool's id, which its events bear."""
