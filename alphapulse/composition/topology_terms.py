"""What `[topology]` means: parts and relays by their names, every mistake named by its path."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from alphapulse.composition.topology import Placement, RelayPlace, Topology
from alphapulse.config import Config
from alphapulse.config_reading import nearest
from alphapulse.config_sections.topology import RelaySection
from alphapulse.data.instruments import Venue
from alphapulse.data.wire import Domain
from alphapulse.errors import AddressError, ConfigError
from alphapulse.transport.address import Address, parse_address

DOMAINS = {"market_data": Domain.MARKET_DATA, "signals": Domain.SIGNAL, "execution": Domain.EXECUTION}
UNIX = "unix:"
EXECUTION = "execution"
_NAME = re.compile("[a-z][a-z0-9_-]{0,39}")


def everything(config: Config) -> Placement:
    """What the one process runs where there is no topology."""
    return Placement("", collectors=tuple(config.collectors), strategies=_strategies(config), execution=True)


def read_topology(config: Config) -> Topology | None:
    """The topology of a configuration, None if everything runs in one process.

    Raises:
        ConfigError: a part is placed nowhere or twice, is unknown, or a relay cannot be where it shall be.
    """
    section = config.topology
    if section.services is None:
        return None
    relays = {name: _relay(name, relay, config) for name, relay in section.relays.items()}
    _check_domains(relays.values())
    placements = {name: _placement(name, parts, relays) for name, parts in section.services.items()}
    _check_places(section.services, relays, config)
    topology = Topology(placements, tuple(relays.values()), config.resolve(section.tls_folder))
    _check_shards(topology)
    return topology


def _relay(name: str, section: RelaySection, config: Config) -> RelayPlace:
    path = f"topology.relays.{name}"
    carries = section.carries or name
    if carries not in DOMAINS:
        raise ConfigError(f"{path}.carries", f"expected one of {', '.join(DOMAINS)}, as its name is none of them")
    venues = frozenset(_venue(text, f"{path}.venues[{index}]") for index, text in enumerate(section.venues))
    return RelayPlace(name, DOMAINS[carries], _address(section.address, f"{path}.address", config), venues)


def _address(text: str, path: str, config: Config) -> Address:
    """An address; a socket's file is relative to the configuration like every other file."""
    if text.startswith(UNIX) and text != UNIX:
        text = UNIX + str(config.resolve(text.removeprefix(UNIX)))
    try:
        return parse_address(text)
    except AddressError as error:
        raise ConfigError(path, str(error)) from error


def _venue(text: str, path: str) -> Venue:
    try:
        return Venue[text.upper()]
    except KeyError:
        near = nearest(text, [venue.name.lower() for venue in Venue])
        raise ConfigError(path, f"unknown venue {text!r}{near}") from None


def _check_domains(relays: Iterable[RelayPlace]) -> None:
    found = list(relays)
    for carries, domain in DOMAINS.items():
        same = [relay for relay in found if relay.domain is domain]
        if not same:
            raise ConfigError("topology.relays", f"expected a relay that carries {carries}, found none")
        if len(same) > 1 and domain is not Domain.MARKET_DATA:
            names = ", ".join(relay.name for relay in same)
            raise ConfigError("topology.relays", f"expected one relay that carries {carries}, found {names}")
        for relay in same:
            if bool(relay.venues) != (len(same) > 1):
                expected = "its venues, as others carry the rest" if len(same) > 1 else "none: it carries all"
                raise ConfigError(f"topology.relays.{relay.name}.venues", f"expected {expected}")
        shared = [venue for venue in Venue if sum(venue in relay.venues for relay in same) > 1]
        if shared:
            names = ", ".join(venue.name.lower() for venue in shared)
            raise ConfigError("topology.relays", f"expected each venue on one relay, found on several: {names}")
    taken: dict[Address, str] = {}
    for relay in found:
        if not relay.brokered and (other := taken.setdefault(relay.address, relay.name)) != relay.name:
            raise ConfigError(
                f"topology.relays.{relay.name}.address", f"expected one of its own, found that of {other}"
            )


def _placement(name: str, parts: tuple[str, ...], relays: Mapping[str, RelayPlace]) -> Placement:
    path = f"topology.services.{name}"
    if not _NAME.fullmatch(name):
        raise ConfigError(
            path, "expected a name of 1 to 40 lower-case letters, digits, hyphens and underscores, a letter first"
        )
    if not parts:
        raise ConfigError(path, "expected the parts that it runs, found an empty list")

    def of(kind: str) -> tuple[str, ...]:
        return tuple(part.removeprefix(f"{kind}.") for part in parts if part.startswith(f"{kind}."))

    return Placement(
        name,
        tuple(relays[relay] for relay in of("relays") if relay in relays),
        of("collectors"),
        of("strategies"),
        EXECUTION in parts,
    )


def _check_places(services: Mapping[str, tuple[str, ...]], relays: Mapping[str, RelayPlace], config: Config) -> None:
    """Each part that is configured has exactly one place, and nothing else; what a NATS server carries has none."""
    known = [
        *(f"relays.{name}" for name, relay in relays.items() if not relay.brokered),
        *(f"collectors.{name}" for name in config.collectors),
        *(f"strategies.{name}" for name in _strategies(config)),
        EXECUTION,
    ]
    places: dict[str, str] = {}
    for service, parts in services.items():
        for index, part in enumerate(parts):
            path = f"topology.services.{service}[{index}]"
            if part not in known:
                raise ConfigError(path, f"unknown part {part!r}{nearest(part, known)}")
            if part in places:
                raise ConfigError(path, f"expected each part once, found {part!r} in {places[part]} too")
            places[part] = service
    if missing := [part for part in known if part not in places]:
        raise ConfigError("topology.services", f"expected a process for each part, found none for {', '.join(missing)}")


def _check_shards(topology: Topology) -> None:
    for one in topology.services.values():
        split = [relay for relay in one.relays if relay.venues]
        if split and (one.collectors or one.consumes):
            raise ConfigError(
                f"topology.services.{one.service}",
                f"expected nothing but relays beside {split[0].name}: whoever reads market data that is split by venue "
                "reads it over links",
            )


def _strategies(config: Config) -> tuple[str, ...]:
    names = config.strategies.__struct_fields__
    return tuple(name for name in names if getattr(config.strategies, name) is not None)
