"""Whether a pool of the pool file is what the file says: what stands there is compared with its contracts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from alphapulse.data.factories import Factory
from alphapulse.data.pools import PAIR_KINDS, Pool, PoolKind
from alphapulse.rules.discovery.pool_rules import KINDS, PoolReading
from alphapulse.rules.discovery.token_rules import shown
from alphapulse.rules.evm.create2 import pool_address

READABLE = (*PAIR_KINDS, PoolKind.V3, PoolKind.ALGEBRA)
"""Kinds whose contracts are asked."""


def listed_problem(
    pool: Pool, reading: PoolReading, decimals: Mapping[bytes, Sequence[int | None]], factories: Mapping[bytes, Factory]
) -> str:
    """What the contracts say otherwise than the file; empty if nothing.

    `decimals` are those of each token at several blocks. A factory that is not known speaks against nothing, as the
    operator has named the pool. One that is known must have made it.
    """
    told = [("token0", pool.token0.address, reading.token0), ("token1", pool.token1.address, reading.token1)]
    for what, listed, found in told:
        if listed != found:
            return f"its {what} is {'none' if found is None else '0x' + found.hex()}, the file says 0x{listed.hex()}"
    if pool.kind is PoolKind.V3 and reading.fee_ppm != pool.fee_ppm:
        return f"its fee is {reading.fee_ppm} ppm, the file says {pool.fee_ppm}"
    if pool.kind not in PAIR_KINDS and reading.tick_spacing != pool.tick_spacing:
        return f"its tick spacing is {reading.tick_spacing}, the file says {pool.tick_spacing}"
    return _maker_problem(pool, reading, factories) or _decimals_problem(pool, decimals)


def _maker_problem(pool: Pool, reading: PoolReading, factories: Mapping[bytes, Factory]) -> str:
    factory = None if reading.factory is None else factories.get(reading.factory)
    if factory is None:
        return ""
    if KINDS.get(factory.kind) is not pool.kind:
        return f"{factory.name} makes no pools of kind {pool.kind.name.lower()}"
    if pool.kind is PoolKind.V2 and factory.fee_ppm not in (None, pool.fee_ppm):
        return f"pairs of {factory.name} charge {factory.fee_ppm} ppm, the file says {pool.fee_ppm}"
    expected = pool_address(factory, pool.token0.address, pool.token1.address, pool.fee_ppm)
    if expected not in (None, pool.id.body):
        return f"{factory.name} gives the pool of these tokens another address"
    return ""


def _decimals_problem(pool: Pool, decimals: Mapping[bytes, Sequence[int | None]]) -> str:
    for token in pool.tokens:
        found = decimals[token.address]
        if any(one != token.decimals for one in found):
            read = " and ".join(dict.fromkeys("none" if one is None else shown(one) for one in found))
            return f"0x{token.address.hex()} tells {read} decimals, the file says {token.decimals} for {token.symbol}"
    return ""
