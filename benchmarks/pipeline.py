"""From the text of a frame to the decision, and to the signal, in the parts that the daemon is made of.

Decoder, order check, market-data relay, the strategy's task, signal relay and a task that reads it, as in the daemon.
Frames come back to back: each when the one before has been dealt with. The garbage collector runs as it does there.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from itertools import count, islice
from time import perf_counter_ns, time_ns

import attrs
import trio

from alphapulse.cli.garbage import spare_collector
from alphapulse.collectors.recorded.recording import frame_of
from alphapulse.data.chains import CHAINS
from alphapulse.data.instruments import InstrumentId
from alphapulse.data.market import MarketEvent
from alphapulse.data.pools import Pool
from alphapulse.data.signals import ArbitrageSignal
from alphapulse.data.wire import Domain
from alphapulse.relays.bus import Bus
from alphapulse.relays.relay import Relay
from alphapulse.rules.arbitrage.gas import GasTerms
from alphapulse.rules.events.log_decoder import LogDecoder
from alphapulse.rules.events.log_order import LogOrder
from alphapulse.strategies.flash_arbitrage import FlashArbitrage, FlashArbitrageTerms
from alphapulse.strategies.strategy import Strategy, StrategyService
from benchmarks.day import Day, shifted
from benchmarks.figures import ROUNDS, Budget, Figure, quantile

ETHEREUM = CHAINS[1]
MANY_POOLS = 1_000
SAMPLES = 1_000
"""States of each kind in a round; the 99th percentile needs no fewer."""

GAS_PRICE_WEI = 1_000
"""At which each opportunity state of the day leaves something, and becomes a signal."""
US = 1e3

DECISION_BUDGETS = (Budget(20), Budget(50))
SIGNAL_BUDGETS = (Budget(25), Budget(60))

Step = tuple[bytes, bytes]
"""The other pool's frame, which is not timed, and the frame of the state, which is."""


class StampedStrategy:
    """A strategy that notes when it has decided."""

    def __init__(self, inner: Strategy) -> None:
        self.name = inner.name
        self.decided_ns = 0
        self._inner = inner

    def on_events(self, events: Sequence[MarketEvent]) -> list[ArbitrageSignal]:
        """What the inner strategy says."""
        signals = self._inner.on_events(events)
        self.decided_ns = perf_counter_ns()
        return signals


class StampedRelay(Relay):
    """A relay that notes when it has published."""

    published_ns = 0

    def publish(self, messages: Sequence[object]) -> None:
        """As any relay does."""
        super().publish(messages)
        self.published_ns = perf_counter_ns()


def measure(day: Day) -> list[Figure]:
    """With the two pools of the day, and with a thousand in which the day's states take turns."""
    figures: list[Figure] = []
    for pools in (list(day.pools), many_pools(day, MANY_POOLS)):
        screened, opened = (islice(steps(day, pools, chosen), SAMPLES) for chosen in day.states())
        name = f"{len(pools):,} pools"
        figures += _figures(f"frame -> decision, screened out, {name}", pools, list(screened), DECISION_BUDGETS)
        figures += _figures(f"frame -> signal published, {name}", pools, list(opened), SIGNAL_BUDGETS, signals=True)
    return figures


def many_pools(day: Day, number: int) -> list[Pool]:
    """The day's two pools, copied over made-up tokens against the same coin, until there are `number`."""
    pools = []
    for index in range(1, number // 2 + 1):
        token = attrs.evolve(day.pools[0].token0, address=index.to_bytes(20, "big"))
        for side, pool in enumerate(day.pools):
            address = ((index << 8) + side + 1).to_bytes(20, "big")
            id_ = InstrumentId.from_pool_address(address, ETHEREUM.venue)
            pools.append(attrs.evolve(pool, id=id_, token0=token))
    return pools


def steps(day: Day, pools: Sequence[Pool], states: Sequence[tuple[int, int]]) -> Iterator[Step]:
    """The given states of the day without end, each in the next two pools and in a block of its own."""
    side_of = {pool.id: side for side, pool in enumerate(day.pools)}
    for turn in count():
        before, now = states[turn % len(states)]
        pair = turn % (len(pools) // 2) * 2
        yield tuple(  # type: ignore[misc]  # two indices make two frames
            frame_of(
                shifted(
                    day.lines[index],
                    blocks=0,
                    seconds=0,
                    address=pools[pair + side_of[day.events[index].pool]].id.name,
                    blockNumber=hex(20_000_000 + turn),
                    logIndex=hex(place),
                )
            )
            for place, index in enumerate((before, now))
        )


def _figures(
    name: str, pools: Sequence[Pool], frames: list[Step], budgets: tuple[Budget, Budget], *, signals: bool = False
) -> list[Figure]:
    rounds = []
    for _ in range(ROUNDS):
        gc.collect()
        spare_collector()  # as the daemon does once it has started
        rounds.append(trio.run(_round, pools, frames, signals))
        gc.unfreeze()
    return [
        Figure(f"{name}, p{share:.0%}"[:-1], "µs", tuple(quantile(taken, share) / US for taken in rounds), budget)
        for share, budget in zip((0.5, 0.99), budgets, strict=True)
    ]


async def _round(pools: Sequence[Pool], frames: list[Step], signals: bool) -> list[int]:
    bus = Bus()
    bus.signals = StampedRelay(Domain.SIGNAL, bus.flow)
    decoder, order = LogDecoder(pools), LogOrder()
    strategy = StampedStrategy(_strategy(pools))

    async def handle(frame: bytes) -> None:
        event = decoder.decode(frame, time_ns())
        order.check(event)
        bus.market_data.publish([event])
        await bus.flow.wait_idle()

    taken: list[int] = []
    async with trio.open_nursery() as nursery:
        await nursery.start(StrategyService(strategy, bus.market_data, bus.signals).run)
        await nursery.start(_read, bus.signals)
        for before, now in frames:
            await handle(before)
            began = perf_counter_ns()
            await handle(now)
            taken.append((bus.signals.published_ns if signals else strategy.decided_ns) - began)
        nursery.cancel_scope.cancel("the round is over")
    if min(taken) <= 0:
        raise RuntimeError("a state gave no signal, or no decision: the measurement would lie")
    return taken


async def _read(relay: Relay, *, task_status: trio.TaskStatus[None]) -> None:
    """Stands for the engine: somebody reads the signals."""
    with relay.subscribe("engine", types=(ArbitrageSignal,)) as subscription:
        task_status.started()
        while True:
            await subscription.receive()


def _strategy(pools: Sequence[Pool]) -> FlashArbitrage:
    ids = count(1)
    terms = FlashArbitrageTerms("log", (), ETHEREUM.wrapped_native, gas=GasTerms(price_wei=GAS_PRICE_WEI))
    return FlashArbitrage(
        "flash_arbitrage", terms, pools, next_signal_id=lambda: next(ids), run=lambda: 1, halt_epoch=lambda: 1
    )
