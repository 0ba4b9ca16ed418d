"""The declarations of all events beside V3's Swap, Mint, Burn and Collect, and a reading of them by eth-abi."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from eth_abi.abi import decode, encode
from eth_hash.auto import keccak

from alphapulse.data.factories import Factory, FactoryKind
from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.data.market import LogStamp, PoolBurn, PoolMint, PoolSwap
from alphapulse.data.pair_events import PairBurn, PairMint, PairSwap
from alphapulse.data.pool_events import (
    PoolCreated,
    PoolFeeChanged,
    PoolFlash,
    PoolInitialized,
    ProtocolFeeChanged,
    ProtocolFeesCollected,
)
from alphapulse.data.pool_reserves import PoolSync
from alphapulse.data.pools import Pool, PoolKind, Token
from alphapulse.rules.amm.tick_math import MAX_SQRT_RATIO, MAX_TICK, MIN_SQRT_RATIO, MIN_TICK
from alphapulse.rules.evm.create2 import pool_address

LOW, HIGH = bytes([1]) * 20, bytes([2]) * 20
NOW_NS = 1_704_412_800_000_000_000
PRICES = (MIN_SQRT_RATIO, MAX_SQRT_RATIO - 1)
TICKS = (MIN_TICK, MAX_TICK)


def _pool(kind: PoolKind, number: int) -> Pool:
    tokens = Token(LOW, "L", 6), Token(HIGH, "H", 18)
    id_ = InstrumentId.from_pool_address(bytes([number]) * 20, Venue.POLYGON)
    terms = {PoolKind.V3: (500, 10), PoolKind.ALGEBRA: (None, 60)}
    fee, spacing = terms.get(kind, (3000, None))
    return Pool(id_, kind, f"{kind.name} of test", *tokens, fee, spacing)


KINDS = (PoolKind.V2, PoolKind.V3, PoolKind.ALGEBRA, PoolKind.SOLIDLY_VOLATILE, PoolKind.SOLIDLY_STABLE)
POOLS = {kind: _pool(kind, number) for number, kind in enumerate(KINDS, 11)}


def _factory(kind: FactoryKind, number: int) -> Factory:
    address = bytes([number]) * 20
    return Factory(f"{kind.name} of test", 137, Venue.POLYGON, kind, address, address, bytes([number]) * 32, None)


FACTORIES = {
    kind: _factory(kind, number)
    for number, kind in enumerate((FactoryKind.V2, FactoryKind.V3, FactoryKind.ALGEBRA), 21)
}


class Word(NamedTuple):
    """A parameter: its ABI type, whether it is a topic, the field that holds it, and what the contract can write."""

    type: str
    indexed: bool
    field: str | None
    least: int
    most: int


class Event(NamedTuple):
    """An event of one kind of emitter."""

    emitter: PoolKind | FactoryKind
    name: str
    cls: Callable[..., Any]
    words: tuple[Word, ...]

    @property
    def topic(self) -> str:
        return "0x" + keccak(f"{self.name}({','.join(word.type for word in self.words)})".encode()).hex()

    @property
    def address(self) -> str:
        if isinstance(self.emitter, PoolKind):
            return POOLS[self.emitter].id.name
        return "0x" + (FACTORIES[self.emitter].address or b"").hex()


def _words(text: str) -> tuple[Word, ...]:
    """`[topic] type field`, separated by commas; a field of `-` is left out of the event."""
    words = []
    for part in text.split(", "):
        *indexed, kind, field = part.split()
        bits = int(kind.removeprefix("uint").removeprefix("int")) if kind != "address" else 160
        least, most = (-(1 << bits - 1), (1 << bits - 1) - 1) if kind.startswith("int") else (0, (1 << bits) - 1)
        if field == "sqrt_price_x96":
            least, most = PRICES
        if kind == "int24":
            least, most = (1, 16_383) if field == "tick_spacing" else TICKS
        if field == "fee_ppm":
            most = min(most, 999_999)
        words.append(Word(kind, bool(indexed), None if field == "-" else field, least, most))
    return tuple(words)


def _event(emitter: PoolKind | FactoryKind, name: str, cls: Callable[..., Any], text: str, most: int = 0) -> Event:
    words = _words(text)
    if most:
        words = tuple(word._replace(most=most) if word.type == "uint256" else word for word in words)
    return Event(emitter, name, cls, words)


MOST_RESERVE = (1 << 112) - 1
_RANGE = "topic int24 tick_lower, topic int24 tick_upper"
_SWAP = "topic address -, topic address -, int256 amount0, int256 amount1, uint160 sqrt_price_x96, uint128 liquidity"

EVENTS = (
    _event(
        PoolKind.V2,
        "Swap",
        PairSwap,
        "topic address -, uint256 amount0_in, uint256 amount1_in, uint256 amount0_out, uint256 amount1_out, "
        "topic address -",
        MOST_RESERVE,
    ),
    _event(PoolKind.V2, "Sync", PoolSync, "uint112 reserve0, uint112 reserve1"),
    _event(PoolKind.V2, "Mint", PairMint, "topic address -, uint256 amount0, uint256 amount1", MOST_RESERVE),
    _event(PoolKind.V2, "Burn", PairBurn, "topic address -, uint256 amount0, uint256 amount1, topic address to"),
    _event(
        PoolKind.SOLIDLY_STABLE,
        "Swap",
        PairSwap,
        "topic address -, topic address -, uint256 amount0_in, uint256 amount1_in, uint256 amount0_out, "
        "uint256 amount1_out",
        MOST_RESERVE,
    ),
    _event(PoolKind.SOLIDLY_VOLATILE, "Sync", PoolSync, "uint256 reserve0, uint256 reserve1", MOST_RESERVE),
    _event(
        PoolKind.SOLIDLY_VOLATILE,
        "Burn",
        PairBurn,
        "topic address -, topic address to, uint256 amount0, uint256 amount1",
    ),
    _event(PoolKind.V3, "Initialize", PoolInitialized, "uint160 sqrt_price_x96, int24 tick"),
    _event(
        PoolKind.V3,
        "Flash",
        PoolFlash,
        "topic address -, topic address -, uint256 amount0, uint256 amount1, uint256 paid0, uint256 paid1",
    ),
    _event(
        PoolKind.V3,
        "CollectProtocol",
        ProtocolFeesCollected,
        "topic address -, topic address recipient, uint128 amount0, uint128 amount1",
    ),
    _event(PoolKind.V3, "SetFeeProtocol", ProtocolFeeChanged, "uint8 old0, uint8 old1, uint8 new0, uint8 new1"),
    _event(PoolKind.V3, "SetFeeProtocol", ProtocolFeeChanged, "uint32 old0, uint32 old1, uint32 new0, uint32 new1"),
    _event(PoolKind.V3, "Swap", PoolSwap, f"{_SWAP}, int24 tick, uint128 -, uint128 -"),
    _event(PoolKind.ALGEBRA, "Swap", PoolSwap, f"{_SWAP}, int24 tick"),
    _event(
        PoolKind.ALGEBRA,
        "Mint",
        PoolMint,
        f"address -, topic address -, {_RANGE}, uint128 liquidity, uint256 amount0, uint256 amount1",
    ),
    _event(
        PoolKind.ALGEBRA,
        "Burn",
        PoolBurn,
        f"topic address -, {_RANGE}, uint128 liquidity, uint256 amount0, uint256 amount1",
    ),
    _event(PoolKind.ALGEBRA, "Initialize", PoolInitialized, "uint160 sqrt_price_x96, int24 tick"),
    _event(PoolKind.ALGEBRA, "Fee", PoolFeeChanged, "uint16 fee_ppm"),
    _event(PoolKind.ALGEBRA, "CommunityFee", ProtocolFeeChanged, "uint8 new0, uint8 new1"),
    _event(
        FactoryKind.V2,
        "PairCreated",
        PoolCreated,
        "topic address token0, topic address token1, address pool, uint256 -",
    ),
    _event(
        FactoryKind.V3,
        "PoolCreated",
        PoolCreated,
        "topic address token0, topic address token1, topic uint24 fee_ppm, int24 tick_spacing, address pool",
    ),
    _event(FactoryKind.ALGEBRA, "Pool", PoolCreated, "topic address token0, topic address token1, address pool"),
)


def made_address(event: Event, token0: str, token1: str, fee_ppm: int | None) -> str:
    """Where the event's factory puts the pool of these tokens."""
    assert isinstance(event.emitter, FactoryKind)
    found = pool_address(FACTORIES[event.emitter], bytes.fromhex(token0[2:]), bytes.fromhex(token1[2:]), fee_ppm)
    assert found is not None
    return "0x" + found.hex()


