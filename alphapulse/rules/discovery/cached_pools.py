"""Which kept pools are proved again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from alphapulse.data.factories import Factory
from alphapulse.data.pool_cache import PoolInfo
from alphapulse.data.pools import Pool
from alphapulse.rules.discovery.pool_info import pool_of
from alphapulse.rules.discovery.pool_rules import KINDS, ClaimedPool, list_problem
from alphapulse.rules.evm.create2 import pool_address


def proved_pools(
    infos: Iterable[PoolInfo],
    factories: Iterable[Factory],
    allowed_tokens: frozenset[bytes],
    refused_pools: frozenset[bytes],
) -> Iterator[Pool]:
    """Those to which a factory gives their address, and which the operator allows; each once."""
    makers, seen = tuple(factories), set[bytes]()
    for info in infos:
        try:
            pool = pool_of(info)
        except ValueError:
            continue
        if info.pool.body not in seen and any(_makes(maker, pool, allowed_tokens, refused_pools) for maker in makers):
            seen.add(info.pool.body)
            yield pool


def _makes(factory: Factory, pool: Pool, allowed_tokens: frozenset[bytes], refused_pools: frozenset[bytes]) -> bool:
    token0, token1 = pool.pair
    if KINDS.get(factory.kind) is not pool.kind or factory.venue is not pool.id.venue:
        return False
    if pool_address(factory, token0, token1, pool.fee_ppm) != pool.id.body:
        return False
    claim = ClaimedPool(pool.id.body, factory, token0, token1, pool.fee_ppm, pool.tick_spacing, proven=True)
    return not list_problem(claim, allowed_tokens, refused_pools)
