"""Discovery by the configuration: what it allows, what it refuses, and what a start knows of earlier finds."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

import attrs
import pytest

from alphapulse.collectors.evm.factory_registry import shipped_factories
from alphapulse.collectors.evm.pool_cache import PoolCache
from alphapulse.collectors.recorded.pool_file import load_pools
from alphapulse.composition.discovery import cache_path, discovery_terms
from alphapulse.composition.known_pools import known_pools
from alphapulse.config import Config, parse_config
from alphapulse.config_sections.collectors import EvmSection
from alphapulse.data.factories import FactoryKind
from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.data.pools import Pool, PoolKind
from alphapulse.errors import ConfigError
from alphapulse.rules.discovery.pool_info import info_of
from alphapulse.rules.evm.create2 import pool_address

EXAMPLES = Path(__file__).parents[2] / "examples"
LIVE = """
[daemon]
data_folder = "data"
[collectors.polygon]
kind = "evm"
chain_id = 137
block_time_ms = 2000
nodes = [{{ label = "one", http = "https://there.example", ws = "wss://there.example" }}]
pools = "pools.json"
[collectors.polygon.discovery]
{discovery}
[strategies.flash_arbitrage]
evaluate = "block"
"""


def config(folder: Path, discovery: str) -> Config:
    shutil.copy(EXAMPLES / "polygon_pools.json", folder / "pools.json")
    (folder / "data").mkdir(exist_ok=True)
    return parse_config(tomllib.loads(LIVE.format(discovery=discovery)), folder=folder)


def section(of: Config) -> EvmSection:
    (found,) = of.collectors.values()
    assert isinstance(found, EvmSection)
    return found


def test_settings_become_terms(tmp_path: Path) -> None:
    token = "0x" + "11" * 20
    wanted = f"""
    enabled = true
    allowed_tokens = ["{token}"]
    refused_pools = ["0x{"22" * 20}"]
    least_age_blocks = 7
    numeraire = "USDC.e"
    least_liquidity = "2500.5"
    requests_per_s = 9
    """
    of = config(tmp_path, wanted)
    terms = discovery_terms("polygon", section(of), of, load_pools(tmp_path / "pools.json"))
    assert (terms.chain_id, terms.least_age_blocks, terms.least_liquidity, terms.requests_per_s) == (
        137,
        7,
        2_500_500_000,
        9,
    )
    assert terms.allowed_tokens == {b"\x11" * 20}
    assert terms.refused_pools == {b"\x22" * 20}
    assert terms.factories == shipped_factories()
    assert {one.chain_id for one in terms.known_factories.values()} == {137}


@pytest.mark.parametrize(
    ("setting", "problem"),
    [
        ('allowed_tokens = ["USDC"]', "discovery.allowed_tokens: expected an address"),
        ('refused_pools = ["0x1"]', "discovery.refused_pools: expected an address"),
        ('numeraire = "GOLD"', "discovery.numeraire: expected the address or symbol of one token"),
        ('least_liquidity = "5"', "discovery.least_liquidity: expected a numeraire beside it"),
        (
            'numeraire = "USDC.e"\nleast_liquidity = "0.0000001"',
            "discovery.least_liquidity: expected at most 6 decimals",
        ),
        ("least_age_blocks = 1", "discovery.least_age_blocks"),
    ],
)
def test_what_cannot_be_is_refused_with_its_key(tmp_path: Path, setting: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=f"^collectors.polygon.{problem}"):
        known_pools(config(tmp_path, f"enabled = true\n{setting}"), alone=True)


def test_a_start_knows_what_was_found_before_and_is_proved_again(tmp_path: Path) -> None:
    """Not where it is switched off, and not in one of several processes."""
    of = config(tmp_path, "enabled = true")
    listed = load_pools(tmp_path / "pools.json")
    token0, token1 = sorted((listed[0].token0, listed[-1].token1), key=lambda token: token.address)
    apeswap = next(one for one in shipped_factories() if one.name == "ApeSwap")
    address = pool_address(apeswap, token0.address, token1.address, 2000)
    assert apeswap.kind is FactoryKind.V2
    assert address is not None
    id_ = InstrumentId.from_pool_address(address, Venue.POLYGON)
    name = f"{token0.symbol}/{token1.symbol} 0.20%"
    found = Pool(id_, PoolKind.V2, name, token0, token1, 2000, None)
    elsewhere = attrs.evolve(found, id=InstrumentId.from_pool_address(b"\5" * 20, Venue.POLYGON))
    cache = PoolCache(cache_path(of, 137), 137)
    cache.save([info_of(one, 1, 1) for one in (found, elsewhere, found, listed[0])], 1)
    assert known_pools(of, alone=True) == (*listed, found)
    assert known_pools(of, alone=False) == listed
    assert known_pools(config(tmp_path, "enabled = false"), alone=True) == listed
    refused = config(tmp_path, f'enabled = true\nrefused_pools = ["{id_.name}"]')
    assert known_pools(refused, alone=True) == listed
    cache_path(of, 137).write_bytes(b"damaged")
    assert known_pools(of, alone=True) == listed
    assert cache.aside.exists()
