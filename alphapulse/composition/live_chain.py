"""A live chain of the configuration: its nodes, and the collector that follows it by them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from alphapulse.collectors.evm.collector import EvmCollector
from alphapulse.collectors.evm.cost_reader import CostReader
from alphapulse.collectors.evm.discovery import Discovery
from alphapulse.collectors.evm.factory_registry import shipped_factories
from alphapulse.collectors.evm.listed_pools import ListedPools
from alphapulse.collectors.evm.paced_nodes import PacedNodes
from alphapulse.collectors.evm.publishing import ChainPublisher
from alphapulse.collectors.evm.terms import EvmTerms
from alphapulse.collectors.evm.token_quarantine import TokenQuarantine
from alphapulse.collectors.evm.token_watch import TokenWatch
from alphapulse.collectors.recorded.pool_file import parse_address
from alphapulse.composition.discovery import discovery_of
from alphapulse.composition.environment import Environment
from alphapulse.composition.node_pools import open_node_pool
from alphapulse.config import Config
from alphapulse.config_sections.collectors import EvmSection, NodeSection
from alphapulse.config_sections.values import PPM, SecretSource
from alphapulse.connections.endpoint import HTTP, WEBSOCKET, Endpoint, endpoint_of
from alphapulse.connections.node_terms import ChainTerms, NodeTerms
from alphapulse.data.chains import CHAINS
from alphapulse.data.pools import Pool
from alphapulse.errors import ConfigError
from alphapulse.observe.market_clock import MarketClock
from alphapulse.relays.any_relay import AnyRelay
from alphapulse.rules.chain.finality import FinalityRule
from alphapulse.rules.chain.log_filter import LogFilter
from alphapulse.rules.events.log_decoder import FACTORY_DECODERS, POOL_DECODERS, LogDecoder
from alphapulse.rules.events.topics import topics_of


def live_chain(
    name: str,
    section: EvmSection,
    config: Config,
    pools: Sequence[Pool],
    market_data: AnyRelay,
    clock: MarketClock,
    environment: Environment,
    *,
    begin_run: Callable[[str], Awaitable[None]],
    on_broken: Callable[[str], None],
    capture: Callable[[str, int, Sequence[bytes]], None] | None,
    costs: CostReader | None,
) -> EvmCollector:
    """The collector `name`; `costs` is read beside it.

    Raises:
        ConfigError: a setting cannot be used: a chain that is not known or not that of the pools, a URL that is none.
    """
    path = f"collectors.{name}"
    _check_chain_of(path, section, pools)
    chain_terms = chain_terms_of(name, section)
    node_terms = node_terms_of(name, section, config)
    terms = _terms(name, section)
    discovery = discovery_of(
        name,
        section,
        config,
        pools,
        environment,
        markets=lambda: [(pool, publisher.book.state(pool.id)) for pool in publisher.pools.values()],
        admit=lambda found: collector.admit(found),  # noqa: PLW0108 - it is made below
        publish=lambda messages: publisher.publish(messages),  # noqa: PLW0108 - as is this
    )
    publisher = ChainPublisher(
        terms,
        pools,
        LogDecoder(pools, () if discovery is None else discovery.factories),
        market_data,
        now_ns=environment.now_ns,
        on_block=lambda: clock.run_from(environment.now_ns(), PPM),
        on_foreign=None if discovery is None else discovery.on_foreign,
        capture=capture,
    )
    watch = _watch(section, publisher, discovery)
    collector = EvmCollector(
        terms,
        publisher,
        _log_filter(pools, whole_chain=discovery is not None),
        open_nodes=lambda: open_node_pool(chain_terms, node_terms, environment),
        flow=market_data.flow,
        begin_run=begin_run,
        on_broken=on_broken,
        multicall=_address(section.multicall, f"{path}.multicall"),
        now_ns=environment.now_ns,
        random=environment.random,
        first=(_listed(pools, section, publisher).check, watch.begin, *([] if costs is None else [costs.begin])),
        beside=(
            lambda nodes: watch.run(PacedNodes(nodes, section.discovery.requests_per_s)),
            *([] if discovery is None else [discovery.run]),
            *([] if costs is None else [costs.run]),
        ),
    )
    return collector


def _log_filter(pools: Sequence[Pool], *, whole_chain: bool) -> LogFilter:
    """The pools' events; if further pools are looked for, those of the whole chain, factories included."""
    if whole_chain:
        return LogFilter(topics_of(POOL_DECODERS, FACTORY_DECODERS))
    return LogFilter(topics_of({pool.kind for pool in pools}), [pool.id.body for pool in pools])


