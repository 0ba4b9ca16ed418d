"""Processes in small that share relays over one real NATS server."""

from __future__ import annotations

from collections.abc import Collection
from random import Random

from alphapulse.data.wire import Domain, Source
from alphapulse.relays.nats_link import LinkTerms, NatsLink, NatsTerms
from alphapulse.relays.remote_relay import RemoteRelay
from alphapulse.rules.links.identity import SeenMessages
from alphapulse.rules.links.topics import ALL, Topics
from alphapulse.transport.nats_connection import NatsConnection
from alphapulse.transport.nats_login import connect_nats
from tests.relays.linked_processes import Process
from tests.transport.nats_server import NatsServer


def join(
    process: Process,
    server: NatsServer,
    domain: Domain,
    *,
    consumers: Collection[str],
    durable: Collection[str] = (),
    topics: Topics = ALL,
    ttl_ns: int | None = None,
    seen: SeenMessages | None = None,
) -> NatsLink:
    """A link that takes the place of the hub of a domain; its `run` is to be started."""
    terms = LinkTerms(
        relay=domain.name.lower(),
        service=process.name,
        boot_id=process.boot_id,
        source=Source.EVM,
        engagement=process.engagement,
        now_ns=process.now_ns,
        market_ns=process.now_ns,
        random=Random(process.boot_id),
        topics=topics,
        durable=process.name in durable,
        snapshot=process.snapshot(domain),
        signal_ttl_ns=ttl_ns,
        on_notice=process.notices.append,
    )

    async def connect() -> NatsConnection:
        return await connect_nats(server.address, name=process.name, random=Random())

    hub = process.bus.hubs[domain]
    link = NatsLink(hub, connect, terms, NatsTerms(consumers, durable), seen=seen)
    relay = RemoteRelay(hub, link)
    if domain is Domain.MARKET_DATA:
        process.bus.market_data = relay
    elif domain is Domain.SIGNAL:
        process.bus.signals = relay
    else:
        process.bus.execution = relay
    return link
