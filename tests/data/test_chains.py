"""Chains: those that are known, and the one that a configuration names."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from alphapulse.collectors.recorded.pool_file import load_pools
from alphapulse.config import Config, parse_config
from alphapulse.data.chains import CHAINS
from alphapulse.data.instruments import CHAIN_OF_VENUE, InstrumentId, Venue
from alphapulse.errors import ConfigError
from alphapulse.safety.scopes import scopes_of_instruments

NATIVE = "0xe91d153e0b41518a2ce8dd3d7944fa863463a97d"
NAMED = f'id = 100\nname = "Gnosis"\nwrapped_native = "{NATIVE}"'
POOL_FILE = """{"chainId": 100, "pools": [{"address": "0x%s", "fee_ppm": 500, "tick_spacing": 10, "token0": "0x%s",
"token1": "0x%s"}], "tokens": {"0x%s": {"symbol": "A", "decimals": 18}, "0x%s": {"symbol": "B", "decimals": 6}}}"""


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """What a test has named is not known to the next one."""
    yield
    if (chain_id := CHAIN_OF_VENUE.pop(Venue.OTHER_CHAIN, None)) is not None:
        del CHAINS[chain_id]


def configured(chain: str) -> Config:
    text = f'[chain]\n{chain}\n[collectors.day]\nkind = "recorded"\nlogs = ["a"]\n[strategies.flash_arbitrage]\n'
    return parse_config(tomllib.loads(text), folder=Path("/there"))


def test_each_chain_has_a_venue_of_its_own_that_is_on_it() -> None:
    assert {CHAIN_OF_VENUE[chain.venue] for chain in CHAINS.values()} == set(CHAINS)
    assert all(chain.chain_id == number for number, chain in CHAINS.items())


def test_a_chain_that_the_configuration_names_is_known(tmp_path: Path) -> None:
    configured(NAMED)
    (chain,) = (one for one in CHAINS.values() if one.venue is Venue.OTHER_CHAIN)
    assert (chain.chain_id, chain.name, chain.wrapped_native.hex()) == (100, "Gnosis", NATIVE[2:])
    path = tmp_path / "pools.json"
    one, other = "11" * 20, "22" * 20
    path.write_text(POOL_FILE % ("33" * 20, one, other, one, other))
    (pool,) = load_pools(path)
    assert (pool.id.chain_id, pool.id.venue) == (100, Venue.OTHER_CHAIN)
    assert InstrumentId.from_wire(pool.id.to_wire()) == pool.id
    assert "venue:other_chain" in scopes_of_instruments([pool.id])


def test_the_chain_that_is_named_last_is_the_one() -> None:
    configured(NAMED)
    configured(NAMED.replace("100", "5000"))
    assert 100 not in CHAINS
    assert CHAIN_OF_VENUE[Venue.OTHER_CHAIN] == 5000


@pytest.mark.parametrize(
    ("chain", "path"),
    [
        ("id = 100", "chain"),
        (NAMED.replace("100", "137"), "chain.id"),
        (NAMED.replace("100", "0"), "chain.id"),
        (NAMED.replace('"Gnosis"', '""'), "chain.name"),
        (NAMED.replace(NATIVE, "0x12"), "chain.wrapped_native"),
    ],
)
def test_what_names_no_chain_is_refused(chain: str, path: str) -> None:
    with pytest.raises(ConfigError) as caught:
        configured(chain)
    assert caught.value.path == path
