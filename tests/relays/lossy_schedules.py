"""Seeded schedules: a small desk of five processes over cables that lose, double and swap batches.

The relays' process is ended and started anew at random. In the end the consumers must have what a run without any
loss would have given them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from random import Random

import attrs
import trio

from alphapulse.data.execution import OrderRequest
from alphapulse.data.instruments import InstrumentId
from alphapulse.data.market import StreamState
from alphapulse.data.signals import ArbitrageSignal
from alphapulse.data.wire import Domain
from alphapulse.relays.relay_link import RelayLink
from alphapulse.relays.relay_server import RelayServer
from alphapulse.rules.amm.pool_state import AmmState
from alphapulse.rules.books.pool_book import PoolBook
from alphapulse.rules.links.topics import ALL, NOTHING, Topics
from tests.journal.journal_samples import halt, intent, run_started, signal
from tests.relays.linked_processes import NOW_NS, Process
from tests.relays.lossy_link import Faults, LossyNetwork
from tests.rules.arbitrage.market_samples import burn, changed, completed, mint, pool, status, swap
from tests.simulation.scheduler import run_seeded

POOLS = [pool(number) for number in range(1, 5)]
LISTS = 40
INTENTS = 15
SIGNALS = 15
TTL_NS = 400_000_000
CLOSED_WITHIN_S = 1.0
RECONNECTED_WITHIN_S = 4.0
"""After a relay's start everybody has found it, however often the first words were lost; that is no gap."""

SETTLES_WITHIN_S = 20.0
QUIET_S = 1.5
LOOK_EVERY_S = 0.05
NS_PER_S = 1_000_000_000
BASE_NS = NOW_NS

States = dict[InstrumentId, AmmState]


@attrs.define
class Outcome:
    """What a schedule showed. `problems` are broken promises, in words."""

    seed: int
    problems: list[str] = attrs.field(factory=list)
    restarts: int = 0
    slowest_s: float = 0.0
    """The longest that a market event took from its publishing to the consumer, relay restarts left out."""


def run_schedule(seed: int) -> Outcome:
    """One schedule on a mock clock; the same seed gives the same schedule, down to Trio's own choices."""
    return run_seeded(seed, _Schedule(seed).run)


