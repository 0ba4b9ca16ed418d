"""The pools that a start knows: those of the file, and on a live chain those that were found before."""

from __future__ import annotations

from alphapulse.collectors.recorded.pool_file import load_pools
from alphapulse.config import Config
from alphapulse.config_sections.collectors import EvmSection
from alphapulse.data.pools import Pool


def known_pools(config: Config, *, alone: bool) -> tuple[Pool, ...]:
    """The pools of the configured collector. Blocking.

    What was found counts only where one process does everything (`alone`): processes that do not share a data folder
    would otherwise know different pools.

    Raises:
        ConfigError, PoolFileError: a setting or a file that it names cannot be used.
    """
    ((name, section),) = config.collectors.items()
    pools = load_pools(config.resolve(section.pools))
    if not alone or not isinstance(section, EvmSection) or not section.discovery.enabled:
        return pools
    # Discovery is read only where it is wanted.
    from alphapulse.composition.discovery import with_found_pools  # noqa: PLC0415

    return with_found_pools(name, section, config, pools)
