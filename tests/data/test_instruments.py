"""Instrument ids: nothing is cut, everything can be read back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.data.instruments import CHAIN_OF_VENUE, AssetType, IdKind, InstrumentId, Venue

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


def test_a_pool_needs_a_chain() -> None:
    with pytest.raises(ValueError, match="KRAKEN is on no chain"):
        InstrumentId.from_pool_address(b"\1" * 20, Venue.KRAKEN)


@pytest.mark.parametrize("body", [bytes(20), b"\0A" + bytes(18), b"A\0B" + bytes(17), b"\xff" + bytes(19)])
def test_a_symbol_that_cannot_be_read_is_not_let_in(body: bytes) -> None:
    with pytest.raises(ValueError, match="a symbol is ASCII padded with zero bytes"):
        InstrumentId.from_wire(b"\x65\x00\x33\x00" + body)
