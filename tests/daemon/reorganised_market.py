"""The shipped half day as a chain that takes blocks back, published to a running daemon by the test.

Between the real blocks there come others of the same numbers, whose prices are shifted so that gaps open that never
were; then the chain goes on from the last real one.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random

from alphapulse import demo
from alphapulse.collectors.recorded.recording import Recording
from alphapulse.daemon import Daemon
from alphapulse.data.chain_events import ChainReorganised
from alphapulse.data.instruments import Venue
from alphapulse.data.market import BlockCompleted, PoolEvent, PoolSwap, StreamState, StreamStatus
from alphapulse.data.pools import Pool
from alphapulse.errors import LogRefused
from alphapulse.rules.amm.tick_math import tick_at_sqrt_ratio
from alphapulse.rules.events.log_decoder import LogDecoder
from tests.daemon.daemon_rig import clock_ns
from tests.execution.execution_fakes import evolved

DAY_FILE = Path(demo.__file__).parent / "uniswap_v3_day" / "usdc_weth_2024-01-05_h00-12.logs.jsonl.gz"
CHAIN = 1
STREAM = "day"
PPM = 1_000_000
MOST_SHIFT_PPM = 8_000
"""Of a root price: gaps of up to three per cent open, which no breaker takes for a broken price."""
MOST_DEPTH = 4

Block = list[PoolEvent]


def real_blocks(pools: Sequence[Pool]) -> list[Block]:
    """The events of the half day, block by block."""
    decoder, blocks = LogDecoder(pools), []
    for recorded in Recording([DAY_FILE]).blocks():
        events: Block = []
        for log in recorded.logs:
            try:
                events.append(decoder.decode_log(log, 0))
            except LogRefused:
                continue
        if events:
            blocks.append(events)
    return blocks


class ReorganisedMarket:
    """Publishes to a daemon whose own recording is over. `share_ppm` of the blocks are followed by others that go."""

    def __init__(self, daemon: Daemon, seed: int, share_ppm: int) -> None:
        self.reorganisations = 0
        self._daemon = daemon
        self._chance = Random(seed)
        self._share_ppm = share_ppm
        self._received = 0

    async def play(self, blocks: list[Block]) -> None:
        """All of them; returns when every consumer has dealt with the last one."""
        await self._publish([StreamStatus(STREAM, Venue.ETHEREUM, StreamState.FRESH, "a test", 0, 0, recorded=True)])
        for place, block in enumerate(blocks):
            await self._hand_over(block)
            if self._chance.randrange(PPM) < self._share_ppm:
                await self._fork(block, blocks[place + 1 : place + 1 + self._chance.randint(1, MOST_DEPTH)])

    async def _fork(self, last: Block, following: list[Block]) -> None:
        ancestor = number = last[-1].stamp.block_number
        for number, block in enumerate(following, ancestor + 1):
            await self._hand_over([self._otherwise(event, number) for event in block])
        if number > ancestor:
            self.reorganisations += 1
            time_ns = last[-1].stamp.venue_time_ns
            gone, new = bytes(31) + b"\1", bytes(31) + b"\2"
            event = ChainReorganised(STREAM, CHAIN, ancestor, bytes(32), number, gone, number + 1, new, time_ns)
            await self._publish([event])

    def _otherwise(self, event: PoolEvent, number: int) -> PoolEvent:
        """The event as another branch has it: in another block, at another price."""
        stamp = evolved(event.stamp, block_number=number)
        if not isinstance(event, PoolSwap):
            return evolved(event, stamp=stamp)
        shift = PPM + self._chance.randint(-MOST_SHIFT_PPM, MOST_SHIFT_PPM)
        root = event.sqrt_price_x96 * shift // PPM
        return evolved(event, stamp=stamp, sqrt_price_x96=root, tick=tick_at_sqrt_ratio(root))

    async def _hand_over(self, block: Block) -> None:
        self._received += 1
        received_ns = clock_ns() + self._received
        events = [evolved(event, stamp=evolved(event.stamp, received_ns=received_ns)) for event in block]
        stamp = events[-1].stamp
        self._daemon.clock.run_from(stamp.venue_time_ns, 0)
        done = BlockCompleted(CHAIN, stamp.block_number, stamp.log_index, stamp.venue_time_ns, len(events), None, None)
        await self._publish([*events, done])

    async def _publish(self, messages: list[object]) -> None:
        self._daemon.bus.market_data.publish(messages)
        await self._daemon.bus.flow.wait_idle()
