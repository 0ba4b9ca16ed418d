"""Which parts each process runs, where the relays between them are, and in which order the processes start."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import attrs

from alphapulse.config_reading import nearest
from alphapulse.data.instruments import Venue
from alphapulse.data.wire import Domain
from alphapulse.errors import ConfigError
from alphapulse.transport.address import Address, NatsAddress


@attrs.frozen
class RelayPlace:
    """Where a relay is, and what it carries: all of a domain, or of market data the part of `venues`."""

    name: str
    domain: Domain
    address: Address
    venues: frozenset[Venue]

    @property
    def brokered(self) -> bool:
        """True if a NATS server carries it: then no process serves it."""
        return isinstance(self.address, NatsAddress)


@attrs.frozen
class Placement:
    """What one process runs."""

    service: str
    relays: tuple[RelayPlace, ...] = ()
    collectors: tuple[str, ...] = ()
    strategies: tuple[str, ...] = ()
    execution: bool = False
    """Gate, engine, gateways, books, halts and the control plane."""

    @property
    def consumes(self) -> bool:
        """True if something in it reads market data of another process or its own."""
        return self.execution or bool(self.strategies)

    def uses(self, domain: Domain) -> bool:
        """True if something in it reads or writes a domain; what a process notices it tells on execution's anyhow."""
        return self.consumes or (domain is Domain.MARKET_DATA and bool(self.collectors))

    @property
    def rank(self) -> int:
        """Its place in the order of starting: relays, execution, strategies, collectors; what it runs first counts."""
        runs = (self.relays, self.execution, self.strategies, self.collectors)
        return next(rank for rank, some in enumerate(runs) if some)


@attrs.frozen
class Topology:
    """All processes, and the relays between them."""

    services: Mapping[str, Placement]
    relays: tuple[RelayPlace, ...]
    tls_folder: Path

    def placement(self, service: str) -> Placement:
        """What the process of that name runs. Raises ConfigError if there is none."""
        if (placement := self.services.get(service)) is None:
            raise ConfigError("topology.services", f"unknown name {service!r}{nearest(service, self.services)}")
        return placement

    def in_order(self) -> tuple[Placement, ...]:
        """All processes in the order in which they start."""
        return tuple(sorted(self.services.values(), key=lambda one: one.rank))

    def of_domain(self, domain: Domain) -> tuple[RelayPlace, ...]:
        """The relays that carry a domain: one, or for market data several."""
        return tuple(relay for relay in self.relays if relay.domain is domain)

    def consumers(self, relay: RelayPlace) -> frozenset[str]:
        """The processes that read from a relay over a link."""
        signals = relay.domain is Domain.SIGNAL
        return frozenset(
            one.service
            for one in self.services.values()
            if (one.execution if signals else one.consumes) and relay not in one.relays
        )
