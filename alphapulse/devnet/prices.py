"""What pools are at, and what has to be traded to bring them elsewhere: integers, read at a block's end."""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt

import attrs

from alphapulse.devnet.call_data import Call, call, returned
from alphapulse.devnet.moves import DevPool, DevToken, Moves
from alphapulse.devnet.rpc import NodeRpc
from alphapulse.devnet.stock import Family

STATE_CALLS = {Family.V2: "getReserves()", Family.V3: "slot0()", Family.ALGEBRA: "globalState()"}


@attrs.frozen
class Price:
    """Where a pool is. V2: its reserves. V3 and Algebra: root of the price and tick."""

    reserve0: int = 0
    reserve1: int = 0
    sqrt_price_x96: int = 0
    tick: int = 0


async def read_prices(rpc: NodeRpc, pools: Sequence[DevPool], block: str = "latest") -> list[Price]:
    """Where pools are at the end of a block."""
    answers = await rpc.read_all([call(pool.address, STATE_CALLS[pool.family]) for pool in pools], block)
    return [_price(pool, answer) for pool, answer in zip(pools, answers, strict=True)]


def _price(pool: DevPool, answer: bytes) -> Price:
    if pool.family is Family.V2:
        reserve0, reserve1, _ = returned("uint112,uint112,uint32", answer)
        return Price(reserve0, reserve1)
    sqrt_price_x96, tick = returned("uint160,int24", answer[:64])
    return Price(sqrt_price_x96=sqrt_price_x96, tick=tick)


def fair_ratio(token0: DevToken, token1: DevToken, price0_q8: int, price1_q8: int) -> tuple[int, int]:
    """Raw units of token1 that one raw unit of token0 is worth, as numerator and denominator."""
    return price0_q8 * 10**token1.decimals, price1_q8 * 10**token0.decimals


def way_to(moves: Moves, pool: DevPool, price: Price, ratio: tuple[int, int]) -> Call | None:
    """The swap that brings a pool to a price, its fee left aside; None if it is there."""
    above, below = ratio
    if pool.family is Family.V2:
        product = price.reserve0 * price.reserve1
        surplus0 = isqrt(product * below // above) - price.reserve0
        surplus1 = isqrt(product * above // below) - price.reserve1
        if surplus0 > 0:
            return moves.swap(pool, surplus0, zero_for_one=True)
        return moves.swap(pool, surplus1, zero_for_one=False) if surplus1 > 0 else None
    target = isqrt((above << 192) // below)
    if target == price.sqrt_price_x96:
        return None
    return moves.swap_to(pool, target, zero_for_one=target < price.sqrt_price_x96)
