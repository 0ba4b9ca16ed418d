"""Venues and instrument ids: 24 bytes that can be read back in full."""

from __future__ import annotations

import enum
from typing import NamedTuple, Self

import attrs

ADDRESS_SIZE = 20
INSTRUMENT_ID_SIZE = 24
ZERO_ADDRESS = bytes(ADDRESS_SIZE)


class Venue(enum.IntEnum):
    """Where an instrument is traded; a chain's own number stands for a pool whose exchange is not known.

    Numbers up to 899 are the original's, save those of deployments that it lacked. A name without a version is the
    exchange's oldest: SUSHISWAP and QUICKSWAP are constant-product pools.
    """

    NYSE = 1  # exchanges of stocks
    NASDAQ = 2
    LSE = 3
    TSE = 4
    HKEX = 5
    BINANCE = 100  # exchanges of coins
    KRAKEN = 101
    COINBASE = 102
    HUOBI = 103
    OKEX = 104
    FTX = 105
    BYBIT = 106
    KUCOIN = 107
    GEMINI = 108
    ETHEREUM = 200  # chains
    BITCOIN = 201
    POLYGON = 202
    BSC = 203
    AVALANCHE = 204
    FANTOM = 205
    ARBITRUM = 206
    OPTIMISM = 207
    SOLANA = 208
    CARDANO = 209
    POLKADOT = 210
    COSMOS = 211
    BASE = 212
    CRONOS = 213
    OTHER_CHAIN = 299  # the one that a configuration names
    UNISWAP_V2 = 300  # on Ethereum
    UNISWAP_V3 = 301
    SUSHISWAP = 302
    CURVE = 303
    BALANCER = 304
    AAVE = 305
    COMPOUND = 306
    MAKERDAO = 307
    YEARN = 308
    SYNTHETIX = 309
    DYDX = 310
    SUSHISWAP_V3 = 311
    PANCAKESWAP_ETHEREUM = 312
    PANCAKESWAP_V3_ETHEREUM = 313
    QUICKSWAP = 400  # on Polygon
    SUSHISWAP_POLYGON = 401
    CURVE_POLYGON = 402
    AAVE_POLYGON = 403
    BALANCER_POLYGON = 404
    UNISWAP_V3_POLYGON = 405
    UNISWAP_V2_POLYGON = 406
    QUICKSWAP_V3 = 407
    SUSHISWAP_V3_POLYGON = 408
    PANCAKESWAP = 500  # on BNB Smart Chain
    VENUS = 501
    PANCAKESWAP_V3 = 502
    UNISWAP_V2_BSC = 503
    UNISWAP_V3_BSC = 504
    SUSHISWAP_BSC = 505
    SUSHISWAP_V3_BSC = 506
    UNISWAP_V3_ARBITRUM = 600  # on Arbitrum
    SUSHISWAP_ARBITRUM = 601
    CURVE_ARBITRUM = 602
    UNISWAP_V2_ARBITRUM = 603
    SUSHISWAP_V3_ARBITRUM = 604
    BALANCER_ARBITRUM = 605
    PANCAKESWAP_ARBITRUM = 606
    PANCAKESWAP_V3_ARBITRUM = 607
    DERIBIT = 700  # derivatives
    BYBIT_DERIVATIVES = 701
    OPYN = 702
    HEGIC = 703
    COMEX = 800  # commodities and currencies
    CME = 801
    ICE = 802
    FOREX_COM = 803
    UNISWAP_V2_OPTIMISM = 900  # on Optimism
    UNISWAP_V3_OPTIMISM = 901
    SUSHISWAP_OPTIMISM = 902
    SUSHISWAP_V3_OPTIMISM = 903
    CURVE_OPTIMISM = 904
    BALANCER_OPTIMISM = 905
    VELODROME = 906
    UNISWAP_V2_BASE = 1000  # on Base
    UNISWAP_V3_BASE = 1001
    SUSHISWAP_BASE = 1002
    SUSHISWAP_V3_BASE = 1003
    AERODROME = 1004
    AERODROME_SLIPSTREAM = 1005
    CURVE_BASE = 1006
    BALANCER_BASE = 1007
    PANCAKESWAP_BASE = 1008
    PANCAKESWAP_V3_BASE = 1009
    UNISWAP_V2_AVALANCHE = 1100  # on Avalanche
    UNISWAP_V3_AVALANCHE = 1101
    SUSHISWAP_AVALANCHE = 1102
    SUSHISWAP_V3_AVALANCHE = 1103
    CURVE_AVALANCHE = 1104
    BALANCER_AVALANCHE = 1105
    TRADER_JOE = 1106
    SUSHISWAP_FANTOM = 1200  # on Fantom
    SUSHISWAP_V3_FANTOM = 1201
    CURVE_FANTOM = 1202
    SPOOKYSWAP = 1203
    VVS_FINANCE = 1300  # on Cronos


