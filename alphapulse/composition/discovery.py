"""Discovery of a live chain's pools, as the configuration wants it, and the pools that were found before."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from alphapulse.collectors.evm.discovery import Discovery
from alphapulse.collectors.evm.discovery_terms import DiscoveryTerms
from alphapulse.collectors.evm.factory_registry import load_factories, shipped_factories
from alphapulse.collectors.evm.pool_cache import PoolCache
from alphapulse.collectors.recorded.pool_file import parse_address
from alphapulse.composition.environment import Environment
from alphapulse.config import Config
from alphapulse.config_sections.collectors import DiscoverySection, EvmSection
from alphapulse.data.factories import Factory
from alphapulse.data.pools import Pool, Token
from alphapulse.errors import ConfigError, PoolCacheError
from alphapulse.rules.accounting.amounts import raw_units
from alphapulse.rules.amm.pool_state import AmmState
from alphapulse.rules.discovery.cached_pools import proved_pools

logger = logging.getLogger(__name__)


def discovery_of(
    name: str,
    section: EvmSection,
    config: Config,
    pools: Sequence[Pool],
    environment: Environment,
    *,
    markets: Callable[[], Iterable[tuple[Pool, AmmState | None]]],
    admit: Callable[[Sequence[Pool]], None],
    publish: Callable[[Sequence[object]], None],
) -> Discovery | None:
    """The discovery of the collector `name`; None if it is not wanted.

    Raises:
        ConfigError, PoolFileError: a setting or the file of factories cannot be used.
    """
    if not section.discovery.enabled:
        return None
    return Discovery(
        discovery_terms(name, section, config, pools),
        markets=markets,
        admit=admit,
        publish=publish,
        cache=PoolCache(cache_path(config, section.chain_id), section.chain_id),
        run_blocking=environment.run_blocking,
        now_ns=environment.now_ns,
    )


def with_found_pools(name: str, section: EvmSection, config: Config, pools: Sequence[Pool]) -> tuple[Pool, ...]:
    """The pools of the file, and those that were found in earlier lives and are proved again. Blocking.

    Raises:
        ConfigError, PoolFileError: a setting or the file of factories cannot be used.
    """
    if not section.discovery.enabled:
        return tuple(pools)
    terms = discovery_terms(name, section, config, pools)
    try:
        cached = PoolCache(cache_path(config, section.chain_id), section.chain_id).load()
    except PoolCacheError as problem:
        logger.error("%s", problem)  # noqa: TRY400 - the problem says all
        return tuple(pools)
    if cached.problem:
        logger.error("%s", cached.problem)
    known = {pool.id.body for pool in pools}
    found = proved_pools(cached.pools, terms.known_factories.values(), terms.allowed_tokens, terms.refused_pools)
    return (*pools, *(pool for pool in found if pool.id.body not in known))


def cache_path(config: Config, chain_id: int) -> Path:
    """Where the pools are kept that were found on a chain."""
    return config.data_folder / f"pools-{chain_id}.cache"


def discovery_terms(name: str, section: EvmSection, config: Config, pools: Sequence[Pool]) -> DiscoveryTerms:
    """What the operator allows. Raises ConfigError, PoolFileError."""
    path, wanted = f"collectors.{name}.discovery", section.discovery
    numeraire = _numeraire(wanted, pools, path)
    return DiscoveryTerms(
        section.chain_id,
        _factories(wanted, config),
        _address(section.multicall, f"collectors.{name}.multicall"),
        frozenset(_address(text, f"{path}.allowed_tokens") for text in wanted.allowed_tokens),
        frozenset(_address(text, f"{path}.refused_pools") for text in wanted.refused_pools),
        wanted.least_age_blocks,
        None if numeraire is None else numeraire.address,
        _least_liquidity(wanted, numeraire, path),
        wanted.requests_per_s,
    )


def _factories(wanted: DiscoverySection, config: Config) -> tuple[Factory, ...]:
    return shipped_factories() if wanted.factories is None else load_factories(config.resolve(wanted.factories))


def _numeraire(wanted: DiscoverySection, pools: Sequence[Pool], path: str) -> Token | None:
    if wanted.numeraire is None:
        return None
    tokens = {token.address: token for pool in pools for token in pool.tokens}
    named = [token for token in tokens.values() if wanted.numeraire in (token.symbol, "0x" + token.address.hex())]
    if len(named) != 1:
        known = ", ".join(sorted({token.symbol for token in tokens.values()}))
        found = f"found {wanted.numeraire!r}" + (f", the symbol of {len(named)}" if named else "")
        raise ConfigError(
            f"{path}.numeraire", f"expected the address or symbol of one token of the pool file ({known}), {found}"
        )
    return named[0]


def _least_liquidity(wanted: DiscoverySection, numeraire: Token | None, path: str) -> int:
    if not wanted.least_liquidity:
        return 0
    if numeraire is None:
        raise ConfigError(f"{path}.least_liquidity", "expected a numeraire beside it, found none")
    if isinstance(wanted.least_liquidity, int):
        return wanted.least_liquidity
    try:
        return raw_units(wanted.least_liquidity, numeraire.decimals)
    except ValueError as error:
        raise ConfigError(f"{path}.least_liquidity", f"{error} (for {numeraire.symbol})") from error


def _address(text: str, path: str) -> bytes:
    try:
        return parse_address(text)
    except ValueError as error:
        raise ConfigError(path, str(error)) from error
