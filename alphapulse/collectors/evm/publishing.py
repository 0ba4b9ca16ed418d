"""What a chain's collector hands over: states, blocks, reorganisations, and how far its stream can be trusted."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress

import msgspec
import trio

from alphapulse.collectors.evm.terms import EvmTerms
from alphapulse.collectors.recorded.collector import KINDS, ReplayCounts
from alphapulse.data.chain_events import ChainHead, ChainReorganised
from alphapulse.data.chains import CHAINS
from alphapulse.data.instruments import InstrumentId
from alphapulse.data.market import BlockCompleted, PoolEvent, StreamState, StreamStatus
from alphapulse.data.pools import Pool, Trust
from alphapulse.data.verdicts import PoolTrustChanged, PoolVerdict
from alphapulse.data.wire import SENTENCE
from alphapulse.errors import LogRefused
from alphapulse.relays.any_relay import AnyRelay
from alphapulse.rules.books.pool_book import PoolBook
from alphapulse.rules.chain.block_logs import HeardLog
from alphapulse.rules.chain.effects import Reorganised
from alphapulse.rules.chain.finality import Watermarks
from alphapulse.rules.chain.header import Header
from alphapulse.rules.chain.published import HISTORY_BLOCKS
from alphapulse.rules.events.log_decoder import LogDecoder
from alphapulse.rules.events.rpc_log import RpcLog
from alphapulse.safety.clipped import clipped

logger = logging.getLogger(__name__)

KEPT_BLOCKS = 256
"""Blocks whose logs are kept, so that a pool whose state is read meanwhile can be brought up to date."""

FRAME = (b'{"jsonrpc":"2.0","method":"eth_subscription","params":{"subscription":"0x1","result":', b"}}")

_log_encoder = msgspec.json.Encoder()


class ChainPublisher:
    """Hands over what is known of a chain, in the order of its blocks. It keeps a book of its own, of the same events.

    `capture` is told of every admitted log as the frame in which a node would send it. `on_foreign` is told of the
    logs of emitters that are not admitted, block by block, `on_block` that a block is about to be handed over.
    """

    def __init__(
        self,
        terms: EvmTerms,
        pools: Sequence[Pool],
        decoder: LogDecoder,
        market_data: AnyRelay,
        *,
        now_ns: Callable[[], int],
        on_block: Callable[[], None],
        on_foreign: Callable[[Header, Sequence[RpcLog]], None] | None = None,
        capture: Callable[[str, int, Sequence[bytes]], None] | None = None,
    ) -> None:
        self.counts = ReplayCounts()
        self.last_event_ns: int | None = None
        self.book = PoolBook(pools)
        self.pools = {pool.id: pool for pool in pools}
        self.tip: Header | None = None
        self.state = StreamState.UNKNOWN
        self._terms = terms
        self._venue = CHAINS[terms.chain_id].venue
        self._decoder = decoder
        self._market_data = market_data
        self._now_ns = now_ns
        self._on_block = on_block
        self._on_foreign = on_foreign
        self._capture = capture
        self._recent: deque[tuple[Header, Sequence[HeardLog]]] = deque(maxlen=KEPT_BLOCKS)
        self._closings = trio.lowlevel.ParkingLot()

    def say(self, state: StreamState, reason: str) -> None:
        """The stream is in this state from now on; said once."""
        if state is not self.state or state is StreamState.RESET:
            self._market_data.publish([self._status(state, reason)])

    def reset(self, reason: str) -> None:
        """Consumers forget everything: another snapshot follows."""
        self.counts = ReplayCounts()
        self._recent.clear()
        self.tip = None
        status = self._status(StreamState.RESET, reason)
        self.book.apply(status)
        self._market_data.publish([status])

    def seed(self, header: Header, messages: Sequence[object]) -> None:
        """A pool's state at the end of a block, in full."""
        for message in messages:
            self.book.apply(message)
        self._market_data.publish(messages)
        self.tip = header

    def seeded(self, header: Header, reason: str) -> None:
        """All pools have been handed over as they are at the end of that block."""
        self.tip = header
        self._on_block()
        status = self._status(StreamState.FRESH, reason)
        self._market_data.publish([status, self._completed(header, 0, 0)])

    def head(self, header: Header, watermarks: Watermarks, provider: str) -> None:
        """A new newest block is known of."""
        self._market_data.publish(
            [
                ChainHead(
                    self._terms.name,
                    self._terms.chain_id,
                    header.number,
                    header.hash,
                    header.parent_hash,
                    header.venue_time_ns,
                    self._now_ns(),
                    header.base_fee_wei,
                    watermarks.safe,
                    watermarks.settled,
                    provider,
                )
            ]
        )

    def close(self, header: Header, logs: Sequence[HeardLog], *, fresh: bool) -> list[PoolEvent]:
        """A block is complete. Returns its events. A `fresh` one ends a gap before it is handed over."""
        events, foreign = self._decoded(logs)
        for event in events:
            self.book.apply(event)
        self._recent.append((header, logs))
        self.tip = header
        self.counts.blocks += 1
        self.last_event_ns = header.venue_time_ns
        self._on_block()
        first: list[object] = []
        if fresh and self.state is not StreamState.FRESH:
            first.append(self._status(StreamState.FRESH, f"complete up to block {header.number}"))
        last_index = events[-1].stamp.log_index if events else 0
        completed = self._completed(header, last_index, len(events))
        self._market_data.publish([*first, *events, completed])
        self._closings.unpark_all()
        if self._on_foreign is not None and foreign:
            self._on_foreign(header, foreign)
        return events

    async def wait_closed(self) -> None:
        """Return when the next block is closed."""
        await self._closings.park()

    def undo(self, undone: Reorganised) -> list[InstrumentId]:
        """Blocks are taken back. Returns the pools of which nothing is known any more: their snapshot was later."""
        known = [pool for pool in self.pools if self.book.state(pool) is not None]
        ancestor = undone.ancestor
        message = ChainReorganised(
            self._terms.name,
            self._terms.chain_id,
            ancestor.number,
            ancestor.hash,
            undone.old_head.number,
            undone.old_head.hash,
            undone.new_head.number,
            undone.new_head.hash,
            undone.new_head.venue_time_ns,
        )
        self.book.apply(message)
        while self._recent and self._recent[-1][0].number > ancestor.number:
            self._recent.pop()
        self.tip = ancestor
        self._market_data.publish([message])
        return [pool for pool in known if self.book.state(pool) is None]

    def lost(self, head: Header) -> None:
        """The chain took back more than can be undone: everything that is known. A new snapshot follows."""
        if (tip := self.tip) is None:
            return
        ancestor = max(0, tip.number - HISTORY_BLOCKS - 1)
        self._market_data.publish(
            [
                ChainReorganised(
                    self._terms.name,
                    self._terms.chain_id,
                    ancestor,
                    bytes(32),
                    tip.number,
                    tip.hash,
                    head.number,
                    head.hash,
                    head.venue_time_ns,
                )
            ]
        )

    def brought_up(self, pool: Pool, seed: Header, messages: Sequence[object]) -> PoolBook | None:
        """A book of one pool from its state at `seed`, followed to the tip; None if that block is not kept any more."""
        if self.tip is None:
            return None
        book, decoder = PoolBook([pool]), LogDecoder([pool])
        for message in messages:
            book.apply(message)
        if seed.hash == self.tip.hash:
            return book
        at = next((place for place, (header, _) in enumerate(self._recent) if header.hash == seed.hash), None)
        later = [] if at is None else list(self._recent)[at + 1 :]
        if at is None and self._recent and self._recent[0][0].parent_hash == seed.hash:
            later = list(self._recent)
        if not later:
            return None
        for _, logs in later:
            for heard in logs:
                if heard.log.address.lower() == pool.id.name:
                    with suppress(LogRefused):  # counted where its block is handed over
                        book.apply(decoder.decode_log(heard.log, heard.received_ns))
        return book

    def join(self, pool: Pool, messages: Sequence[object]) -> None:
        """A pool's state at the tip: it is followed from here on."""
        self._decoder.admit(pool)
        self.pools[pool.id] = pool
        self.book.add(pool)
        for message in messages:
            self.book.apply(message)
        self._market_data.publish(messages)

    def leave_out(self, pool: Pool, reason: str) -> None:
        """A pool is not what it was said to be: it is not followed, and its logs are nobody's."""
        text = clipped(reason, SENTENCE.limit)
        if self.tip is not None:
            self.publish([PoolTrustChanged(pool.id, Trust.DIVERGENT, text, self.tip.number)])
        self.pools.pop(pool.id, None)
        self.book.remove(pool.id)
        self._decoder.expel(pool.id)
        self._market_data.publish([PoolVerdict(pool.id, False, text)])

    def quarantine(self, pool: Pool, number: int, problem: str) -> None:
        """A pool is not what its contract says: it is not traded until it has been read anew."""
        logger.critical("%s is not traded any more, as of block %d: %s", pool.name, number, problem)
        reason = clipped(f"at block {number}, {problem}", SENTENCE.limit)
        self.publish([PoolTrustChanged(pool.id, Trust.DIVERGENT, reason, number)])

    def publish(self, messages: Sequence[object]) -> None:
        """Hand over what belongs to no block."""
        for message in messages:
            self.book.apply(message)
        self._market_data.publish(messages)

    def _decoded(self, logs: Sequence[HeardLog]) -> tuple[list[PoolEvent], list[RpcLog]]:
        counts = self.counts
        events: list[PoolEvent] = []
        foreign: list[RpcLog] = []
        frames: list[bytes] = []
        for heard in logs:
            counts.logs += 1
            try:
                event = self._decoder.decode_log(heard.log, heard.received_ns)
            except LogRefused as refusal:
                counts.refused[refusal.reason] += 1
                if refusal.reason == "not_admitted":
                    foreign.append(heard.log)
                continue
            counts.events[KINDS.get(type(event), "pool_created")] += 1
            events.append(event)
            if self._capture is not None:
                frames.append(_log_encoder.encode(heard.log).join(FRAME))
        if self._capture is not None and frames:
            self._capture(self._terms.name, logs[0].received_ns, frames)
        return events, foreign

    def _completed(self, header: Header, last_log_index: int, logs: int) -> BlockCompleted:
        return BlockCompleted(
            self._terms.chain_id,
            header.number,
            last_log_index,
            header.venue_time_ns,
            logs,
            header.hash,
            header.parent_hash,
        )

    def _status(self, state: StreamState, reason: str) -> StreamStatus:
        self.state = state
        return StreamStatus(
            stream=self._terms.name,
            venue=self._venue,
            state=state,
            reason=clipped(reason, SENTENCE.limit),
            venue_time_ns=self.last_event_ns or 0,
            sequence=self.counts.logs,
            recorded=False,
        )
