"""Two pools of one pair of tokens, and the exact test for an opportunity between them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import isqrt

import attrs

from alphapulse.data.pools import Pool

PPM = 1_000_000
ROOT_BITS = 128
"""Extra bits of the fee root: its error is far below one raw unit of any size that fits a pool."""


@attrs.frozen(eq=False)
class PoolPair:
    """Two V3 pools of the same tokens, with what the hot path needs of their fees."""

    first: Pool
    second: Pool
    profit_token: bytes
    keep_ppm2: int = attrs.field(init=False)
    fee_root: int = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        keep = (PPM - self.first.fixed_fee_ppm) * (PPM - self.second.fixed_fee_ppm)
        object.__setattr__(self, "keep_ppm2", keep)
        object.__setattr__(self, "fee_root", isqrt(keep << (2 * ROOT_BITS)))

    @property
    def sells_token0(self) -> bool:
        """True if the profit token is token0: the cycle sells token0 in the dearer pool first."""
        return self.profit_token == self.first.token0.address

    @property
    def fees_ppm(self) -> int:
        """Sum of both pool fees, in ppm."""
        return self.first.fixed_fee_ppm + self.second.fixed_fee_ppm

    def has_opportunity(self, hi_sqrt: int, lo_sqrt: int) -> bool:
        """True if the gap beats both fees: hi² (10⁶ - fee_hi) (10⁶ - fee_lo) > lo² 10¹², in integers.

        `hi_sqrt` and `lo_sqrt` are the greater and the smaller sqrtPriceX96.
        """
        return hi_sqrt * hi_sqrt * self.keep_ppm2 > lo_sqrt * lo_sqrt * PPM * PPM


def profit_token(pool: Pool, base_tokens: Sequence[bytes]) -> bytes:
    """The first of `base_tokens` that the pool's pair holds, else token0."""
    return next((token for token in base_tokens if token in pool.pair), pool.token0.address)


def pairs_of(pools: Sequence[Pool], base_tokens: Sequence[bytes]) -> list[PoolPair]:
    """Every two pools of the same tokens on the same chain, in the order of `pools`."""
    return [
        PoolPair(first, second, profit_token(first, base_tokens))
        for first, second in combinations(pools, 2)
        if first.pair == second.pair and first.id.chain_id == second.id.chain_id
    ]
