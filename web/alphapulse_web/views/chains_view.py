"""Chains as the page shows them: heads, ages, who tells, and how their pools are trusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from alphapulse.data.chain_events import ChainReorganised
from alphapulse.data.chains import CHAINS
from alphapulse.data.market import BlockCompleted, LogStamp, StreamState, StreamStatus
from alphapulse.data.pools import Pool
from alphapulse.relays.bus import Bus
from alphapulse.relays.link_events import is_link_stream
from alphapulse_web.api.chain_shapes import ChainHeadView, Chains, ChainView, NodesView, Reorganisation, TrustCounts
from alphapulse_web.api.status_shapes import StreamState as StreamWord
from alphapulse_web.instants import instant
from alphapulse_web.views.pools_view import NOT_EVENTS, PoolsView
from alphapulse_web.views.quarantine_view import QuarantineView

NS_PER_S = 1_000_000_000
NOTHING_YET = "nothing was received yet"
STREAM_WORDS: Mapping[StreamState, StreamWord] = {
    StreamState.UNKNOWN: "unknown",
    StreamState.FRESH: "fresh",
    StreamState.QUIET: "quiet",
    StreamState.STALE: "stale",
    StreamState.GAP: "gap",
    StreamState.RESET: "unknown",
    StreamState.ENDED: "ended",
}
"""What a stream's state is called."""


@attrs.define
class _Progress:
    """How far a chain's data have come. Blocks with their timestamps in ns."""

    block: tuple[int, int] | None = None
    event: tuple[int, int] | None = None
    reorganised: ChainReorganised | None = None


class ChainsView:
    """Folds market events beside what the bus knows of chains; `trusts` counts their pools."""

    def __init__(self, bus: Bus, pools: Sequence[Pool], trusts: PoolsView) -> None:
        self._bus = bus
        self._trusts = trusts
        self._chains = {chain_id: _Progress() for chain_id in sorted({pool.id.chain_id or 0 for pool in pools})}
        self._quarantine = QuarantineView()
        self.revision = 0

    def apply(self, message: object) -> None:
        """Take one message of the market-data relay in."""
        self._quarantine.apply(message)
        match message:
            case BlockCompleted(chain_id=chain_id) if chain_id in self._chains:
                self._chains[chain_id].block = message.block_number, message.venue_time_ns
            case ChainReorganised(chain_id=chain_id) if chain_id in self._chains:
                self._take_back(message)
            case StreamStatus(state=StreamState.RESET):
                self._forget(message.venue)
            case _:
                stamp = getattr(message, "stamp", None)
                if isinstance(stamp, LogStamp) and not isinstance(message, NOT_EVENTS):
                    progress = self._chains.get(message.pool.chain_id or 0)  # type: ignore[attr-defined]  # has a stamp
                    if progress is not None:
                        progress.event = stamp.block_number, stamp.venue_time_ns
        self.revision += 1

    def chains(self, *, limit_ns: int, nodes: Mapping[int, NodesView]) -> Chains:
        """All chains that pools are watched on, with the age from which on nothing is traded, and their nodes."""
        return Chains(
            chains=[
                self._shape(chain_id, progress, limit_ns, nodes.get(chain_id))
                for chain_id, progress in self._chains.items()
            ]
        )

    def _take_back(self, event: ChainReorganised) -> None:
        progress = self._chains[event.chain_id]
        progress.reorganised = event
        if progress.block is not None and progress.block[0] > event.ancestor_number:
            progress.block = None
        if progress.event is not None and progress.event[0] > event.ancestor_number:
            progress.event = None

    def _forget(self, venue: int) -> None:
        for chain_id in self._chains:
            if CHAINS[chain_id].venue == venue:
                self._chains[chain_id] = _Progress()

    def _shape(self, chain_id: int, progress: _Progress, limit_ns: int, nodes: NodesView | None) -> ChainView:
        chain = CHAINS[chain_id]
        streams = [one for one in self._bus.streams.values() if one.venue == chain.venue and not is_link_stream(one)]
        stream = streams[-1] if streams else None
        recorded = stream is not None and stream.recorded
        trouble = self._bus.stream_trouble(chain.venue)
        head, counts = self._bus.chains.heads.get(chain_id), self._trusts.trusts(chain_id)
        block, event, reorganised = progress.block, progress.event, progress.reorganised
        state: StreamWord = STREAM_WORDS[stream.state] if stream is not None else "unknown"
        note = "" if state == "fresh" else stream.reason if stream is not None else NOTHING_YET
        return ChainView(
            chain_id=chain_id,
            name=chain.name,
            recorded=recorded,
            state="stale" if trouble and state in ("fresh", "quiet") else state,
            note=trouble or note,
            block=block[0] if block else None,
            block_time=instant(block[1]) if block else None,
            last_event=instant(event[1]) if event else None,
            last_event_block=event[0] if event else None,
            head=ChainHeadView(
                number=head.number,
                hash="0x" + head.hash.hex(),
                time=instant(head.venue_time_ns),
                received=instant(head.received_ns),
                lag_ns=None if recorded else str(head.received_ns - head.venue_time_ns),
                base_fee_wei=str(head.base_fee_wei) if head.base_fee_wei is not None else None,
                provider=head.provider,
            )
            if head is not None
            else None,
            safe=head.safe_number if head is not None else None,
            settled=head.settled_number if head is not None else None,
            limit_ns=str(limit_ns),
            reorganisation=Reorganisation(
                ancestor=reorganised.ancestor_number,
                depth=reorganised.old_head_number - reorganised.ancestor_number,
                time=instant(reorganised.venue_time_ns),
            )
            if reorganised is not None
            else None,
            trust=TrustCounts(
                proven=counts["proven"],
                in_range=counts["in_range"],
                divergent=counts["divergent"],
                unknown=counts["unknown"],
            ),
            quarantined=self._quarantine.of_chain(chain_id),
            nodes=nodes,
        )
