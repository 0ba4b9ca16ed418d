"""Instrument ids: nothing is cut, everything can be read back."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.data.chains import CHAINS
from alphapulse.data.instruments import CHAIN_OF_VENUE, AssetType, IdKind, InstrumentId, Venue

ADDRESSES_IN_THE_LONG_TEST = 1_000_000

ADDRESSES = st.binary(min_size=20, max_size=20).filter(any)
CHAIN_VENUES = st.sampled_from(sorted(CHAIN_OF_VENUE))
SYMBOLS = st.text(st.characters(min_codepoint=1, max_codepoint=127), min_size=1, max_size=20)


@given(ADDRESSES, CHAIN_VENUES)
def test_a_pool_id_can_be_read_back(address: bytes, venue: Venue) -> None:
    pool = InstrumentId.from_pool_address(address, venue)
    assert InstrumentId.from_wire(pool.to_wire()) == pool
    assert pool.to_components() == (
        venue,
        AssetType.POOL,
        IdKind.EVM_ADDRESS,
        "0x" + address.hex(),
        CHAIN_OF_VENUE[venue],
    )


@given(ADDRESSES, CHAIN_VENUES)
def test_a_token_id_can_be_read_back(address: bytes, venue: Venue) -> None:
    token = InstrumentId.from_token_address(address, venue)
    assert InstrumentId.from_wire(token.to_wire()) == token
    assert token.to_components() == (
        venue,
        AssetType.TOKEN,
        IdKind.EVM_ADDRESS,
        "0x" + address.hex(),
        CHAIN_OF_VENUE[venue],
    )
    assert token != InstrumentId.from_pool_address(address, venue)


@given(SYMBOLS, st.sampled_from(Venue))
def test_a_symbol_id_can_be_read_back(symbol: str, venue: Venue) -> None:
    instrument = InstrumentId.from_symbol(symbol, venue)
    assert InstrumentId.from_wire(instrument.to_wire()) == instrument
    assert instrument.to_components()[:4] == (venue, AssetType.COIN, IdKind.SYMBOL, symbol)


@given(st.binary(min_size=24, max_size=24))
def test_what_is_read_is_what_was_written(data: bytes) -> None:
    """No two byte strings are one id, and an id that was let in has a name."""
    try:
        instrument = InstrumentId.from_wire(data)
    except ValueError:
        return
    assert instrument.to_wire() == data
    assert instrument.name


def test_the_bytes_are_venue_asset_type_kind_body() -> None:
    pool = InstrumentId.from_pool_address(bytes(range(20)), Venue.UNISWAP_V3)
    assert pool.to_wire().hex() == "2d016401" + bytes(range(20)).hex()
    symbol = InstrumentId.from_symbol("ETH/USD", Venue.KRAKEN)
    assert symbol.to_wire() == b"\x65\x00\x33\x00ETH/USD" + bytes(13)


def test_ids_with_the_same_beginning_differ() -> None:
    """The original packed the first bytes into a u64, so that these were one."""
    one = InstrumentId.from_pool_address(b"\x11" * 19 + b"\x01", Venue.UNISWAP_V3)
    other = InstrumentId.from_pool_address(b"\x11" * 19 + b"\x02", Venue.UNISWAP_V3)
    assert one != other
    assert one.to_wire() != other.to_wire()
    assert InstrumentId.from_symbol("ABCDEFGH1", Venue.KRAKEN) != InstrumentId.from_symbol("ABCDEFGH2", Venue.KRAKEN)
    assert InstrumentId.from_symbol("ETH/USD", Venue.KRAKEN) != InstrumentId.from_symbol("ETH/USD", Venue.COINBASE)


@pytest.mark.parametrize("symbol", ["", "A" * 21, "ETH/€", "A\0B"])
def test_a_symbol_that_does_not_fit_is_refused(symbol: str) -> None:
    with pytest.raises(ValueError, match="a symbol has 1 to 20 ASCII characters"):
        InstrumentId.from_symbol(symbol, Venue.KRAKEN)


@pytest.mark.parametrize("address", [b"", bytes(20), b"\1" * 19, b"\1" * 21])
def test_an_address_that_is_none_is_refused(address: bytes) -> None:
    with pytest.raises(ValueError, match="a pool address has 20 bytes and is not zero"):
        InstrumentId.from_pool_address(address, Venue.UNISWAP_V3)
    with pytest.raises(ValueError, match="a token address has 20 bytes and is not zero"):
        InstrumentId.from_token_address(address, Venue.ETHEREUM)


@pytest.mark.parametrize("make", [InstrumentId.from_pool_address, InstrumentId.from_token_address])
@pytest.mark.parametrize("venue", [Venue.KRAKEN, Venue.BITCOIN, Venue.DERIBIT])
def test_an_address_needs_a_chain(make: Callable[[bytes, Venue], InstrumentId], venue: Venue) -> None:
    with pytest.raises(ValueError, match=f"{venue.name} is on no chain"):
        make(b"\1" * 20, venue)


@pytest.mark.parametrize("body", [bytes(20), b"\0A" + bytes(18), b"A\0B" + bytes(17), b"\xff" + bytes(19)])
def test_a_symbol_that_cannot_be_read_is_not_let_in(body: bytes) -> None:
    with pytest.raises(ValueError, match="a symbol is ASCII padded with zero bytes"):
        InstrumentId.from_wire(b"\x65\x00\x33\x00" + body)
    with pytest.raises(ValueError, match="a symbol is ASCII padded with zero bytes"):
        InstrumentId(Venue.KRAKEN, AssetType.COIN, IdKind.SYMBOL, body)


def test_an_id_that_could_not_be_read_back_cannot_be_made() -> None:
    body = b"ETH/USD".ljust(20, b"\0")
    made = InstrumentId(101, 51, 0, bytearray(body))
    assert made == InstrumentId.from_symbol("ETH/USD", Venue.KRAKEN)
    assert type(made.body) is bytes
    for parts in ((9999, 51, 0, body), (101, 77, 0, body), (101, 51, 9, body), (301, 100, 1, body[:19])):
        with pytest.raises(ValueError, match=r"is not a valid|has 20 bytes"):
            InstrumentId(*parts)
    with pytest.raises(ValueError, match="9999 is not a valid Venue"):
        InstrumentId.from_symbol("ETH/USD", 9999)  # type: ignore[arg-type]  # what a stranger may try
    with pytest.raises(ValueError, match="9999 is not a valid Venue"):
        InstrumentId.from_pool_address(b"\1" * 20, 9999)  # type: ignore[arg-type]


def test_the_fee_tiers_of_one_pair_are_two_ids() -> None:
    """USDC and WETH at 0.05% and at 0.30%, on Ethereum: the original gave both the same number."""
    five = bytes.fromhex("88e6a0c2ddd26feeb64f039a2c41296fcb3f5640")
    thirty = bytes.fromhex("8ad599c3a0ff1de082011efddc58f1908eb6e6d8")
    ids = {InstrumentId.from_pool_address(address, Venue.UNISWAP_V3) for address in (five, thirty)}
    assert len(ids) == len({one.to_wire() for one in ids}) == 2


def test_one_address_on_two_chains_is_two_ids() -> None:
    ids = {InstrumentId.from_pool_address(b"\1" * 20, venue).to_wire() for venue in CHAIN_OF_VENUE}
    assert len(ids) == len(CHAIN_OF_VENUE)


def addresses(number: int) -> set[bytes]:
    """Random addresses; in each group of ten, nine share their first eight bytes with the first."""
    random = Random(20_240_105)
    found: set[bytes] = set()
    while len(found) < number:
        first = random.randbytes(20)
        found.add(first)
        found.update(first[:8] + random.randbytes(12) for _ in range(9))
    return found


def check_that_ids_are_as_many(number: int) -> None:
    found = addresses(number)
    prefixes = {address[:8] for address in found}
    assert len(prefixes) <= len(found) // 9
    ids = {InstrumentId.from_pool_address(address, Venue.UNISWAP_V3).to_wire() for address in found}
    assert len(ids) == len(found) >= number
    assert {InstrumentId.from_wire(data).body for data in ids} == found


def test_ids_are_as_many_as_addresses() -> None:
    """Addresses with equal first eight bytes are many here: those were one id in the original."""
    check_that_ids_are_as_many(10_000)


@pytest.mark.slow
def test_ids_are_as_many_as_a_million_addresses() -> None:
    check_that_ids_are_as_many(ADDRESSES_IN_THE_LONG_TEST)


def test_every_chain_has_a_venue_of_its_own() -> None:
    for chain_id, chain in CHAINS.items():
        assert CHAIN_OF_VENUE[chain.venue] == chain_id
    assert set(CHAIN_OF_VENUE.values()) == set(CHAINS)


@pytest.mark.parametrize(
    ("venue", "number", "chain_id"),
    [
        (Venue.UNISWAP_V2, 300, 1),
        (Venue.UNISWAP_V3, 301, 1),
        (Venue.SUSHISWAP, 302, 1),
        (Venue.QUICKSWAP, 400, 137),
        (Venue.SUSHISWAP_POLYGON, 401, 137),
        (Venue.UNISWAP_V3_POLYGON, 405, 137),
        (Venue.UNISWAP_V2_POLYGON, 406, 137),
        (Venue.QUICKSWAP_V3, 407, 137),
        (Venue.PANCAKESWAP, 500, 56),
        (Venue.UNISWAP_V3_ARBITRUM, 600, 42161),
        (Venue.UNISWAP_V3_OPTIMISM, 901, 10),
        (Venue.AERODROME, 1004, 8453),
        (Venue.UNISWAP_V3_AVALANCHE, 1101, 43114),
        (Venue.SUSHISWAP_FANTOM, 1200, 250),
        (Venue.VVS_FINANCE, 1300, 25),
        (Venue.KRAKEN, 101, None),
        (Venue.SOLANA, 208, None),
    ],
)
def test_the_chain_follows_from_the_venue(venue: Venue, number: int, chain_id: int | None) -> None:
    assert venue == number
    assert CHAIN_OF_VENUE.get(venue) == chain_id
