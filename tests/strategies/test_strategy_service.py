"""The task that feeds a strategy."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from alphapulse.data.market import MarketEvent, PoolState
from alphapulse.data.signals import ArbitrageSignal
from alphapulse.relays.bus import Bus
from alphapulse.strategies.strategy import StrategyService
from tests.journal.journal_samples import signal
from tests.rules.arbitrage.market_samples import completed, pool, stamp, swap

EVENT = swap(pool(1), (1, 0), 1 << 96)


class Proposing:
    """Proposes what it was made with at each list that holds a swap; remembers what it was given."""

    def __init__(self, signals: Sequence[ArbitrageSignal] = ()) -> None:
        self.name = "proposing"
        self.seen: list[list[MarketEvent]] = []
        self._signals = list(signals)

    def on_events(self, events: Sequence[MarketEvent]) -> list[ArbitrageSignal]:
        self.seen.append(list(events))
        return self._signals if EVENT in events else []


class Failing(Proposing):
    def on_events(self, events: Sequence[MarketEvent]) -> list[ArbitrageSignal]:
        raise ZeroDivisionError


async def test_what_a_strategy_proposes_is_published_as_one_list(nursery: trio.Nursery) -> None:
    """And nothing where it proposes nothing."""
    bus, strategy = Bus(), Proposing([signal(1), signal(2)])
    with bus.signals.subscribe("engine") as engine:
        await nursery.start(StrategyService(strategy, bus.market_data, bus.signals).run)
        bus.market_data.publish([completed((0, 0))])
        await bus.flow.wait_idle()
        assert bus.signals.statistics().published == 0
        bus.market_data.publish([EVENT, completed((1, 0))])
        await wait_all_tasks_blocked()
        assert await engine.receive() == [signal(1), signal(2)]
    assert strategy.seen == [[completed((0, 0))], [EVENT, completed((1, 0))]]
    nursery.cancel_scope.cancel()


async def test_the_flow_rests_only_when_the_signals_are_dealt_with(nursery: trio.Nursery) -> None:
    """A replay that waits after each block sees the decision made."""
    bus = Bus()
    decided: list[object] = []

    async def engine() -> None:
        with bus.signals.subscribe("engine") as subscription:
            while True:
                signals = await subscription.receive()
                await wait_all_tasks_blocked()
                decided.extend(signals)

    nursery.start_soon(engine)
    await nursery.start(StrategyService(Proposing([signal(1)]), bus.market_data, bus.signals).run)
    await wait_all_tasks_blocked()
    bus.market_data.publish([EVENT])
    await bus.flow.wait_idle()
    assert decided == [signal(1)]
    nursery.cancel_scope.cancel()


async def test_a_life_starts_from_the_snapshot_and_leaves_when_it_ends() -> None:
    bus = Bus()
    bus.market_data.publish([EVENT])
    for _ in range(2):
        strategy = Proposing()
        async with trio.open_nursery() as lives:
            await lives.start(StrategyService(strategy, bus.market_data, bus.signals).run)
            assert [one.name for one in bus.market_data.statistics().subscribers] == ["proposing"]
            await bus.flow.wait_idle()
            lives.cancel_scope.cancel()
        assert strategy.seen == [[PoolState(stamp((1, 0)), EVENT.pool, 1 << 96, EVENT.liquidity, 0)]]
        assert bus.market_data.statistics().subscribers == ()
        assert bus.flow.pending == 0


async def test_a_strategy_that_fails_ends_its_task_and_is_not_waited_for() -> None:
    """The supervisor above decides what comes next."""
    bus = Bus()
    with pytest.RaisesGroup(ZeroDivisionError):
        async with trio.open_nursery() as lives:
            await lives.start(StrategyService(Failing(), bus.market_data, bus.signals).run)
            bus.market_data.publish([EVENT])
    await bus.flow.wait_idle()
    assert bus.market_data.statistics().subscribers == ()


@pytest.mark.parametrize("bundles", [1, 3])
async def test_all_that_waits_is_given_at_once(nursery: trio.Nursery, bundles: int) -> None:
    """A strategy that was busy gets one list, however many were published."""
    bus, strategy = Bus(), Proposing()
    await nursery.start(StrategyService(strategy, bus.market_data, bus.signals).run)
    for _ in range(bundles):
        bus.market_data.publish([EVENT])
    await bus.flow.wait_idle()
    assert strategy.seen == [[EVENT] * bundles]
    nursery.cancel_scope.cancel()
