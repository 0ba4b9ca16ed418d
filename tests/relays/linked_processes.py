"""Processes in small: each with its bus, joined by links as the composition joins them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from random import Random

import attrs
import trio

from alphapulse.data.links import LinkStatus
from alphapulse.data.wire import Domain, Source
from alphapulse.relays.bus import Bus
from alphapulse.relays.engagement import Engagement
from alphapulse.relays.lane_link import Connect
from alphapulse.relays.relay_link import LinkTerms, RelayLink
from alphapulse.relays.relay_server import RelayServer, ServerTerms
from alphapulse.relays.remote_relay import RemoteRelay
from alphapulse.rules.links.identity import SeenMessages
from alphapulse.rules.links.topics import ALL, Topics

NOW_NS = 1_704_437_087_000_000_000


class Process:
    """One process: a bus, and what it serves or uses of relays."""

    def __init__(
        self, name: str, boot_id: int, *, leads: bool = False, clock: Callable[[], int] = lambda: NOW_NS
    ) -> None:
        self.name = name
        self.boot_id = boot_id
        self.bus = Bus()
        self.engagement = Engagement(self.bus.flow, leads=leads)
        self.notices: list[LinkStatus] = []
        self.now_ns = clock
        self.server: RelayServer | None = None
        self.links: dict[Domain, RelayLink] = {}

    def serve(self, domain: Domain, *, durable: Collection[str] = (), ttl_ns: int | None = None) -> RelayServer:
        """A server for the hub of a domain."""
        terms = ServerTerms(
            name=domain.name.lower(),
            boot_id=self.boot_id,
            source=Source.MARKET_DATA_RELAY,
            engagement=self.engagement,
            now_ns=self.now_ns,
            market_ns=self.now_ns,
            snapshot=self.snapshot(domain),
            durable=durable,
            signal_ttl_ns=ttl_ns,
            on_notice=self.notices.append,
        )
        self.server = RelayServer(self.bus.hubs[domain], terms)
        return self.server

    def link(
        self,
        domain: Domain,
        connect: Connect,
        *,
        topics: Topics = ALL,
        durable: bool = False,
        ttl_ns: int | None = None,
        seen: SeenMessages | None = None,
    ) -> RelayLink:
        """A link that takes the place of the hub of a domain; its `run` is to be started."""
        terms = LinkTerms(
            relay=domain.name.lower(),
            service=self.name,
            boot_id=self.boot_id,
            source=Source.EVM,
            engagement=self.engagement,
            now_ns=self.now_ns,
            market_ns=self.now_ns,
            random=Random(self.boot_id),
            topics=topics,
            durable=durable,
            snapshot=self.snapshot(domain),
            signal_ttl_ns=ttl_ns,
            on_notice=self.notices.append,
        )
        hub = self.bus.hubs[domain]
        link = self.links[domain] = RelayLink(hub, connect, terms, seen=seen)
        relay = RemoteRelay(hub, link)
        if domain is Domain.MARKET_DATA:
            self.bus.market_data = relay
        elif domain is Domain.SIGNAL:
            self.bus.signals = relay
        else:
            self.bus.execution = relay
        return link

    def snapshot(self, domain: Domain) -> Callable[[], Iterable[object]] | None:
        return {Domain.MARKET_DATA: self.bus.market_snapshot, Domain.EXECUTION: self.bus.execution_snapshot}.get(domain)


@attrs.define
class Recorder:
    """A consumer that remembers all that it was given."""

    seen: list[object] = attrs.field(factory=list)

    async def run(self, process: Process, domain: Domain, *, task_status: trio.TaskStatus[None]) -> None:
        relay = {
            Domain.MARKET_DATA: process.bus.market_data,
            Domain.SIGNAL: process.bus.signals,
            Domain.EXECUTION: process.bus.execution,
        }[domain]
        with relay.subscribe("recorder") as subscription:
            task_status.started()
            while True:
                self.seen.extend(await subscription.receive())
