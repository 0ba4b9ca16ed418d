"""What the gate asks of the chains, answered by the bus of this process."""

from __future__ import annotations

from collections.abc import Iterable

from alphapulse.data.chains import CHAINS
from alphapulse.data.instruments import InstrumentId
from alphapulse.relays.bus import Bus


class BusChains:
    """Streams, quarantined pools and orphaned blocks as the local hub was told of them, before its subscribers were."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    def trouble(self, chain_id: int) -> str | None:
        """What is wrong with the streams of a chain, in words; None if nothing is."""
        return self._bus.stream_trouble(CHAINS[chain_id].venue)

    def distrust(self, pools: Iterable[InstrumentId]) -> str | None:
        """Which of these pools is in quarantine, and why; None if none is."""
        return self._bus.chains.distrust(pools)

    def orphaned_behind(self, chain_id: int, block_number: int, received_ns: int) -> int | None:
        """The newest block that stayed, if what was received of a block then is orphaned; None if it is not."""
        return self._bus.chains.orphaned_behind(chain_id, block_number, received_ns)
