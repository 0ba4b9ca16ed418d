"""Seeded schedules, for each delivery class: a consumer that reads slowly or stands still while much is carried."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random

import attrs
import trio

from alphapulse.data.execution import OrderRequest
from alphapulse.data.halts import HaltChange
from alphapulse.data.links import Lane, LinkCondition, LinkHello
from alphapulse.data.market import PoolSwap, StreamState, StreamStatus
from alphapulse.data.signals import ArbitrageSignal
from alphapulse.data.wire import Domain
from alphapulse.relays.link_events import is_link_stream
from alphapulse.relays.relay_server import RelayServer
from alphapulse.rules.books.pool_book import PoolBook
from alphapulse.rules.links.batch import BatchReader
from alphapulse.rules.links.delivery import delivery_of
from alphapulse.rules.wire.frame import decode_messages
from alphapulse.transport.address import MemoryAddress
from alphapulse.transport.byte_link import ByteLink, PeerIdentity
from alphapulse.transport.endpoints import connect, listen
from tests.journal.journal_samples import halt, intent, signal
from tests.relays.linked_processes import NOW_NS, Process
from tests.rules.arbitrage.market_samples import changed, pool, swap
from tests.simulation.scheduler import run_seeded

CLASSES = ("market", "signal", "execution", "control")
TTL_NS = 1_000_000_000
HALT_WITHIN_S = 0.005
PUBLISH_WITHIN_S = 0.010
NS_PER_S = 1_000_000_000
QUIET_LOOKS = 8
RELAY = MemoryAddress("slow")
POOLS = [pool(number) for number in range(1, 41)]
DOMAINS = {"market": Domain.MARKET_DATA, "signal": Domain.SIGNAL}


@attrs.define
class SlowLink:
    """The data lane's connection of a consumer that takes `most` bytes at a time, with pauses between."""

    inner: ByteLink
    most: int
    pause_s: float
    stall_at: float
    stall_s: float
    _reader: BatchReader = attrs.field(factory=BatchReader)
    _lane: Lane | None = None

    @property
    def peer(self) -> PeerIdentity:
        return self.inner.peer

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        if self._lane is None:
            (hello,) = decode_messages(self._reader.feed(data)[0].frames)
            assert isinstance(hello, LinkHello)
            self._lane = hello.lane
        await self.inner.send_all(data)

    async def receive_some(self, max_bytes: int) -> bytes:
        if self._lane is not Lane.DATA:
            return await self.inner.receive_some(max_bytes)
        now = trio.current_time()
        if self.stall_at <= now < self.stall_at + self.stall_s:
            await trio.sleep(self.stall_s)
        await trio.sleep(self.pause_s)
        return await self.inner.receive_some(self.most)

    async def aclose(self) -> None:
        await self.inner.aclose()


@attrs.define
class Outcome:
    """What a schedule showed."""

    seed: int
    kind: str
    problems: list[str] = attrs.field(factory=list)
    dropped: int = 0
    cuts: int = 0


def run_schedule(seed: int) -> Outcome:
    """One schedule on a mock clock; its class goes round with the seed."""
    return run_seeded(seed, _Schedule(seed).run)


