"""A second trader on a devnet: he wants the same gaps, and pays to come first."""

from __future__ import annotations

from random import Random

import attrs

from alphapulse.devnet.call_data import Call
from alphapulse.devnet.deployment import FEE_CAP_WEI
from alphapulse.devnet.market import PPM, Market
from alphapulse.devnet.prices import Price, fair_ratio, read_prices, way_to
from alphapulse.devnet.stock import Family

MOST_WEI = 2 * FEE_CAP_WEI
"""What he offers for a unit of gas: where the node orders by fees, he is first."""
WORTHWHILE_PPM = 4_000
"""How far a pool must be from its fair price."""


@attrs.define
class Rival:
    """Brings the pool that is farthest from its fair price back to it, in one swap: whoever meant to does too late.

    The same seed competes the same way, as long as nobody else trades otherwise.
    """

    market: Market
    chance: Random
    account: str
    share_ppm: int = PPM // 2
    """In so many blocks of a million he is there."""

    async def act(self) -> list[str]:
        """What he sends for the next block: hashes, none if he wants nothing."""
        if self.chance.randrange(PPM) >= self.share_ppm:
            return []
        call = await self._wanted()
        return [] if call is None else await self.market.world.send([call], self.account, cap_wei=MOST_WEI)

    async def _wanted(self) -> Call | None:
        pools = tuple(self.market.world.pools.values())
        prices = await read_prices(self.market.world.rpc, pools, "pending")
        fair = self.market.fair_q8
        found = []
        for pool, price in zip(pools, prices, strict=True):
            ratio = fair_ratio(pool.token0, pool.token1, fair[pool.token0.symbol], fair[pool.token1.symbol])
            found.append((_distance_ppm(price, ratio, pool.family), pool, price, ratio))
        distance, pool, price, ratio = max(found, key=lambda one: one[0])
        return way_to(self.market.world.moves, pool, price, ratio) if distance >= WORTHWHILE_PPM else None


def _distance_ppm(price: Price, ratio: tuple[int, int], family: Family) -> int:
    """How far a pool is from a price, of which `ratio` is numerator and denominator."""
    above, below = ratio
    if family is Family.V2:
        here, there = price.reserve1 * below, price.reserve0 * above
    else:
        here, there = price.sqrt_price_x96**2 * below, above << 192
    return abs(here - there) * PPM // there
