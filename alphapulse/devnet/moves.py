"""What traders and suppliers do with a pool, as calls of the pool hand."""

from __future__ import annotations

import attrs

from alphapulse.devnet.call_data import Call, call
from alphapulse.devnet.stock import Family
from alphapulse.rules.amm.tick_math import MAX_SQRT_RATIO, MIN_SQRT_RATIO


@attrs.frozen
class DevToken:
    """A token of a devnet; `symbol` is its name here, which an odd token need not say itself."""

    symbol: str
    address: str
    decimals: int
    price_q8: int


@attrs.frozen
class DevPool:
    """A pool of a devnet. `fee_ppm` is None for Algebra's, whose fee moves; `spacing` is 0 for V2."""

    name: str
    family: Family
    factory: str
    address: str
    token0: DevToken
    token1: DevToken
    fee_ppm: int | None
    spacing: int


@attrs.frozen
class Moves:
    """Calls of the pool hand at `hand`; whoever sends them pays and is paid."""

    hand: str

    def swap(self, pool: DevPool, amount: int, *, zero_for_one: bool) -> Call:
        """Sell `amount` (> 0, raw units). V3 and Algebra also buy exactly -`amount` if it is negative."""
        if pool.family is Family.V2:
            signature = "swap_pair(address,bool,uint256,uint256)"
            return call(self.hand, signature, pool.address, zero_for_one, amount, pool.fee_ppm)
        limit = MIN_SQRT_RATIO + 1 if zero_for_one else MAX_SQRT_RATIO - 1
        return call(self.hand, "swap(address,bool,int256,uint160)", pool.address, zero_for_one, amount, limit)

    def swap_to(self, pool: DevPool, sqrt_price_x96: int, *, zero_for_one: bool) -> Call:
        """V3 and Algebra: swap until the price is there."""
        signature = "swap(address,bool,int256,uint160)"
        return call(self.hand, signature, pool.address, zero_for_one, 2**200, sqrt_price_x96)

    def mint(self, pool: DevPool, lower: int, upper: int, liquidity: int) -> Call:
        """V3 and Algebra: add liquidity between two ticks."""
        name = "mint_algebra" if pool.family is Family.ALGEBRA else "mint"
        return call(self.hand, f"{name}(address,int24,int24,uint128)", pool.address, lower, upper, liquidity)

    def burn(self, pool: DevPool, lower: int, upper: int, liquidity: int) -> Call:
        """V3 and Algebra: take liquidity out; what it was worth stays in the pool until it is collected."""
        return call(self.hand, "burn(address,int24,int24,uint128)", pool.address, lower, upper, liquidity)

    def collect(self, pool: DevPool, lower: int, upper: int) -> Call:
        """V3 and Algebra: take out all that is owed for a position."""
        signature, most = "collect(address,int24,int24,uint128,uint128)", 2**128 - 1
        return call(self.hand, signature, pool.address, lower, upper, most, most)

    def flash(self, pool: DevPool, amount0: int, amount1: int) -> Call:
        """V3 and Algebra: borrow and give back with the fee."""
        return call(self.hand, "flash(address,uint256,uint256)", pool.address, amount0, amount1)

    def mint_pair(self, pool: DevPool, amount0: int, amount1: int) -> Call:
        """V2: add liquidity."""
        return call(self.hand, "mint_pair(address,uint256,uint256)", pool.address, amount0, amount1)

    def burn_pair(self, pool: DevPool, liquidity: int) -> Call:
        """V2: give back shares."""
        return call(self.hand, "burn_pair(address,uint256)", pool.address, liquidity)

    def donate(self, pool: DevPool, token: DevToken, amount: int) -> Call:
        """V2: send tokens and sync, which moves the price without a swap."""
        return call(self.hand, "donate(address,address,uint256)", pool.address, token.address, amount)
