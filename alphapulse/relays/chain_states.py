"""What is known of the chains behind the market data: their heads, their reorganisations, pools in quarantine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from alphapulse.data.chain_events import ChainHead, ChainReorganised
from alphapulse.data.instruments import InstrumentId
from alphapulse.data.pool_cache import PoolInfo
from alphapulse.data.pools import Trust
from alphapulse.data.verdicts import PoolTrustChanged, PoolVerdict
from alphapulse.rules.books.orphaned_blocks import OrphanedBlocks

_OF_A_CHAIN = frozenset((ChainHead, ChainReorganised, PoolTrustChanged, PoolInfo, PoolVerdict))


class ChainStates:
    """Folded from market data in the step in which they are published, so that it is never behind its readers.

    `heads` and `reorganisations` are the newest of each chain; `trust` is the newest word on each pool of which one
    was said, `found` the pools that were found and are followed. `on_pool` are told of pools that come and go; they
    must be quick and not raise.
    """

    def __init__(self) -> None:
        self.heads: dict[int, ChainHead] = {}
        self.reorganisations: dict[int, ChainReorganised] = {}
        self.trust: dict[InstrumentId, PoolTrustChanged] = {}
        self.found: dict[InstrumentId, PoolInfo] = {}
        self.on_pool: list[Callable[[PoolInfo | PoolVerdict], None]] = []
        self._orphaned = OrphanedBlocks()
        self._distrusted: dict[InstrumentId, str] = {}

    def take(self, events: Sequence[Any]) -> None:
        """A list that is being published."""
        for event in events:
            if type(event) in _OF_A_CHAIN:
                self._heed(event)
            self._orphaned.take(event)

    def distrust(self, pools: Iterable[InstrumentId]) -> str | None:
        """Which of these pools is in quarantine, and why; None if none is."""
        if self._distrusted:
            for pool in pools:
                if (reason := self._distrusted.get(pool)) is not None:
                    return f"{pool.name} is in quarantine: {reason}"
        return None

    def orphaned_behind(self, chain_id: int, block_number: int, received_ns: int) -> int | None:
        """The newest block that stayed, if what was received of a block then is orphaned; None if it is not."""
        return self._orphaned.ancestor(chain_id, block_number, received_ns)

    def snapshot(self) -> Iterator[object]:
        """What a process starts from that has just been linked."""
        yield from self.heads.values()
        yield from self.trust.values()

    def _heed(self, event: ChainHead | ChainReorganised | PoolTrustChanged | PoolInfo | PoolVerdict) -> None:
        if isinstance(event, ChainHead):
            self.heads[event.chain_id] = event
            return
        if isinstance(event, ChainReorganised):
            self.reorganisations[event.chain_id] = event
            return
        if isinstance(event, PoolInfo | PoolVerdict):
            if isinstance(event, PoolInfo):
                self.found[event.pool] = event
            elif not event.admitted:
                self.found.pop(event.pool, None)
            for tell in self.on_pool:
                tell(event)
            return
        self.trust[event.pool] = event
        if event.trust is Trust.DIVERGENT:
            self._distrusted[event.pool] = event.reason
        else:
            self._distrusted.pop(event.pool, None)
