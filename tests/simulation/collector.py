"""The model chain's collector: from frames of a line that cannot be trusted to whole blocks, or to the word GAP.

It does what every collector of a chain has to: logs are decoded by the product's decoder, a block counts once all its
admitted logs are there, and whatever is missing, doubtful or late is said on the stream before anybody trades on it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

import trio

from alphapulse.data.chain_events import ChainReorganised
from alphapulse.data.market import BlockCompleted, LogStamp, PoolEvent, PoolState, StreamState, StreamStatus
from alphapulse.data.pools import Pool
from alphapulse.errors import LogRefused
from alphapulse.observe.market_clock import MarketClock
from alphapulse.relays.any_relay import AnyRelay
from alphapulse.rules.events.log_decoder import LogDecoder
from tests.simulation.chain import KEPT_BLOCKS, ModelBlock
from tests.simulation.frames import Head, read_head
from tests.simulation.node import Connection, Disconnected, ModelNode

NS_PER_S = 1_000_000_000
REAL_TIME_PPM = 1_000_000
RECONNECT_S = 1.0
SILENCE_BLOCKS = 3
"""So many block times without a header, and the line counts as dead."""
LATE_S = 1.0
"""How long a header waits for logs that are missing."""
END_OF_BLOCK = (1 << 32) - 1
KEPT_LOGS = 16
"""Blocks behind the head whose logs may still be of use: on a branch of which no header has come yet."""


class Gap(Exception):
    """Something is missing that will not come any more."""


class ModelCollector:
    """One life of it: follows the chain's head until it is cancelled, over any number of connections."""

    NAME = "day"

    def __init__(
        self,
        node: ModelNode,
        pools: Sequence[Pool],
        market_data: AnyRelay,
        clock: MarketClock,
        *,
        begin_run: Callable[[str], Awaitable[None]],
        now_ns: Callable[[], int],
        block_s: int,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._node = node
        self._pools = pools
        self._admitted = frozenset(pool.id.name for pool in pools)
        self._decoder = LogDecoder(pools)
        self._market_data = market_data
        self._clock = clock
        self._begin_run = begin_run
        self._now_ns = now_ns
        self._block_s = block_s
        self._head = 0
        self._time_ns = 0
        self._logs: dict[tuple[int, str], dict[int, PoolEvent]] = {}
        self._heads: dict[int, Head] = {}
        self._branch = 0
        self._forks: tuple[tuple[int, int], ...] = ()
        self._hashes: dict[int, str] = {}

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Runs until cancelled."""
        await self._begin_run("the collector started")
        task_status.started()
        try:
            while True:
                try:
                    connection = self._node.connect()
                    await self._follow(connection)
                except (Disconnected, Gap) as error:
                    self.counts[type(error).__name__] += 1
                    self._say(StreamState.GAP if isinstance(error, Gap) else StreamState.STALE, str(error))
                    await trio.sleep(RECONNECT_S)
        finally:
            self._say(StreamState.STALE, "the collector was stopped")

    async def _follow(self, connection: Connection) -> None:
        try:
            self._begin_from(await connection.snapshot())
            while True:
                with trio.move_on_after(SILENCE_BLOCKS * self._block_s) as patience:
                    while not await self._advance(connection):
                        pass
                if patience.cancelled_caught:
                    raise Disconnected(f"no block for {SILENCE_BLOCKS * self._block_s} s")
        finally:
            connection.cut()

    def _begin_from(self, block: ModelBlock) -> None:
        """Forget all and take the chain's own word for where the pools stand."""
        self._logs.clear()
        self._heads.clear()
        self._head = block.number
        self._hashes = {block.number: block.hash}
        self._branch, self._forks = block.branch, block.forks
        self._time_ns = block.time_s * NS_PER_S
        stamp = LogStamp(block.number, END_OF_BLOCK, 0, bytes(32), None, self._time_ns, self._now_ns())
        states = [
            PoolState(stamp, pool.id, state.sqrt_price_x96, state.liquidity, state.tick)
            for pool, state in zip(self._pools, block.states, strict=True)
        ]
        self._say(StreamState.RESET, "the pools are read anew")
        self._clock.run_from(self._time_ns, REAL_TIME_PPM)
        self._market_data.publish(states)
        self._say(StreamState.FRESH, f"block {block.number}")

    async def _advance(self, connection: Connection) -> bool:
        """Take frames in; True if a block was completed. Raises Gap if one can no longer be."""
        waiting = bool(self._heads)
        with trio.move_on_after(LATE_S if waiting else math.inf) as patience:
            for frame in await connection.receive():
                self._take(frame)
        advanced = False
        while (head := self._heads.get(self._head + 1)) is not None and self._is_whole(head):
            self._hand_over(head)
            advanced = True
        too_far = bool(self._heads) and max(self._heads) > self._head + SILENCE_BLOCKS
        if not advanced and (patience.cancelled_caught or too_far):
            raise Gap(f"block {self._head + 1} is not whole")
        return advanced

    def _take(self, frame: bytes) -> None:
        head = read_head(frame)
        if head is not None:
            if head.branch > self._branch:
                self._take_back(head)
            if head.number > self._head and self._is_canonical(head):
                self._heads[head.number] = head
            return
        try:
            event = self._decoder.decode(frame, self._now_ns())
        except LogRefused as refusal:
            self.counts[refusal.reason] += 1
            return
        (block, index), block_hash = event.stamp.position, event.stamp.block_hash
        if block > self._head - KEPT_LOGS and block_hash is not None:
            known = self._logs.setdefault((block, f"0x{block_hash.hex()}"), {}).setdefault(index, event)
            if known != event:
                raise Gap(f"two logs at block {block}, log {index}")

    def _is_canonical(self, head: Head) -> bool:
        """Whether no branch that is known has taken the block back."""
        return all(head.number <= ancestor for branch, ancestor in self._forks if branch > head.branch)

    def _take_back(self, head: Head) -> None:
        """The header is of a newer branch: what lies behind the last block that both have is undone.

        Raises Gap if that is not known: too many forks were missed, or the block itself is older than what is kept.
        """
        told = dict(head.forks)
        missed = range(self._branch + 1, head.branch + 1)
        if any(branch not in told for branch in missed):
            raise Gap(f"the branches from {self._branch} to {head.branch} are not known")
        ancestor = min(told[branch] for branch in missed)
        self._branch, self._forks = head.branch, head.forks
        self._heads = {number: one for number, one in self._heads.items() if number <= ancestor}
        if ancestor >= self._head:
            return
        if ancestor not in self._hashes:
            raise Gap(f"block {ancestor}, from which the chain goes on, is not known")
        hashes = [bytes.fromhex(one[2:]) for one in (self._hashes[ancestor], self._hashes[self._head], head.hash)]
        event = ChainReorganised(
            self.NAME, 1, ancestor, hashes[0], self._head, hashes[1], head.number, hashes[2], head.timestamp * NS_PER_S
        )
        self._head = ancestor
        self._hashes = {number: one for number, one in self._hashes.items() if number <= ancestor}
        self.counts["reorganisations"] += 1
        self._market_data.publish([event])

    def _is_whole(self, head: Head) -> bool:
        expected = {index for address, index in head.logs if address in self._admitted}
        return expected == set(self._logs.get((head.number, head.hash), ()))

    def _hand_over(self, head: Head) -> None:
        events = [event for _, event in sorted(self._logs.pop((head.number, head.hash), {}).items())]
        self._logs = {key: logs for key, logs in self._logs.items() if key[0] > head.number - KEPT_LOGS}
        del self._heads[head.number]
        self._head, self._time_ns = head.number, head.timestamp * NS_PER_S
        self._hashes[head.number] = head.hash
        self._hashes.pop(head.number - KEPT_BLOCKS, None)
        self._clock.run_from(self._time_ns, REAL_TIME_PPM)
        last = events[-1].stamp.log_index if events else 0
        self._market_data.publish(
            [*events, BlockCompleted(1, head.number, last, self._time_ns, len(events), None, None)]
        )
        self.counts["blocks"] += 1

    def _say(self, state: StreamState, reason: str) -> None:
        status = StreamStatus(
            stream=self.NAME,
            venue=self._pools[0].id.venue,
            state=state,
            reason=reason,
            venue_time_ns=self._time_ns,
            sequence=self.counts["blocks"],
            recorded=False,
        )
        self._market_data.publish([status])

    @property
    def head(self) -> str:
        """The hash of the newest block that was handed over whole and stands; empty before the first."""
        return self._hashes.get(self._head, "")

    def hash_of(self, number: int) -> str | None:
        """The hash of a block that was handed over and stands; None if it is not kept."""
        return self._hashes.get(number)
