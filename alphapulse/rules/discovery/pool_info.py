"""A pool as it is told to others and kept, and back."""

from __future__ import annotations

from alphapulse.data.instruments import Venue
from alphapulse.data.pool_cache import PoolInfo, PoolProtocol, PoolToken
from alphapulse.data.pools import Pool, PoolKind, Token

_PROTOCOLS = (
    ("UNISWAP_V2", PoolProtocol.UNISWAP_V2),
    ("UNISWAP_V3", PoolProtocol.UNISWAP_V3),
    ("SUSHISWAP_V3", PoolProtocol.SUSHISWAP_V3),
    ("SUSHISWAP", PoolProtocol.SUSHISWAP_V2),
    ("QUICKSWAP_V3", PoolProtocol.QUICKSWAP_V3),
    ("QUICKSWAP", PoolProtocol.QUICKSWAP_V2),
    ("PANCAKESWAP_V3", PoolProtocol.PANCAKESWAP_V3),
    ("PANCAKESWAP", PoolProtocol.PANCAKESWAP_V2),
    ("AERODROME", PoolProtocol.AERODROME),
    ("CURVE", PoolProtocol.CURVE),
    ("BALANCER", PoolProtocol.BALANCER_V2),
)
"""By the beginning of a venue's name; longer ones first."""

_KINDS = (PoolKind.V2, PoolKind.V3, PoolKind.ALGEBRA)


def protocol_of(venue: Venue) -> PoolProtocol:
    """Whose contract the pools of a venue are; UNKNOWN for a chain's own number."""
    return next((protocol for start, protocol in _PROTOCOLS if venue.name.startswith(start)), PoolProtocol.UNKNOWN)


def info_of(pool: Pool, discovered_ns: int, last_seen_ns: int) -> PoolInfo:
    """What stays of a pool of two tokens; times are wall clock in ns.

    Raises:
        ValueError: a pool of another kind, which this form does not tell in full.
    """
    if pool.kind not in _KINDS:
        raise ValueError(f"expected a pool of kind {', '.join(kind.name for kind in _KINDS)}, found {pool.kind.name}")
    tokens = tuple(PoolToken(token.address, token.symbol, token.decimals) for token in pool.tokens)
    protocol = protocol_of(pool.id.venue)
    return PoolInfo(pool.id, protocol, tokens, pool.fee_ppm, pool.tick_spacing, discovered_ns, last_seen_ns)


def pool_of(info: PoolInfo) -> Pool:
    """The pool. Its kind follows from its terms: no ticks is V2, ticks without a fixed fee is Algebra.

    Raises:
        ValueError: another number of tokens than two, or no terms of such a pool.
    """
    if len(info.tokens) != 2 or (info.fee_ppm is None and info.tick_spacing is None):
        raise ValueError(
            f"expected two tokens with a fee or ticks, found {len(info.tokens)} tokens of {info.pool.name}"
        )
    token0, token1 = (Token(token.address, token.symbol, token.decimals) for token in info.tokens)
    with_ticks = PoolKind.ALGEBRA if info.fee_ppm is None else PoolKind.V3
    kind = PoolKind.V2 if info.tick_spacing is None else with_ticks
    name = pool_name(token0.symbol, token1.symbol, info.fee_ppm)
    return Pool(info.pool, kind, name, token0, token1, info.fee_ppm, info.tick_spacing)


def pool_name(symbol0: str, symbol1: str, fee_ppm: int | None) -> str:
    """How a pool is shown: `USDC/WETH 0.05%`, or without a fee that is always the same `USDC/WETH dynamic`."""
    return f"{symbol0}/{symbol1} {'dynamic' if fee_ppm is None else percent(fee_ppm)}"


def percent(fee_ppm: int) -> str:
    """A fee as people write it: 500 ppm is `0.05%`."""
    digits = f"{fee_ppm:05d}"
    whole, fraction = digits[:-4], digits[-4:].rstrip("0")
    return f"{int(whole)}.{fraction:0<2}%"