_OWN_CHAINS = {
    Venue.ETHEREUM: 1,
    Venue.POLYGON: 137,
    Venue.BSC: 56,
    Venue.AVALANCHE: 43114,
    Venue.FANTOM: 250,
    Venue.ARBITRUM: 42161,
    Venue.OPTIMISM: 10,
    Venue.BASE: 8453,
    Venue.CRONOS: 25,
}
_CHAINS_OF_NUMBERS = {
    range(300, 400): 1,  # Ethereum
    range(400, 500): 137,  # Polygon
    range(500, 600): 56,  # BNB Smart Chain
    range(600, 700): 42161,  # Arbitrum
    range(900, 1000): 10,  # Optimism
    range(1000, 1100): 8453,  # Base
    range(1100, 1200): 43114,  # Avalanche
    range(1200, 1300): 250,  # Fantom
    range(1300, 1400): 25,  # Cronos
}
CHAIN_OF_VENUE: dict[Venue, int] = _OWN_CHAINS | {
    venue: chain_id for venue in Venue for numbers, chain_id in _CHAINS_OF_NUMBERS.items() if venue in numbers
}
"""The EVM chain of each venue that is on one; `chains.name_chain` adds that of OTHER_CHAIN."""


class AssetType(enum.IntEnum):
    """What an instrument is. Nothing follows from it for decimals: they are read from the chain."""

    STOCK = 1
    BOND = 2
    ETF = 3
    COMMODITY = 4
    CURRENCY = 5
    INDEX = 6
    TOKEN = 50
    COIN = 51
    NFT = 52
    STABLECOIN = 53
    WRAPPED_TOKEN = 54
    POOL = 100
    LP_TOKEN = 101
    YIELD_TOKEN = 102
    SYNTHETIC_ASSET = 103
    DERIVATIVE_TOKEN = 104
    GOVERNANCE_TOKEN = 105
    OPTION = 150
    FUTURE = 151
    SWAP = 152
    FORWARD = 153
    CREDIT_DEFAULT_SWAP = 154
    STRUCTURED_NOTE = 200
    CONVERTIBLE_BOND = 201


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
    """The only id: venue u16, asset type u8, kind u8, body of 20 bytes (symbol or EVM address). Nothing is cut.

    An id that could not be read back cannot be made: ValueError for an unknown venue, asset type or kind, another
    length, or a symbol that is not ASCII padded with zero bytes.
    """

    venue: Venue = attrs.field(converter=Venue)
    asset_type: AssetType = attrs.field(converter=AssetType)
    kind: IdKind = attrs.field(converter=IdKind)
    body: bytes = attrs.field(converter=bytes)

    def __attrs_post_init__(self) -> None:
        if len(self.body) != ADDRESS_SIZE:
            raise ValueError(f"the body of an instrument id has {ADDRESS_SIZE} bytes, this had {len(self.body)}")
        symbol = self.body.rstrip(b"\0")
        if self.kind is IdKind.SYMBOL and (not symbol or b"\0" in symbol or not symbol.isascii()):
            raise ValueError(f"a symbol is ASCII padded with zero bytes, this was {self.body.hex()}")

    @classmethod
    def from_pool_address(cls, address: bytes, venue: Venue) -> Self:
        """The id of a pool contract. Raises ValueError for a wrong length, the zero address, a venue without chain."""
        return cls._from_address("pool", address, venue, AssetType.POOL)

    @classmethod
    def from_token_address(cls, address: bytes, venue: Venue) -> Self:
        """The id of a token contract; `venue` is the chain. Raises ValueError as `from_pool_address`."""
        return cls._from_address("token", address, venue, AssetType.TOKEN)

    @classmethod
    def _from_address(cls, what: str, address: bytes, venue: Venue, asset_type: AssetType) -> Self:
        if len(address) != ADDRESS_SIZE or address == ZERO_ADDRESS:
            raise ValueError(f"a {what} address has 20 bytes and is not zero, this was 0x{address.hex()}")
        if venue not in CHAIN_OF_VENUE:
            raise ValueError(f"venue {Venue(venue).name} is on no chain, a {what} needs one that is")
        return cls(venue, asset_type, IdKind.EVM_ADDRESS, address)

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
        """The id in 24 bytes. Raises ValueError for another length, or where there is no such id."""
        if len(data) != INSTRUMENT_ID_SIZE:
            raise ValueError(f"an instrument id has {INSTRUMENT_ID_SIZE} bytes, these were {len(data)}")
        return cls(int.from_bytes(data[:2], "little"), data[2], data[3], data[4:])
