"""Replays a recording: hands over one block at a time and waits until every consumer has dealt with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from typing import Literal

import attrs
import trio

from alphapulse.collectors.recorded.recording import RecordedBlock, Recording
from alphapulse.data.chains import CHAINS
from alphapulse.data.market import (
    BlockCompleted,
    PoolBurn,
    PoolCollect,
    PoolEvent,
    PoolMint,
    PoolSwap,
    StreamState,
    StreamStatus,
)
from alphapulse.data.pair_events import PairBurn, PairMint, PairSwap
from alphapulse.data.pool_events import (
    PoolFeeChanged,
    PoolFlash,
    PoolInitialized,
    ProtocolFeeChanged,
    ProtocolFeesCollected,
)
from alphapulse.data.pool_reserves import PoolSync
from alphapulse.data.pools import Pool
from alphapulse.data.wire import SENTENCE
from alphapulse.errors import LogRefused, RecordingError
from alphapulse.journal.blocking import RunBlocking
from alphapulse.observe.market_clock import MarketClock
from alphapulse.relays.any_relay import AnyRelay
from alphapulse.rules.events.hex_text import read_time_ns
from alphapulse.rules.events.log_decoder import LogDecoder
from alphapulse.rules.events.log_order import LogOrder
from alphapulse.rules.wire.slots import maker_of
from alphapulse.safety.clipped import clipped

READ_BLOCKS = 512
"""Blocks fetched by one hop to the reading thread."""

PACED_BLOCKS = 32
"""The same at a pace, where a block must not be late because hundreds behind it are being read."""

PAUSE_BEFORE_REPEAT_S = 5
NS_PER_S = 1_000_000_000
SPEED_PPM = 1_000_000

_completed: Callable[..., BlockCompleted] = maker_of(BlockCompleted)

KINDS: dict[type, str] = {
    PoolSwap: "v3_swap",
    PoolMint: "v3_mint",
    PoolBurn: "v3_burn",
    PoolCollect: "v3_collect",
    PoolInitialized: "v3_initialize",
    PoolFlash: "v3_flash",
    ProtocolFeesCollected: "v3_collect_protocol",
    ProtocolFeeChanged: "protocol_fee",
    PoolFeeChanged: "algebra_fee",
    PairSwap: "v2_swap",
    PoolSync: "v2_sync",
    PairMint: "v2_mint",
    PairBurn: "v2_burn",
}


@attrs.frozen
class ReplayTerms:
    """How a recording is replayed. `speed_ppm` is in millionths of real time, 0 is as fast as it goes."""

    name: str
    speed_ppm: int
    start_ns: int | None
    end_ns: int | None
    at_end: Literal["stop", "hold", "repeat"]


@attrs.define
class ReplayCounts:
    """What a replay has handed over and refused in the current pass; `elapsed_ns` is set at its end."""

    logs: int = 0
    blocks: int = 0
    elapsed_ns: int = 0
    events: Counter[str] = attrs.field(factory=Counter)
    refused: Counter[str] = attrs.field(factory=Counter)


class RecordedCollector:
    """Replays a recording of pool logs into the market-data relay.

    `begin_run` opens fresh books; it is awaited before each pass. `on_end` is told when the recording is over, with
    the problem that ended it, if any. `capture` is told of all frames: who received them, when (ns), and their bytes.
    """

    def __init__(
        self,
        recording: Recording,
        pools: Sequence[Pool],
        terms: ReplayTerms,
        market_data: AnyRelay,
        clock: MarketClock,
        *,
        begin_run: Callable[[str], Awaitable[None]],
        on_end: Callable[[RecordingError | None], None],
        run_blocking: RunBlocking,
        now_ns: Callable[[], int],
        capture: Callable[[str, int, Sequence[bytes]], None] | None = None,
    ) -> None:
        self._recording = recording
        self._venue = CHAINS[pools[0].id.chain_id or 0].venue
        self._admitted = frozenset(pool.id.name for pool in pools)
        self._terms = terms
        self._market_data = market_data
        self._clock = clock
        self._begin_run = begin_run
        self._on_end = on_end
        self._run_blocking = run_blocking
        self._now_ns = now_ns
        self._capture = capture
        self._decoder = LogDecoder(pools)
        self._order = LogOrder()
        self.last_event_ns: int | None = None
        self.counts = ReplayCounts()
        self.span_ns: tuple[int, int] | None = None
        self.finished = False
        self._start_reason = "the daemon started"

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Runs until cancelled, also when the recording is over."""
        terms = self._terms
        reason, self._start_reason = self._start_reason, "the collector was restarted"
        try:
            if terms.speed_ppm:
                self.span_ns = await self._run_blocking(self._read_span_ns)
            await self._reset(reason)
            task_status.started()
            while True:
                problem = await self._replay()
                self._publish_state(StreamState.ENDED, str(problem) if problem else "the recording is over")
                await self._market_data.flow.wait_idle()
                self.finished = True
                self._on_end(problem)
                if terms.at_end != "repeat":
                    await trio.sleep_forever()
                await trio.sleep(PAUSE_BEFORE_REPEAT_S)
                await self._reset("the recording began again")
        finally:
            if not self.finished:
                self._publish_state(StreamState.STALE, "the collector was stopped")

    async def _reset(self, reason: str) -> None:
        self.finished = False
        self.counts = ReplayCounts()
        self.last_event_ns = None
        self._recording.refused.clear()
        self._order = LogOrder()
        await self._begin_run(reason)
        self._publish_state(StreamState.RESET, reason)
        await self._market_data.flow.wait_idle()

    async def _replay(self) -> RecordingError | None:
        """One pass. Returns what ended the recording early, None if it was read to its end."""
        terms = self._terms
        first_ns = self.span_ns[0] if self.span_ns else 0
        started_at = trio.current_time()
        count = PACED_BLOCKS if terms.speed_ppm else READ_BLOCKS
        # A thread that reads is always waited for, so nobody else uses the blocks when they are closed.
        with closing(self._recording.blocks(terms.start_ns, terms.end_ns)) as blocks:
            while True:
                batch, problem = await self._run_blocking(_take, blocks, count)
                for block in batch:
                    if terms.speed_ppm and (time_ns := self._time_ns(block)) is not None:
                        due_s = (time_ns - first_ns) / NS_PER_S * SPEED_PPM / terms.speed_ppm
                        await trio.sleep_until(started_at + due_s)
                    await self._hand_over(block)
                self.counts.refused.update(self._recording.refused)
                self._recording.refused.clear()
                if problem is not None or not batch:
                    self.counts.elapsed_ns = round((trio.current_time() - started_at) * NS_PER_S)
                    return problem

    def _read_span_ns(self) -> tuple[int, int] | None:
        """First and last timestamp of the recording, None if it tells none; reads it once to its end."""
        span: tuple[int, int] | None = None
        try:
            for block in self._recording.blocks(self._terms.start_ns, self._terms.end_ns):
                if (time_ns := self._time_ns(block)) is not None:
                    span = (span[0] if span else time_ns, time_ns)
        except RecordingError:
            pass  # said when the recording is replayed
        finally:
            self._recording.refused.clear()
        return span

    def _time_ns(self, block: RecordedBlock) -> int | None:
        """When a block was made, as an admitted pool's log tells it: others' logs do not set the pace."""
        for log in block.logs:
            if log.block_timestamp is not None and log.address.lower() in self._admitted:
                try:
                    return read_time_ns(log.block_timestamp)
                except LogRefused:
                    continue
        return None

    async def _hand_over(self, block: RecordedBlock) -> None:
        counts = self.counts
        received_ns = self._now_ns()
        if self._capture is not None:
            self._capture(self._terms.name, received_ns, block.frames)
        counts.logs += len(block.logs)
        decode, check = self._decoder.decode_log, self._order.check
        events: list[PoolEvent] = []
        for log in block.logs:
            try:
                event = decode(log, received_ns)
                check(event)
            except LogRefused as refusal:
                counts.refused[refusal.reason] += 1
                continue
            counts.events[KINDS[type(event)]] += 1
            events.append(event)
        if not events:
            return
        stamp = events[-1].stamp
        self.last_event_ns = stamp.venue_time_ns
        if not counts.blocks:
            self._publish_state(StreamState.FRESH, "first block")
        counts.blocks += 1
        self._clock.run_from(stamp.venue_time_ns, self._terms.speed_ppm, self.span_ns[1] if self.span_ns else None)
        chain_id = events[-1].pool.chain_id or 0
        completed = _completed(
            chain_id, stamp.block_number, stamp.log_index, stamp.venue_time_ns, len(events), stamp.block_hash, None
        )
        self._market_data.publish([*events, completed])
        await self._market_data.flow.wait_idle()

    def _publish_state(self, state: StreamState, reason: str) -> None:
        status = StreamStatus(
            stream=self._terms.name,
            venue=self._venue,
            state=state,
            reason=clipped(reason, SENTENCE.limit),
            venue_time_ns=self.last_event_ns or 0,
            sequence=self.counts.logs,
            recorded=True,
        )
        self._market_data.publish([status])


def _take(blocks: Iterator[RecordedBlock], count: int) -> tuple[list[RecordedBlock], RecordingError | None]:
    """The next blocks, and what ended the recording while they were read."""
    batch: list[RecordedBlock] = []
    try:
        batch.extend(islice(blocks, count))
    except RecordingError as problem:
        return batch, problem
    return batch, None
