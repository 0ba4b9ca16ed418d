"""Which class computes for which kind of pool: the one place where a new kind is entered."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from alphapulse.data.market import PoolSwap
from alphapulse.data.pool_reserves import PoolLiquidity, PoolSync
from alphapulse.data.pools import Pool, PoolKind
from alphapulse.rules.amm.algebra import AlgebraState
from alphapulse.rules.amm.balancer_weighted import BalancerWeightedState
from alphapulse.rules.amm.concentrated import ConcentratedState
from alphapulse.rules.amm.constant_product import ConstantProductState
from alphapulse.rules.amm.curve_stable import CurveStableState
from alphapulse.rules.amm.pool_state import AmmState
from alphapulse.rules.amm.solidly import SolidlyState


class Kind(NamedTuple):
    """How the book follows a kind of pool."""

    begin: Callable[[Pool, object], AmmState | None]
    """The state behind the first event of a pool that tells one; None if it does not."""
    whole: type
    """The event that says all that moves in a trade: of several in a row only the newest counts."""


KINDS: dict[PoolKind, Kind] = {
    PoolKind.V2: Kind(ConstantProductState.begun, PoolSync),
    PoolKind.V3: Kind(ConcentratedState.begun, PoolSwap),
    PoolKind.ALGEBRA: Kind(AlgebraState.begun, PoolSwap),
    PoolKind.SOLIDLY_VOLATILE: Kind(SolidlyState.begun, PoolSync),
    PoolKind.SOLIDLY_STABLE: Kind(SolidlyState.begun, PoolSync),
    PoolKind.CURVE_STABLE: Kind(CurveStableState.begun, PoolLiquidity),
    PoolKind.BALANCER_WEIGHTED: Kind(BalancerWeightedState.begun, PoolLiquidity),
}