class _Schedule:
    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._outcome = Outcome(seed)
        self._network = LossyNetwork(lambda: Faults(Random(self._random.getrandbits(64))))
        self._published: list[object] = []
        self._published_at: dict[object, float] = {}
        self._arrived_at: dict[object, float] = {}
        self._restarts_at: list[float] = []
        self._book = PoolBook(POOLS)
        self._signals: list[ArbitrageSignal] = []
        self._applied: list[object] = []
        self._boots = 1000
        self._expired = 0
        self._signal_servers: list[RelayServer] = []

    async def run(self) -> Outcome:
        async with trio.open_nursery() as nursery:
            relays = await nursery.start(self._relays)
            names = ("collector", "strategy", "engine", "books")
            desk = [Process(name, number, clock=self._now_ns) for number, name in enumerate(names, 1)]
            collector, strategy, engine, books = desk
            await self._consume(nursery, strategy, engine, books)
            links = [
                self._link(collector, Domain.MARKET_DATA, NOTHING),
                self._link(strategy, Domain.MARKET_DATA),
                self._link(strategy, Domain.SIGNAL, NOTHING),
                self._link(engine, Domain.SIGNAL),
                self._link(engine, Domain.EXECUTION, NOTHING),
                self._link(books, Domain.EXECUTION, durable=True),
            ]
            for link in links:
                await nursery.start(link.run)
            with trio.fail_after(120):
                async with trio.open_nursery() as acts:
                    acts.start_soon(self._publish_market, collector)
                    acts.start_soon(self._publish_signals, strategy)
                    acts.start_soon(self._publish_execution, engine)
                    acts.start_soon(self._restart_relays, nursery, relays)
                await self._settle(engine)
            await trio.sleep(TTL_NS / NS_PER_S)
            self._expired = engine.links[Domain.SIGNAL].expired + strategy.links[Domain.SIGNAL].expired
            self._expired += sum(server.report().dropped for server in self._signal_servers)
            nursery.cancel_scope.cancel()
        self._judge()
        return self._outcome

    def _now_ns(self) -> int:
        return BASE_NS + round(trio.current_time() * NS_PER_S)

    def _link(self, process: Process, domain: Domain, topics: Topics = ALL, *, durable: bool = False) -> RelayLink:
        connect = partial(self._network.connect, domain.name)
        return process.link(domain, connect, topics=topics, durable=durable, ttl_ns=TTL_NS)

    async def _relays(self, *, task_status: trio.TaskStatus[trio.CancelScope]) -> None:
        """The process of the three relays; it ends when its scope is cancelled."""
        self._boots += 1
        process = Process("relays", self._boots, clock=self._now_ns)
        with trio.CancelScope() as scope:
            async with trio.open_nursery() as nursery:
                for domain in process.bus.hubs:
                    durable = ("books",) if domain is Domain.EXECUTION else ()
                    server = process.serve(domain, durable=durable, ttl_ns=TTL_NS)
                    await nursery.start(self._network.listen, domain.name, server.serve)
                    if domain is Domain.SIGNAL:
                        self._signal_servers.append(server)
                task_status.started(scope)

    async def _restart_relays(self, nursery: trio.Nursery, scope: trio.CancelScope) -> None:
        for _ in range(self._random.randrange(3)):
            await trio.sleep(self._random.random() * 1.5)
            self._outcome.restarts += 1
            self._restarts_at.append(trio.current_time())
            scope.cancel()
            await trio.sleep(0.001 + self._random.random() * 0.5)
            scope = await nursery.start(self._relays)
            self._restarts_at.append(trio.current_time())

    async def _publish_market(self, collector: Process) -> None:
        relay, rng = collector.bus.market_data, self._random
        for block in range(1, LISTS + 1):
            events: list[object] = [status(StreamState.FRESH)] if rng.randrange(8) == 0 else []
            for place in range(rng.randrange(1, 5)):
                chosen, at = rng.choice(POOLS), (block, place)
                kind = rng.randrange(6)
                if kind < 4:
                    events.append(swap(chosen, at, (1 << 96) + rng.randrange(1 << 90), rng.randrange(1, 1 << 60)))
                elif kind == 4:
                    events.append(mint(chosen, at, (-887_220, 887_220), rng.randrange(1, 1 << 40)))
                else:
                    events.append(burn(chosen, at, (-887_220, 887_220), rng.randrange(1, 1 << 20)))
            events.append(completed((block, 9)))
            for event in events:
                self._published_at[event] = trio.current_time()
            self._published += events
            relay.publish(events)
            await trio.sleep(rng.random() * 0.08)

    async def _publish_signals(self, strategy: Process) -> None:
        for number in range(1, SIGNALS + 1):
            await trio.sleep(self._random.random() * 0.2)
            strategy.bus.signals.publish([changed(signal(number), venue_time_ns=self._now_ns())])

    async def _publish_execution(self, engine: Process) -> None:
        engine.bus.execution.publish([run_started(1)])
        for number in range(1, INTENTS + 1):
            await trio.sleep(self._random.random() * 0.2)
            engine.bus.execution.publish([intent(number)])
            if number == INTENTS // 2:
                engine.bus.execution.publish([halt(1)])

    async def _consume(self, nursery: trio.Nursery, strategy: Process, engine: Process, books: Process) -> None:
        await nursery.start(self._take_market, strategy)
        await nursery.start(self._take_signals, engine)
        await nursery.start(self._take_execution, books)

    async def _take_market(self, strategy: Process, *, task_status: trio.TaskStatus[None]) -> None:
        with strategy.bus.hubs[Domain.MARKET_DATA].subscribe("book") as subscription:
            task_status.started()
            while True:
                for event in await subscription.receive():
                    self._book.apply(event)
                    self._arrived_at.setdefault(event, trio.current_time())

    async def _take_signals(self, engine: Process, *, task_status: trio.TaskStatus[None]) -> None:
        with engine.bus.hubs[Domain.SIGNAL].subscribe("engine") as subscription:
            task_status.started()
            while True:
                for one in await subscription.receive():
                    self._signals.append(one)
                    if (age_ns := self._now_ns() - one.venue_time_ns) > TTL_NS:
                        self._outcome.problems.append(f"a signal was handed on {age_ns} ns after its birth")

    async def _take_execution(self, books: Process, *, task_status: trio.TaskStatus[None]) -> None:
        with books.bus.hubs[Domain.EXECUTION].subscribe("books") as subscription:
            task_status.started()
            while True:
                self._applied += await subscription.receive()
                await trio.sleep(self._random.random() * 0.02)

    async def _settle(self, engine: Process) -> None:
        """Wait until everything is there, or so long that it will not come."""
        await trio.sleep(QUIET_S)  # a relay that has just started anew is found by all
        with trio.move_on_after(SETTLES_WITHIN_S):
            await engine.links[Domain.EXECUTION].wait_acknowledged()
            for _ in range(round(SETTLES_WITHIN_S / LOOK_EVERY_S)):
                if _states(self._book) == _lossless(self._published):
                    return
                await trio.sleep(LOOK_EVERY_S)
        self._outcome.problems.append("the consumers did not come to rest")

    def _judge(self) -> None:
        problems = self._outcome.problems
        if _states(self._book) != _lossless(self._published):
            problems.append("the consumer's book is not that of the run without loss")
        intents = [one.intent_id for one in self._applied if isinstance(one, OrderRequest)]
        if intents != list(range(1, INTENTS + 1)):
            problems.append(f"intents were applied as {intents}")
        others = [type(one).__name__ for one in self._applied if not isinstance(one, OrderRequest)]
        if sorted(others) != ["HaltChange", "RunStarted"]:
            problems.append(f"beside the intents came {others}")
        numbers = [one.signal_id for one in self._signals]
        if numbers != sorted(set(numbers)):
            problems.append(f"signals came as {numbers}")
        if not self._outcome.restarts and len(numbers) + self._expired < SIGNALS:
            problems.append(
                f"of {SIGNALS} signals {len(numbers)} came and {self._expired} expired, without any restart"
            )
        for event, at in self._published_at.items():
            if any(at - RECONNECTED_WITHIN_S <= when <= at + CLOSED_WITHIN_S for when in self._restarts_at):
                continue
            took_s = self._arrived_at.get(event, float("inf")) - at
            self._outcome.slowest_s = max(self._outcome.slowest_s, took_s)
            if took_s > CLOSED_WITHIN_S:
                problems.append(f"an event took {took_s:.3f} s to arrive, with no restart near")


def _states(book: PoolBook) -> States:
    return {one.id: state for one in POOLS if (state := book.state(one.id)) is not None}


def _lossless(events: Sequence[object]) -> States:
    book = PoolBook(POOLS)
    for event in events:
        book.apply(event)
    return _states(book)
