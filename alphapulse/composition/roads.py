"""The relays as one process has them: those that it serves to others, and its links to those of other processes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import trio

from alphapulse.composition.environment import Environment
from alphapulse.composition.market_follower import MarketFollower
from alphapulse.composition.restart_policies import RESTARTS
from alphapulse.composition.topology import Placement, RelayPlace, Topology
from alphapulse.composition.unawaited_link import UnawaitedLink
from alphapulse.data.halts import HaltChange
from alphapulse.data.instruments import CHAIN_OF_VENUE
from alphapulse.data.links import Lane, LinkStatus, RelayReport
from alphapulse.data.runs import RunStarted
from alphapulse.data.wire import Domain, Source
from alphapulse.nursery.child import ChildSpec
from alphapulse.observe.market_clock import MarketClock
from alphapulse.relays.bus import Bus
from alphapulse.relays.engagement import Engagement
from alphapulse.relays.nats_link import NatsLink, NatsTerms
from alphapulse.relays.relay import Relay
from alphapulse.relays.relay_link import AnyLink, LinkTerms, RelayLink
from alphapulse.relays.relay_server import RelayServer, ServerTerms
from alphapulse.relays.remote_relay import RemoteRelay
from alphapulse.relays.shard_hub import ShardMerge
from alphapulse.rules.links.topics import ALL, NOTHING, Topics
from alphapulse.transport.address import NatsAddress, TcpAddress, UnixAddress
from alphapulse.transport.admission import Admission
from alphapulse.transport.byte_link import ByteLink
from alphapulse.transport.endpoints import connect, listen
from alphapulse.transport.nats_connection import NatsConnection
from alphapulse.transport.nats_login import connect_nats
from alphapulse.transport.tls import TlsFiles

logger = logging.getLogger(__name__)

NS_PER_S = 1_000_000_000
AUDIENCE_S = 30
"""How long a collector waits for those who are to hear it."""
LOOK_S = 0.05
CONNECTIONS_OF_A_PROCESS = 4
"""Lanes of a link, and as many that have just broken off."""

RELAYS = {
    Domain.MARKET_DATA: Source.MARKET_DATA_RELAY,
    Domain.SIGNAL: Source.SIGNAL_RELAY,
    Domain.EXECUTION: Source.EXECUTION_RELAY,
}
OnControl = Callable[[Sequence[object]], None]


class Roads:
    """Replaces the relays of a bus that other processes have by links to them, and serves those that are placed here.

    Made before the services are, as these take their relays from the bus. `on_control` is called with halts at once;
    signals wait until `follower` has seen their market data.

    Raises:
        TlsFileError: a certificate or key that one of them needs cannot be used.
    """

    def __init__(
        self,
        placement: Placement,
        topology: Topology,
        bus: Bus,
        clock: MarketClock,
        environment: Environment,
        *,
        follower: MarketFollower,
        max_signal_age_ns: int,
        on_control: OnControl | None = None,
        on_notice: Callable[[LinkStatus], None] | None = None,
    ) -> None:
        self.bus = bus
        self.servers: dict[str, RelayServer] = {}
        self.links: dict[str, AnyLink] = {}
        self.listening = {place.name: trio.Event() for place in placement.relays}
        self._placement = placement
        self._topology = topology
        self._clock = clock
        self._environment = environment
        self._follower = follower
        self._max_signal_age_ns = max_signal_age_ns
        self._on_control = on_control
        self._on_notice = on_notice
        self._boot_id = environment.random.getrandbits(63) | 1
        self._engagement = Engagement(bus.flow, leads=bool(placement.collectors))
        self._merge: ShardMerge | None = None
        self._shards: dict[str, Bus] = {}
        bus.on_market.append(follower.take)
        bus.market_data = self._join(Domain.MARKET_DATA) or bus.market_data
        bus.signals = self._join(Domain.SIGNAL) or bus.signals
        bus.execution = self._join(Domain.EXECUTION) or bus.execution
        self._check_certificates()

    def tasks(self) -> Iterator[ChildSpec]:
        """Relays for others first, then the links to others' relays; for the foundation."""
        for place in self._placement.relays:
            yield ChildSpec(f"relay {place.name}", partial(RelayHost, self, place), RESTARTS, kind="relay")
        if (merge := self._merge) is not None:
            yield ChildSpec("shards", lambda: merge, RESTARTS)
        for place in self._topology.relays:
            if (link := self.links.get(place.name)) is not None:
                same = partial(_same, link if self._placement.uses(place.domain) else UnawaitedLink(link))
                yield ChildSpec(f"link to {place.name}", same, RESTARTS, kind="link")

    async def wait_listening(self) -> None:
        """Return when every relay that is placed here has listened: only then can other processes be started."""
        for listens in self.listening.values():
            await listens.wait()

    async def wait_audience(self) -> None:
        """Return when every process that is to hear what this one publishes is there, at most 30 s later."""
        with trio.move_on_after(AUDIENCE_S):
            while missing := sorted(self.missing()):  # noqa: ASYNC110 - relays tell who is there once a second
                await trio.sleep(LOOK_S)
            return
        logger.warning("beginning without those who do not listen yet: %s", ", ".join(missing))

    def missing(self) -> set[str]:
        """Processes that are to hear market data, signals or execution and are not there yet."""
        return {
            f"{service} on {place.name}"
            for place in self._topology.relays
            if place.name in self.servers or place.name in self.links
            for service in self._topology.consumers(place) - self._listeners(place.name)
        }

    async def wait_halts_applied(self) -> None:
        """Return when all halts published so far have been applied by every process of strategies."""
        for link in self._links_of(Domain.EXECUTION):
            await link.lane(Lane.CONTROL).wait_acknowledged()
        for place in self._placement.relays:
            server = self.servers[place.name]
            while place.domain is Domain.EXECUTION and _unapplied(server.report()):  # noqa: ASYNC110 - as above
                await trio.sleep(LOOK_S)

    @property
    def hears_market_data(self) -> bool:
        """True if market data comes through this process."""
        places = self._topology.of_domain(Domain.MARKET_DATA)
        return any(place.name in self.servers or place.name in self.links for place in places)

    @property
    def deserted(self) -> bool:
        """True if nobody is connected to the relays that are served here, save those who only tell of themselves."""
        return not any(
            one.connected and self._uses(one.service, server.domain)
            for server in self.servers.values()
            for one in server.report().consumers
        )

    def places(self, domain: Domain) -> tuple[RelayPlace, ...]:
        """Where the relays are that carry a domain."""
        return self._topology.of_domain(domain)

    def report(self, relay: str) -> RelayReport | None:
        """A relay's statistics, wherever it runs; None if it has not told any yet."""
        server = self.servers.get(relay)
        return server.report() if server is not None else self.links[relay].report

    def admission(self, place: RelayPlace) -> Admission:
        """Who may connect to a relay: over Unix our own user, over TCP by certificate the processes that use it."""
        services = self._topology.services.values()
        names = frozenset(one.service for one in services if _links_to(one, place.domain))
        return Admission(names=names, connections=CONNECTIONS_OF_A_PROCESS * len(services))

    def tls(self, place: RelayPlace) -> TlsFiles | None:
        """The certificates that an address needs; None if it needs none."""
        if not isinstance(place.address, TcpAddress):
            return None
        folder, name = self._topology.tls_folder, self._placement.service
        return TlsFiles(folder / "ca.pem", folder / f"{name}.pem", folder / f"{name}.key")

    def _check_certificates(self) -> None:
        """They are read anew whenever they are needed; what is missing is told at the start."""
        for place in self._topology.relays:
            if place.name in self.servers or place.name in self.links:
                files = self.tls(place)
                if files is not None:
                    files.client_context()

    def _join(self, domain: Domain) -> RemoteRelay | None:
        """Serve what is placed here, and link to the rest. Returns what stands for the domain if that is remote."""
        places = self._topology.of_domain(domain)
        for place in places:
            if place in self._placement.relays:
                self.servers[place.name] = self._server(place)
        remote = [place for place in places if place not in self._placement.relays]
        if not remote or not _links_to(self._placement, domain):
            return None
        hub = self.bus.hubs[domain]
        merge = None
        if len(places) > 1 and self._placement.consumes:
            chains = {
                one.name: {CHAIN_OF_VENUE[venue] for venue in one.venues & CHAIN_OF_VENUE.keys()} for one in remote
            }
            merge = self._merge = ShardMerge(hub, chains)
        for place in remote:
            self.links[place.name] = self._link(place, hub if merge is None else merge.hub_of(place.name, place.venues))
        return RemoteRelay(hub, {frozenset(map(int, one.venues)): self.links[one.name] for one in remote})

    def _uses(self, service: str, domain: Domain) -> bool:
        placement = self._topology.services.get(service)
        return placement is not None and placement.uses(domain)

    def _server(self, place: RelayPlace) -> RelayServer:
        """A relay for others. Of market data that is split, each relay has a bus of its own."""
        bus = self.bus
        if place.venues:
            bus = self._shards[place.name] = Bus(self.bus.flow)
            bus.on_market.append(self._follower.take)
        snapshots = {Domain.MARKET_DATA: bus.market_snapshot, Domain.EXECUTION: bus.execution_snapshot}
        terms = ServerTerms(
            name=place.name,
            boot_id=self._boot_id,
            source=RELAYS[place.domain],
            engagement=self._engagement,
            now_ns=self._environment.now_ns,
            market_ns=self._market_ns,
            snapshot=snapshots.get(place.domain),
            durable=self._halted_elsewhere(place),
            here=self._halted_here(place),
            signal_ttl_ns=self._max_signal_age_ns if place.domain is Domain.SIGNAL else None,
            on_notice=self._on_notice,
        )
        return RelayServer(bus.hubs[place.domain], terms)

    def _link(self, place: RelayPlace, hub: Relay) -> AnyLink:
        placement, execution = self._placement, place.domain is Domain.EXECUTION
        snapshot = None
        if execution and placement.execution:
            snapshot = self.bus.execution_snapshot
        elif place.domain is Domain.MARKET_DATA and placement.collectors:
            snapshot = self.bus.market_snapshot
        terms = LinkTerms(
            relay=place.name,
            service=placement.service,
            boot_id=self._boot_id,
            source=_source(placement),
            engagement=self._engagement,
            now_ns=self._environment.now_ns,
            market_ns=self._market_ns,
            random=self._environment.random,
            topics=self._topics(place.domain),
            durable=placement.service in self._halted_elsewhere(place),
            snapshot=snapshot,
            signal_ttl_ns=self._max_signal_age_ns if place.domain is Domain.SIGNAL else None,
            before=self._follower.wait_for if place.domain is Domain.SIGNAL else None,
            on_control=self._on_control,
            on_notice=self._on_notice,
        )
        if isinstance(place.address, NatsAddress):
            readers = NatsTerms(self._topology.consumers(place), self._halted_elsewhere(place))
            return NatsLink(hub, partial(self._connect_nats, place.address), terms, readers)
        return RelayLink(hub, partial(self._connect, place), terms)

    def _topics(self, domain: Domain) -> Topics:
        """What is wanted of a relay: all that the process uses, and nothing that it only publishes."""
        placement = self._placement
        if domain is Domain.EXECUTION and not placement.execution and placement.strategies:
            return Topics.of(types=(HaltChange, RunStarted))
        reads = placement.execution if domain is Domain.SIGNAL else placement.consumes
        return ALL if reads else NOTHING

    def _halted_elsewhere(self, place: RelayPlace) -> frozenset[str]:
        """Processes whose strategies a halt must have stopped before it is acknowledged: durable on execution."""
        if place.domain is not Domain.EXECUTION:
            return frozenset()
        services = self._topology.services.values()
        return frozenset(
            one.service for one in services if one.strategies and not one.execution and place not in one.relays
        )

    def _halted_here(self, place: RelayPlace) -> str | None:
        """This process, if it has strategies beside the execution relay and the books have not."""
        placement = self._placement
        halts = place.domain is Domain.EXECUTION and placement.strategies and not placement.execution
        return placement.service if halts else None

    def _links_of(self, domain: Domain) -> list[AnyLink]:
        places = self._topology.of_domain(domain)
        return [self.links[place.name] for place in places if place.name in self.links]

    def _listeners(self, relay: str) -> set[str]:
        report = self.report(relay)
        return set() if report is None else {one.service for one in report.consumers if one.connected}

    def _market_ns(self) -> int:
        return self._clock.now_ns() or 0

    async def _connect_nats(self, address: NatsAddress) -> NatsConnection:
        return await connect_nats(address, name=self._placement.service, random=self._environment.random)

    async def _connect(self, place: RelayPlace) -> ByteLink:
        host = next(one.service for one in self._topology.services.values() if place in one.relays)
        return await connect(place.address, tls=self.tls(place), peer_name=host)