def _listed(pools: Sequence[Pool], section: EvmSection, publisher: ChainPublisher) -> ListedPools:
    """What the pool file says of them must be what their contracts say."""
    factories = {one.address: one for one in shipped_factories() if one.chain_id == section.chain_id and one.address}
    return ListedPools(pools, factories, parse_address(section.multicall), publisher.leave_out)


def _watch(section: EvmSection, publisher: ChainPublisher, discovery: Discovery | None) -> TokenWatch:
    """Tokens of followed pools are tried and watched, and quarantined if they are not sound."""
    quarantine = TokenQuarantine(section.chain_id, publisher, discovery)
    age, multicall = section.discovery.least_age_blocks, parse_address(section.multicall)
    return TokenWatch(age, multicall, lambda: list(publisher.pools.values()), quarantine.put)


def chain_terms_of(name: str, section: EvmSection) -> ChainTerms:
    """The chain of the collector `name`. Raises ConfigError."""
    return ChainTerms(
        name=name,
        chain_id=section.chain_id,
        block_time_ms=section.block_time_ms,
        genesis_hash=_genesis(f"collectors.{name}", section),
    )


def node_terms_of(name: str, section: EvmSection, config: Config) -> list[NodeTerms]:
    """The nodes of the collector `name`. Raises ConfigError: a URL is none, or is not where it is said to be."""
    path = f"collectors.{name}"
    return [_node_terms(f"{path}.nodes[{place}]", node, config) for place, node in enumerate(section.nodes)]


def _terms(name: str, section: EvmSection) -> EvmTerms:
    finality = section.finality
    rule = FinalityRule(finality.safe_depth, finality.tag or None, finality.tagged_depth, finality.settled_depth)
    return EvmTerms(name, section.chain_id, section.block_time_ms, rule, section.verify_ppm, section.pending)


def _check_chain_of(path: str, section: EvmSection, pools: Sequence[Pool]) -> None:
    if section.chain_id not in CHAINS:
        known = ", ".join(f"{chain.chain_id} ({chain.name})" for chain in CHAINS.values())
        raise ConfigError(
            f"{path}.chain_id",
            f"expected a chain that is known ({known}) or named in [chain], found {section.chain_id}",
        )
    for pool in pools:
        if pool.id.chain_id != section.chain_id:
            raise ConfigError(
                f"{path}.pools", f"expected pools of chain {section.chain_id}, found {pool.name} of {pool.id.chain_id}"
            )


def _node_terms(path: str, node: NodeSection, config: Config) -> NodeTerms:
    return NodeTerms(
        label=node.label,
        http=_endpoint(f"{path}.http", HTTP, node.http, config),
        ws=None if node.ws is None else _endpoint(f"{path}.ws", WEBSOCKET, node.ws, config),
        requests_per_s=node.requests_per_s,
        batch_size=node.batch_size,
        max_block_range=node.max_block_range,
        max_in_flight=node.max_in_flight,
    )


def _endpoint(path: str, schemes: tuple[str, ...], source: str | SecretSource, config: Config) -> Endpoint:
    if isinstance(source, str):
        return endpoint_of(path, schemes, url=source)
    file = None if source.file is None else config.resolve(source.file)
    return endpoint_of(path, schemes, env=source.env, file=file)


def _genesis(path: str, section: EvmSection) -> bytes | None:
    if section.genesis is None:
        return None
    try:
        found = bytes.fromhex(section.genesis.removeprefix("0x"))
    except ValueError:
        found = b""
    if len(found) != 32:
        raise ConfigError(f"{path}.genesis", "expected the hash of block 0, 0x and 64 hex digits, found another text")
    return found


def _address(text: str, path: str) -> bytes:
    try:
        return parse_address(text)
    except ValueError as error:
        raise ConfigError(path, str(error)) from error