class _Schedule:
    def __init__(self, seed: int) -> None:
        rng = self._random = Random(seed)
        self._kind = CLASSES[seed % len(CLASSES)]
        self._domain = DOMAINS.get(self._kind, Domain.EXECUTION)
        self._outcome = Outcome(seed, self._kind)
        self._pace = (rng.choice((4_096, 16_384, 65_536)), rng.choice((0.001, 0.01, 0.05)))
        self._stall = (rng.random(), rng.choice((0.0, 0.3, 1.0, 3.5)))
        self._relays = Process("relays", 1001, clock=self._now_ns)
        self._consumer = Process("consumer", 2, clock=self._now_ns)
        self._given: list[object] = []
        self._published: list[object] = []
        self._halted_at: dict[int, float] = {}

    def _now_ns(self) -> int:
        return NOW_NS + round(trio.current_time() * NS_PER_S)

    async def run(self) -> Outcome:
        durable = ("consumer",) if self._domain is Domain.EXECUTION else ()
        server = self._relays.serve(self._domain, durable=durable, ttl_ns=TTL_NS)
        link = self._consumer.link(self._domain, self._connect, durable=bool(durable), ttl_ns=TTL_NS)
        async with trio.open_nursery() as nursery:
            await nursery.start(listen(RELAY).serve, server.serve)
            await nursery.start(self._take)
            await nursery.start(link.run)
            with trio.fail_after(3600):
                await self._publish()
                await self._settle(server)
            report = server.report()
            self._outcome.dropped, self._outcome.cuts = report.dropped, report.cuts
            self._judge(link.expired)
            nursery.cancel_scope.cancel()
        return self._outcome

    async def _connect(self) -> ByteLink:
        return SlowLink(await connect(RELAY), *self._pace, *self._stall)

    async def _publish(self) -> None:
        """More than a queue holds, in lists; halts among them on the execution relay."""
        hub, limit = self._relays.bus.hubs[self._domain], delivery_of(self._domain).queue_messages
        total = round(limit * self._random.choice((0.3, 0.6, 1.2)))
        most = max(1, total // 20)
        while len(self._published) < total:
            messages = self._messages(self._random.randrange(1, 2 * most))
            self._published += messages
            before = trio.current_time()
            hub.publish(messages)
            if trio.current_time() - before > PUBLISH_WITHIN_S:
                self._outcome.problems.append("publishing waited for a consumer")
            if self._domain is Domain.EXECUTION and self._random.randrange(4) == 0:
                await self._halt()
            await trio.sleep(self._random.random() * 0.05)

    async def _halt(self) -> None:
        number = len(self._halted_at) + 1
        self._halted_at[number] = trio.current_time()
        self._relays.bus.hubs[self._domain].publish([halt(number)])

    def _messages(self, count: int) -> Sequence[object]:
        first = len(self._published) + 1
        if self._kind == "market":
            return [
                swap(self._random.choice(POOLS), (number, 0), (1 << 96) + number)
                for number in range(first, first + count)
            ]
        if self._kind == "signal":
            born_ns = self._now_ns()
            return [changed(signal(number), venue_time_ns=born_ns) for number in range(first, first + count)]
        return [intent(number) for number in range(first, first + count)]

    async def _take(self, *, task_status: trio.TaskStatus[None]) -> None:
        hub = self._consumer.bus.hubs[self._domain]
        with hub.subscribe("consumer") as subscription:
            task_status.started()
            while True:
                for message in await subscription.receive():
                    if isinstance(message, HaltChange):
                        took_s = trio.current_time() - self._halted_at[message.halt_id]
                        if took_s > HALT_WITHIN_S:
                            self._outcome.problems.append(f"halt {message.halt_id} took {took_s * 1e3:.1f} ms")
                    self._given.append(message)

    async def _settle(self, server: RelayServer) -> None:
        """Wait until nothing more is on its way, and a little longer."""
        seen, quiet = -1, 0
        while quiet < QUIET_LOOKS:
            await trio.sleep(0.5)  # noqa: ASYNC110 - rest is that nothing happens, and nothing tells of it
            links = server.report().consumers
            rests = (
                len(self._given) == seen and any(one.connected for one in links) and not any(one.lag for one in links)
            )
            quiet = quiet + 1 if rests else 0
            seen = len(self._given)

    def _judge(self, expired_late: int) -> None:
        problems, outcome = self._outcome.problems, self._outcome
        kinds = Counter(type(one) for one in self._given)
        notices = [notice.condition for notice in self._relays.notices]
        if notices.count(LinkCondition.CUT) != outcome.cuts:
            problems.append(
                f"{outcome.cuts} consumers were cut off, but {notices.count(LinkCondition.CUT)} cuts were told"
            )
        if kinds[HaltChange] != len(self._halted_at):
            problems.append(f"of {len(self._halted_at)} halts {kinds[HaltChange]} came")
        if self._kind == "market":
            self._judge_market(kinds[PoolSwap])
        elif self._kind == "signal":
            lost = len(self._published) - kinds[ArbitrageSignal]
            if lost != outcome.dropped + expired_late and not outcome.cuts:
                problems.append(f"{lost} signals did not come, counted were {outcome.dropped} + {expired_late}")
        else:
            numbers = [one.intent_id for one in self._given if isinstance(one, OrderRequest)]
            if numbers != list(range(1, len(self._published) + 1)):
                problems.append(f"{len(numbers)} intents of {len(self._published)} came, or not in order")

    def _judge_market(self, came: int) -> None:
        lossless, book = PoolBook(POOLS), PoolBook(POOLS)
        for event in self._published:
            lossless.apply(event)
        for event in self._given:
            book.apply(event)
        for one in POOLS:
            if book.state(one.id) != lossless.state(one.id):
                self._outcome.problems.append(f"the newest state of {one.name} is not the one that was published")
        told = [one.state for one in self._given if isinstance(one, StreamStatus) and is_link_stream(one)]
        if self._outcome.dropped and not self._outcome.cuts and StreamState.GAP not in told:
            self._outcome.problems.append("nobody told the consumer of what was left out for it")
        lost = len(self._published) - came
        resets = [one for one in self._given if isinstance(one, StreamStatus) and not is_link_stream(one)]
        if lost != self._outcome.dropped and not self._outcome.cuts and not resets:
            self._outcome.problems.append(f"{lost} events did not come, counted were {self._outcome.dropped}")