class RelayHost:
    """Listens for the processes that use a relay which runs here."""

    def __init__(self, roads: Roads, place: RelayPlace) -> None:
        self._roads = roads
        self._place = place

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Runs until cancelled. Raises TransportError if it cannot listen there."""
        place = self._place
        if isinstance(place.address, UnixAddress):
            await trio.Path(place.address.path.parent).mkdir(mode=0o700, parents=True, exist_ok=True)
        listener = listen(place.address, self._roads.admission(place), tls=self._roads.tls(place))
        async with trio.open_nursery() as nursery:
            await nursery.start(listener.serve, self._roads.servers[place.name].serve)
            self._roads.listening[place.name].set()
            task_status.started()


def _links_to(placement: Placement, domain: Domain) -> bool:
    """Whether a process has links to the relays of a domain; to execution's all tell what they notice."""
    return placement.uses(domain) or domain is Domain.EXECUTION


def _unapplied(report: RelayReport) -> bool:
    return any(one.unapplied for one in report.consumers if one.durable and one.lane is Lane.CONTROL)


def _source(placement: Placement) -> Source:
    if placement.execution:
        return Source.EXECUTION_ENGINE
    return Source.ARBITRAGE_STRATEGY if placement.strategies else Source.EVM


def _same(link: AnyLink | UnawaitedLink) -> AnyLink | UnawaitedLink:
    return link
