"""Venues and instrument ids: 24 bytes that can be read back in full."""

from __future__ import annotations

import enum
from typing import NamedTuple, Self

import attrs

ADDRESS_SIZE = 20
ZERO_ADDRESS = bytes(ADDRESS_SIZE)


class Venue(enum.IntEnum):
    """Where an instrument is traded; a chain's own number stands for a pool whose exchange is not known."""

    BINANCE = 100
    KRAKEN = 101
    COINBASE = 102
    ETHEREUM = 200
    POLYGON = 202
    BSC = 203
    AVALANCHE = 204
    FANTOM = 205
    ARBITRUM = 206
    OPTIMISM = 207
    BASE = 212
    CRONOS = 213
    UNISWAP_V2 = 300
    UNISWAP_V3 = 301
    SUSHISWAP = 302
    QUICKSWAP = 400
    SUSHISWAP_POLYGON = 401
    UNISWAP_V3_POLYGON = 405
    UNISWAP_V2_POLYGON = 406


CHAIN_OF_VENUE: dict[Venue, int] = {
    Venue.ETHEREUM: 1,
    Venue.UNISWAP_V2: 1,
    Venue.UNISWAP_V3: 1,
    Venue.SUSHISWAP: 1,
    Venue.OPTIMISM: 10,
    Venue.CRONOS: 25,
    Venue.BSC: 56,
    Venue.POLYGON: 137,
    Venue.QUICKSWAP: 137,
    Venue.SUSHISWAP_POLYGON: 137,
    Venue.UNISWAP_V3_POLYGON: 137,
    Venue.UNISWAP_V2_POLYGON: 137,
    Venue.FANTOM: 250,
    Venue.BASE: 8453,
    Venue.ARBITRUM: 42161,
    Venue.AVALANCHE: 43114,
}


class AssetType(enum.IntEnum):
    """What an instrument is."""

    CURRENCY = 5
    TOKEN = 50
    COIN = 51
    POOL = 100


class IdKind(enum.IntEnum):
    """What the 20-byte body of an id holds."""

    SYMBOL = 0
    EVM_ADDRESS = 1


class IdComponents(NamedTuple):
    """An `InstrumentId` taken apart: `name` is the symbol, or the address as `0x…` text."""

    venue: Venue
    asset_type: AssetType
    kind: IdKind
    name: str
    chain_id: int | None


@attrs.frozen(cache_hash=True)
class InstrumentId:
    """The only id: venue u16, asset type u8, kind u8, body of 20 bytes (symbol or EVM address). Nothing is cut."""

    venue: Venue
    asset_type: AssetType
    kind: IdKind
    body: bytes

    @classmethod
    def from_pool_address(cls, address: bytes, venue: Venue) -> Self:
        """The id of a pool contract. Raises ValueError for a wrong length, the zero address, a venue without chain."""
        if len(address) != ADDRESS_SIZE or address == ZERO_ADDRESS:
            raise ValueError(f"a pool address has 20 bytes and is not zero, this was 0x{address.hex()}")
        if venue not in CHAIN_OF_VENUE:
            raise ValueError(f"venue {venue.name} is on no chain, a pool needs one that is")
        return cls(venue, AssetType.POOL, IdKind.EVM_ADDRESS, address)

    @classmethod
    def from_symbol(cls, symbol: str, venue: Venue) -> Self:
        """The id of an exchange's instrument, such as `ETH/USD`. Raises ValueError if it exceeds 20 ASCII bytes."""
        body = symbol.encode("ascii", errors="replace")
        if not symbol.isascii() or not 0 < len(body) <= ADDRESS_SIZE or "\0" in symbol:
            raise ValueError(f"a symbol has 1 to 20 ASCII characters, this was {symbol!r}")
        return cls(venue, AssetType.COIN, IdKind.SYMBOL, body.ljust(ADDRESS_SIZE, b"\0"))

    @property
    def chain_id(self) -> int | None:
        """The EVM chain of the venue, None for an exchange."""
        return CHAIN_OF_VENUE.get(self.venue)

    @property
    def name(self) -> str:
        """The symbol, or the address as lower-case `0x…` text."""
        if self.kind is IdKind.EVM_ADDRESS:
            return "0x" + self.body.hex()
        return self.body.rstrip(b"\0").decode("ascii")

    def to_components(self) -> IdComponents:
        """Everything the id was made from."""
        return IdComponents(self.venue, self.asset_type, self.kind, self.name, self.chain_id)

    def to_wire(self) -> bytes:
        """24 bytes, little-endian."""
        return (
            int(self.venue).to_bytes(2, "little")
            + int(self.asset_type).to_bytes(1, "little")
            + int(self.kind).to_bytes(1, "little")
            + self.body
        )

    @classmethod
    def from_wire(cls, data: bytes) -> Self:
        """The id in 24 bytes.

        Raises ValueError for another length, an unknown venue, asset type or kind, or a symbol that is not ASCII
        padded with zero bytes.
        """
        if len(data) != 4 + ADDRESS_SIZE:
            raise ValueError(f"an instrument id has 24 bytes, these were {len(data)}")
        symbol = data[4:].rstrip(b"\0")
        if data[3] == IdKind.SYMBOL and (not symbol or b"\0" in symbol or not symbol.isascii()):
            raise ValueError(f"a symbol is ASCII padded with zero bytes, this was {data[4:].hex()}")
        return cls(Venue(int.from_bytes(data[:2], "little")), AssetType(data[2]), IdKind(data[3]), bytes(data[4:]))


INSTRUMENT_ID_SIZE = 24
