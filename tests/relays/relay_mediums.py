"""One publisher and one consumer, joined by nothing but a hub, or by each kind of link."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import attrs
import trio

from alphapulse.data.market import StreamStatus
from alphapulse.data.wire import Domain
from alphapulse.relays.any_relay import AnyRelay
from alphapulse.relays.link_events import is_link_stream
from alphapulse.relays.subscription import AnySubscription
from alphapulse.rules.links.topics import ALL, NOTHING, Topics
from alphapulse.transport.tls import TlsFiles
from tests.relays.linked_processes import Process
from tests.relays.nats_processes import join
from tests.transport.mediums import medium
from tests.transport.nats_server import nats_server

LIMIT_S = 60
HUB, NATS = "hub", "nats"
LINKS = ("memory", "unix", "tcp", NATS)
MEDIUMS = (HUB, *LINKS)
Certify = Callable[..., TlsFiles]


@attrs.frozen
class World:
    """`publisher` and `consumer` are the same process if nothing lies between."""

    medium: str
    domain: Domain
    publisher: Process
    consumer: Process

    @property
    def out(self) -> AnyRelay:
        """Where the publisher publishes."""
        return _relay(self.publisher, self.domain)

    @property
    def into(self) -> AnyRelay:
        """Where the consumer subscribes."""
        return _relay(self.consumer, self.domain)


@asynccontextmanager
async def world(
    name: str,
    domain: Domain,
    folder: Path,
    certify: Certify,
    *,
    topics: Topics = ALL,
    before: Callable[[Process], None] | None = None,
) -> AsyncIterator[World]:
    """A publisher and a consumer by the medium `name`; the consumer's link wants `topics`.

    `before` is called with the publisher before the consumer is there.
    """
    publisher = Process("publisher", 1, leads=True)
    with trio.fail_after(LIMIT_S):
        async with trio.open_nursery() as nursery:
            if name == HUB:
                if before is not None:
                    before(publisher)
                yield World(name, domain, publisher, publisher)
            else:
                consumer = Process("consumer", 2)
                opened = _over_nats if name == NATS else _over_bytes
                async with opened(name, domain, folder, certify, nursery, publisher, consumer, topics, before):
                    yield World(name, domain, publisher, consumer)
            nursery.cancel_scope.cancel()


async def receive(subscription: AnySubscription, count: int) -> list[object]:
    """The next `count` messages; what links say of themselves is left out."""
    received: list[object] = []
    while len(received) < count:
        received += [one for one in await subscription.receive() if not _is_about_link(one)]
    return received


@asynccontextmanager
async def _over_bytes(
    name: str, domain: Domain, folder: Path, certify: Certify, nursery: trio.Nursery, publisher: Process,
    consumer: Process, topics: Topics, before: Callable[[Process], None] | None,
) -> AsyncIterator[None]:  # fmt: skip
    relays = Process("relays", 1001)
    by = medium(name, folder, certify, publisher.name, consumer.name)
    async with by.serving(relays.serve(domain).serve) as address:
        connect = partial(by.connect, address)
        await nursery.start(publisher.link(domain, connect, topics=NOTHING).run)
        if before is not None:
            before(publisher)
            await publisher.bus.flow.wait_idle()
        await nursery.start(consumer.link(domain, connect, topics=topics).run)
        yield


@asynccontextmanager
async def _over_nats(
    name: str, domain: Domain, folder: Path, certify: Certify, nursery: trio.Nursery, publisher: Process,
    consumer: Process, topics: Topics, before: Callable[[Process], None] | None,
) -> AsyncIterator[None]:  # fmt: skip
    names = {consumer.name}
    async with nats_server(folder) as server:
        await nursery.start(join(publisher, server, domain, consumers=names, topics=NOTHING).run)
        if before is not None:
            before(publisher)
        await nursery.start(join(consumer, server, domain, consumers=names, topics=topics).run)
        yield
        nursery.cancel_scope.cancel()


def _relay(process: Process, domain: Domain) -> AnyRelay:
    bus = process.bus
    return {Domain.MARKET_DATA: bus.market_data, Domain.SIGNAL: bus.signals, Domain.EXECUTION: bus.execution}[domain]


def _is_about_link(message: object) -> bool:
    return isinstance(message, StreamStatus) and is_link_stream(message)
