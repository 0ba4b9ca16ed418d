"""Pool files: what is believed of pools and tokens, and what is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.collectors.recorded.pool_file import load_pools, parse_address
from alphapulse.data.chains import CHAINS
from alphapulse.data.instruments import CHAIN_OF_VENUE, InstrumentId, Venue
from alphapulse.data.pools import Pool, PoolKind, Token
from alphapulse.errors import PoolFileError
from alphapulse.rules.discovery.pool_info import percent
from tests.rules.events.recorded_day import DAY

USDC, WETH = "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48", "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2"
USDC_CHECKSUMMED = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"
CHEAP, DEAR = "0x88e6a0c2ddd26feeb64f039a2c41296fcb3f5640", "0x8ad599c3a0ff1de082011efddc58f1908eb6e6d8"
DESCRIBED = json.loads((DAY / "pools.json").read_text())


def load(path: Path, **changes: Any) -> tuple[Pool, ...]:
    """The pools of the shipped file with top-level entries changed, and without those that are None."""
    document = {key: value for key, value in (DESCRIBED | changes).items() if value is not None}
    path.write_text(json.dumps(document))
    return load_pools(path)


def pool(**changes: Any) -> dict[str, Any]:
    entry = DESCRIBED["pools"][0] | changes
    return {key: value for key, value in entry.items() if value is not None}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "pools.json"


def test_the_shipped_file_names_both_pools() -> None:
    usdc, weth = Token(bytes.fromhex(USDC[2:]), "USDC", 6), Token(bytes.fromhex(WETH[2:]), "WETH", 18)
    ids = [InstrumentId.from_pool_address(bytes.fromhex(text[2:]), Venue.ETHEREUM) for text in (CHEAP, DEAR)]
    assert load_pools(DAY / "pools.json") == (
        Pool(ids[0], PoolKind.V3, "USDC/WETH 0.05%", usdc, weth, 500, 10),
        Pool(ids[1], PoolKind.V3, "USDC/WETH 0.30%", usdc, weth, 3000, 60),
    )


def test_kind_is_v3_unless_named_and_a_name_is_made_where_none_stands(path: Path) -> None:
    assert load(path, pools=[pool(kind="v3")]) == load(path, pools=[pool(name=None)])


def test_a_pair_has_no_ticks_and_an_algebra_pool_no_fixed_fee(path: Path) -> None:
    pair, algebra = pool(kind="v2", tick_spacing=None, name=None), pool(kind="algebra", fee_ppm=None, name=None)
    (found,) = load(path, pools=[pair])
    assert (found.kind, found.fee_ppm, found.tick_spacing, found.name) == (PoolKind.V2, 500, None, "USDC/WETH 0.05%")
    (found,) = load(path, pools=[algebra])
    assert (found.kind, found.fee_ppm, found.tick_spacing) == (PoolKind.ALGEBRA, None, 10)
    assert found.name == "USDC/WETH dynamic"


def test_addresses_may_bear_their_checksum(path: Path) -> None:
    tokens = {USDC_CHECKSUMMED: DESCRIBED["tokens"][USDC], WETH: DESCRIBED["tokens"][WETH]}
    entry = pool(token0=USDC_CHECKSUMMED, address="0x88e6A0c2dDD26FEEb64F039a2c41296FcB3f5640")
    assert load(path, tokens=tokens, pools=[entry]) == load(path, pools=[pool()])


def test_a_pool_may_be_of_a_venue_on_its_chain(path: Path) -> None:
    (found,) = load(path, pools=[pool(venue="uniswap_v3")])
    assert (found.id.venue, found.id.chain_id) == (Venue.UNISWAP_V3, 1)
    for unknown in ("quickswap", "kraken", "Uniswap_V3"):
        with pytest.raises(PoolFileError, match=r"pools\[0\].venue: expected a venue on Ethereum"):
            load(path, pools=[pool(venue=unknown)])


def test_a_polygon_file_is_on_polygon(path: Path) -> None:
    assert [one.id.chain_id for one in load(path, chainId=137)] == [137, 137]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"chainId": 5}, r"chainId: expected a chain that is known \(1, 10, 25, .*\), found 5"),
        ({"chainId": None}, "no pool file: Object missing required field `chainId`"),
        ({"chainId": "1"}, r"Expected `int`, found `str` - at `\$.chainId`"),
        ({"pools": []}, r"of length >= 1 - at `\$.pools`"),
        ({"pools": [pool(), pool()]}, rf"pools\[1\].address: {CHEAP} is listed twice"),
        ({"pools": [pool(token0=WETH, token1=USDC)]}, r"pools\[0\]: expected token0 below token1, as on chain"),
        ({"pools": [pool(token1=USDC)]}, r"pools\[0\]: expected token0 below token1"),
        ({"pools": [pool(address="0x" + "0" * 40)]}, r"pools\[0\].address: expected an address of .* not zero"),
        ({"pools": [pool(address=CHEAP[2:])]}, r"pools\[0\].address: expected an address of 0x and 40 hex digits"),
        ({"pools": [pool(address=CHEAP[:-1])]}, r"pools\[0\].address: expected an address"),
        ({"pools": [pool(address=CHEAP[:-2] + "  ")]}, r"pools\[0\].address: expected an address"),
        ({"pools": [pool(token0=CHEAP)]}, rf"pools\[0\].token0: {CHEAP} has no entry under tokens; its decimals are"),
        ({"pools": [pool(kind="v4")]}, r"pools\[0\].kind: expected v3 or .* or solidly_stable, found 'v4'"),
        ({"pools": [pool(fee_ppm=None)]}, r"pools\[0\].fee_ppm: expected one for a pool of kind v3, found None"),
        ({"pools": [pool(tick_spacing=None)]}, r"pools\[0\].tick_spacing: expected one for a pool of kind v3"),
        ({"pools": [pool(kind="v2")]}, r"pools\[0\].tick_spacing: expected none for a pool of kind v2, found 10"),
        ({"pools": [pool(kind="algebra")]}, r"pools\[0\].fee_ppm: expected none for a pool of kind algebra"),
        ({"pools": [pool(fee_ppm=1_000_000)]}, r"`int` <= 999999 - at `\$.pools\[0\].fee_ppm`"),
        ({"pools": [pool(fee_ppm=0.05)]}, r"`int \| null`, found `float` - at `\$.pools\[0\].fee_ppm`"),
        ({"pools": [pool(tick_spacing=0)]}, r"`int` >= 1 - at `\$.pools\[0\].tick_spacing`"),
        ({"pools": [pool(token1=None)]}, "missing required field `token1`"),
        ({"tokens": {USDC: {"symbol": "USDC"}}}, "missing required field `decimals`"),
        ({"tokens": {USDC: {"symbol": "USDC", "decimals": 256}}}, "`int` <= 255"),
        ({"tokens": {USDC: {"symbol": "", "decimals": 6}}}, "length >= 1"),
        ({"tokens": {"USDC": {"symbol": "USDC", "decimals": 6}}}, "tokens: expected an address .*, found 'USDC'"),
        (
            {"tokens": {text: {"symbol": "USDC", "decimals": 6} for text in (USDC, USDC_CHECKSUMMED)}},
            f"tokens: {USDC_CHECKSUMMED} is listed twice",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(PoolFileError, match=message) as caught:
        load(path, **changes)
    assert str(caught.value).startswith(f"{path}: ")


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff\xfe", b'{"tokens": {"\xff": {}}}', b'{"x": ' + b"[" * 100_000, b"[]", b"5"]
)
def test_what_is_no_pool_file_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(PoolFileError, match=f"^{path}: no pool file: "):
        load_pools(path)


def test_a_missing_file_is_named(path: Path) -> None:
    with pytest.raises(PoolFileError, match=f"expected a pool file at {path}, found: No such file"):
        load_pools(path)


@given(st.binary(max_size=200))
def test_bytes_of_any_kind_are_no_crash(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_bytes(content)
    with pytest.raises(PoolFileError):
        load_pools(path)


@given(st.binary(min_size=20, max_size=20).filter(any))
def test_an_address_is_read_back(address: bytes) -> None:
    assert parse_address("0x" + address.hex()) == parse_address("0x" + address.hex().upper()) == address


@given(st.text(max_size=50))
def test_other_text_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match="expected an address"):
        parse_address(text)


@pytest.mark.parametrize(
    ("fee_ppm", "shown"),
    [
        (0, "0.00%"),
        (1, "0.0001%"),
        (100, "0.01%"),
        (500, "0.05%"),
        (3000, "0.30%"),
        (10_000, "1.00%"),
        (123_456, "12.3456%"),
    ],
)
def test_fees_are_shown_as_people_write_them(fee_ppm: int, shown: str) -> None:
    assert percent(fee_ppm) == shown


def test_every_chain_stands_at_its_own_number_and_its_venue_is_on_it() -> None:
    assert [number for number, chain in CHAINS.items() if chain.chain_id != number] == []
    assert [chain.name for chain in CHAINS.values() if CHAIN_OF_VENUE[chain.venue] != chain.chain_id] == []
    assert {len(chain.wrapped_native) for chain in CHAINS.values()} == {20}
    assert set(CHAINS) == set(CHAIN_OF_VENUE.values())
