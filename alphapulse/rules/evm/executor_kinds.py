"""Which kinds of pools the executor contract can swap in: the one list for costs, paths and pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from alphapulse.data.pools import Pool, PoolKind
from alphapulse.rules.evm.executor_path import LegKind

EXECUTOR_KINDS: Mapping[PoolKind, LegKind] = MappingProxyType(
    {PoolKind.V2: LegKind.V2, PoolKind.V3: LegKind.V3, PoolKind.ALGEBRA: LegKind.ALGEBRA}
)
"""How the contract calls a pool of each kind. A kind that is not here it cannot run: no calldata makes it."""


def not_runnable(pools: Iterable[Pool]) -> Pool | None:
    """The first pool that the contract has no call for; None if it can run them all."""
    return next((pool for pool in pools if pool.kind not in EXECUTOR_KINDS), None)
