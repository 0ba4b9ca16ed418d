"""Links between processes: fan-out over Unix sockets, and what a message costs as consumers and topics grow.

Fan-out: one process publishes Trades in lists, as a collector does with what one read brought; each consumer is a
process of its own that parses every frame, checks its checksum and hands the values to a subscriber. The rate is that
of each consumer, from the first publish until all have dealt with everything.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random

import trio

from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.data.trades import Trade
from alphapulse.data.wire import Domain, Source
from alphapulse.relays.engagement import Engagement
from alphapulse.relays.flow import Flow
from alphapulse.relays.relay import Relay
from alphapulse.relays.relay_link import LinkTerms, RelayLink
from alphapulse.relays.relay_server import RelayServer, ServerTerms
from alphapulse.relays.subscription import Subscription
from alphapulse.rules.wire.codec import CORE
from alphapulse.transport.address import UnixAddress
from alphapulse.transport.endpoints import connect, listen
from benchmarks.day import Day
from benchmarks.figures import ROUNDS, Budget, Figure, microseconds
from benchmarks.wire_samples import trades

CONSUMERS = (1, 2, 4)
LIST = 256
MESSAGES = 150 * LIST
"""In a round."""

MOST_WAITING = 8_192
"""Messages that may wait for a consumer before the publisher lets it catch up: half of what a relay allows."""

LOOK_EVERY = 8
"""Lists between two looks at that: the report that is looked at costs as much as a list."""

LOOK_S = 0.001
MOST_LOOKS = 30_000
FAN_OUT = Budget(2, at_least=True)
GROWTH = (1, 10, 100, 1_000)
SOCKET = "market.sock"


class Sink(Subscription[Trade]):
    """Keeps nothing: what is left is what the hub does."""

    def offer(self, messages: Sequence[Trade]) -> None:
        """Take messages, and forget them."""


def measure(_: Day) -> list[Figure]:
    """Fan-out to 1, 2 and 4 processes; then growth within one."""
    samples = trades(LIST)
    return [
        *(_fan_out(number) for number in CONSUMERS),
        *(
            microseconds(f"hub, a message to {number:,} consumers of all", _to_all(number, samples))
            for number in GROWTH
        ),
        *(microseconds(f"hub, a message among {number:,} topics", _by_topic(number)) for number in GROWTH),
    ]


def _fan_out(consumers: int) -> Figure:
    with tempfile.TemporaryDirectory() as folder:
        rounds = trio.run(_publish, Path(folder), consumers)
    budget = FAN_OUT if consumers == 2 and CORE is not None else None
    return Figure(f"Unix link, parsed by {consumers} in other processes, each", "M/s", rounds, budget)


async def _publish(folder: Path, consumers: int) -> tuple[float, ...]:
    flow = Flow()
    engagement = Engagement(flow, leads=True)
    hub = Relay(Domain.MARKET_DATA, flow)
    terms = ServerTerms("market_data", 1, Source.MARKET_DATA_RELAY, engagement, time.time_ns, time.time_ns)
    server = RelayServer(hub, terms)
    messages, rates = trades(MESSAGES), []
    lists = [messages[at : at + LIST] for at in range(0, MESSAGES, LIST)]
    async with trio.open_nursery() as nursery:
        await nursery.start(listen(UnixAddress(folder / SOCKET)).serve, server.serve)
        with _processes(folder, consumers):
            await _wait_for(lambda: len(server.report().consumers) == consumers)
            for _ in range(ROUNDS + 1):
                began = time.perf_counter_ns()
                for number, one in enumerate(lists):
                    hub.publish(one)
                    await trio.lowlevel.checkpoint()
                    if number % LOOK_EVERY == 0:
                        await _wait_for(lambda: all(one.lag < MOST_WAITING for one in server.report().consumers))
                await flow.wait_idle()
                rates.append(MESSAGES * 1e3 / (time.perf_counter_ns() - began))
        nursery.cancel_scope.cancel("all rounds are measured")
    return tuple(rates[1:])  # in the first, codecs are made and caches filled


async def _wait_for(condition: Callable[[], bool]) -> None:
    """Others' progress is seen in the server's report; nothing tells of it."""
    for _ in range(MOST_LOOKS):
        if condition():
            return
        await trio.sleep(LOOK_S)
    raise RuntimeError("the consumers do not come on: the measurement would lie")


@contextmanager
def _processes(folder: Path, number: int) -> Iterator[None]:
    command = [sys.executable, "-m", "benchmarks.links", str(folder)]
    running = [subprocess.Popen([*command, f"consumer {one}"]) for one in range(number)]  # noqa: S603 - ourselves
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


async def _consume(folder: Path, name: str) -> None:
    """What one of the other processes does, until it is killed."""
    flow = Flow()
    hub = Relay(Domain.MARKET_DATA, flow)
    address = UnixAddress(folder / SOCKET)
    terms = LinkTerms(
        relay="market_data", service=name, boot_id=2, source=Source.METRICS_COLLECTOR, engagement=Engagement(flow),
        now_ns=time.time_ns, market_ns=time.time_ns, random=Random(1),  # noqa: S311 - guards nothing
    )  # fmt: skip
    with hub.subscribe(name, types=(Trade,)) as subscription:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(RelayLink(hub, lambda: connect(address), terms).run)
            while True:
                await subscription.receive()


def _to_all(number: int, messages: Sequence[object]) -> Callable[[], int]:
    hub = Relay(Domain.MARKET_DATA, Flow())
    for one in range(number):
        hub.feed(Sink(str(one), hub.flow))
    return _publishing(hub, messages)


def _by_topic(number: int) -> Callable[[], int]:
    """Each consumer wants one instrument, and each message is about one."""
    hub = Relay(Domain.MARKET_DATA, Flow())
    (sample,) = trades(1)
    instruments = [InstrumentId.from_symbol(f"T{one}/USD", Venue.KRAKEN) for one in range(number)]
    for one in instruments:
        hub.feed(Sink(one.name, hub.flow), instruments=(one,))
    other = (sample.price_q8, sample.volume_q8, sample.execution_time_ns, sample.side)
    return _publishing(hub, [Trade(instruments[one % number], *other) for one in range(LIST)])


def _publishing(hub: Relay, messages: Sequence[object]) -> Callable[[], int]:
    def publish() -> int:
        hub.publish(messages)
        return len(messages)

    return publish


if __name__ == "__main__":
    trio.run(_consume, Path(sys.argv[1]), sys.argv[2])