def log_of(event: Event, values: list[Any]) -> dict[str, Any]:
    """The log object of an event with these values, encoded by eth-abi."""
    both = list(zip(event.words, values, strict=True))
    topics = ["0x" + encode([word.type], [value]).hex() for word, value in both if word.indexed]
    plain = [(word.type, value) for word, value in both if not word.indexed]
    return {
        "address": event.address,
        "topics": [event.topic, *topics],
        "data": "0x" + encode([kind for kind, _ in plain], [value for _, value in plain]).hex(),
        "blockNumber": "0x10",
        "blockHash": "0x" + "5e" * 32,
        "transactionHash": "0x" + "7a" * 32,
        "transactionIndex": "0x2",
        "logIndex": "0x3",
        "blockTimestamp": "0x6597c380",
        "removed": False,
    }


def oracle(event: Event, log: dict[str, Any]) -> Any:
    """What eth-abi finds in the log."""
    topics = iter(log["topics"][1:])
    plain = iter(decode([word.type for word in event.words if not word.indexed], bytes.fromhex(log["data"][2:])))
    fields: dict[str, Any] = {}
    for word in event.words:
        value = decode([word.type], bytes.fromhex(next(topics)[2:]))[0] if word.indexed else next(plain)
        if word.field is not None:
            fields[word.field] = bytes.fromhex(value[2:]) if word.type == "address" else value
    stamp = LogStamp(16, 3, 2, b"\x7a" * 32, b"\x5e" * 32, 0x6597C380 * 10**9, NOW_NS)
    if event.cls is PoolCreated:
        assert isinstance(event.emitter, FactoryKind)
        factory = FACTORIES[event.emitter]
        fields["pool"] = InstrumentId.from_pool_address(fields["pool"], Venue.POLYGON)
        return PoolCreated(
            **{"fee_ppm": None, "tick_spacing": None} | fields, stamp=stamp, factory=factory.address or b""
        )
    assert isinstance(event.emitter, PoolKind)
    if event.cls is ProtocolFeeChanged:
        fields = {"old0": None, "old1": None} | fields
    return event.cls(stamp=stamp, pool=POOLS[event.emitter].id, **fields)
