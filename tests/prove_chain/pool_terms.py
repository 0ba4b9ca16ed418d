"""Pools and tokens of a devnet as the daemon knows them."""

from __future__ import annotations

from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.data.pools import Pool, PoolKind, Token
from alphapulse.devnet.moves import DevPool, DevToken
from alphapulse.devnet.stock import Family
from alphapulse.rules.chain.log_filter import LogFilter
from alphapulse.rules.events.topics import topics_of

KINDS = {Family.V2: PoolKind.V2, Family.V3: PoolKind.V3, Family.ALGEBRA: PoolKind.ALGEBRA}


def pool_of(pool: DevPool) -> Pool:
    """A devnet's pool as a registered one."""
    return Pool(
        InstrumentId.from_pool_address(bytes.fromhex(pool.address[2:]), Venue.POLYGON),
        KINDS[pool.family],
        pool.name,
        token_of(pool.token0),
        token_of(pool.token1),
        pool.fee_ppm,
        pool.spacing or None,
    )


def token_of(token: DevToken) -> Token:
    """A devnet's token as a registered one."""
    return Token(bytes.fromhex(token.address[2:]), token.symbol, token.decimals)


def wanted_logs() -> LogFilter:
    """What a collector subscribes to here: the topics of all kinds of pools, whoever emits them."""
    return LogFilter(topics_of(set(KINDS.values())))
