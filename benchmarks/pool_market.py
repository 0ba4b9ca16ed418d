"""Made-up markets of many pools: a few hubs, a long tail of tokens, fair prices; and a cycle of each kind to size."""

from __future__ import annotations

from math import isqrt
from random import Random

from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.data.market import LogStamp, PoolSwap
from alphapulse.data.pool_reserves import PoolSync
from alphapulse.data.pools import Pool, PoolKind, Token, Trust
from alphapulse.rules.amm.concentrated import ConcentratedState
from alphapulse.rules.amm.constant_product import ConstantProductState
from alphapulse.rules.amm.pool_state import AmmState
from alphapulse.rules.amm.tick_map import TickMap
from alphapulse.rules.amm.tick_math import sqrt_ratio_at_tick, tick_at_sqrt_ratio
from alphapulse.rules.arbitrage.cycle import Cycle, Hop

HUBS = 4
SEED = 20240105
UNIT = 10**18
CALM_PPM = 400
"""How far a quiet event moves a price from the fair one: far less than the fees of two pools."""


def token(number: int) -> Token:
    """A made-up token."""
    return Token(number.to_bytes(20, "big"), f"T{number}", 18)


def pool(number: int, low: int, high: int, kind: PoolKind = PoolKind.V2) -> Pool:
    """A made-up pool of 0.30%."""
    pool_id = InstrumentId.from_pool_address((1 << 64 | number).to_bytes(20, "big"), Venue.UNISWAP_V3)
    spacing = 60 if kind is PoolKind.V3 else None
    return Pool(pool_id, kind, f"pool {number}", token(low), token(high), 3000, spacing)


def stamp(number: int) -> LogStamp:
    """The stamp of the event of that number, a hundred in a block."""
    return LogStamp(number // 100, number % 100, 0, bytes(32), None, number, number)


class PoolMarket:
    """`number` pools, half of them V3: a third between hubs and any token, the rest by a power law of the tokens."""

    def __init__(self, number: int) -> None:
        chance = Random(SEED)  # noqa: S311  # the same market each time
        tokens = max(8, number * 3 // 10)
        self._worth = [chance.randint(10**5, 10**7) for _ in range(tokens + 1)]
        self.base_tokens = tuple(token(hub).address for hub in range(1, HUBS + 1))
        self.pools: list[Pool] = []
        for index in range(number):
            first = second = chance.randint(1, HUBS) if index % 3 == 0 else _popular(chance, tokens)
            while second == first:
                second = chance.randint(1, tokens) if index % 3 == 0 else _popular(chance, tokens)
            kind = PoolKind.V3 if chance.randint(0, 1) else PoolKind.V2
            self.pools.append(pool(index, min(first, second), max(first, second), kind))
        self.opening = [self._event(one, at, 0) for at, one in enumerate(self.pools)]

    def quiet_events(self, number: int, round_: int) -> list[object]:
        """Swaps in pools by chance, each to a price that no fee lets anybody gain from."""
        chance = Random(SEED + round_)  # noqa: S311
        begin = (round_ + 1) * (len(self.pools) + number)
        return [
            self._event(chance.choice(self.pools), begin + at, chance.randint(-CALM_PPM, CALM_PPM))
            for at in range(number)
        ]

    def _event(self, of: Pool, number: int, off_ppm: int) -> object:
        low, high = (int.from_bytes(one, "big") for one in of.pair)
        out, into = self._worth[low] * (10**6 + off_ppm), self._worth[high] * 10**6
        if of.kind is PoolKind.V2:
            reserve0 = 10**6 * UNIT
            return PoolSync(stamp(number), of.id, reserve0, reserve0 * out // into)
        price = isqrt((out << 192) // into)
        return PoolSwap(stamp(number), of.id, 1, -1, price, 10**22, tick_at_sqrt_ratio(price))


def _popular(chance: Random, tokens: int) -> int:
    """A token by a power law: low numbers stand for the popular ones."""
    return max(1, int(tokens ** chance.random()))


def cycles_by_kind() -> dict[str, tuple[Cycle, list[AmmState]]]:
    """A cycle of each kind with a gap of about 2%."""
    pair, ranged, ticked = _pair_state, _ranged_state, _ticked_state
    kinds = {
        "two V2": [pair(102), pair(100)],
        "V2 and V3 in range": [pair(102), ranged()],
        "three V2": [pair(103), pair(100), pair(100)],
        "four V2": [pair(104), pair(100), pair(100), pair(100)],
        "three V3 in range": [ranged(270), ranged(), ranged()],
        "two V3 across ticks": [ticked(250), ticked()],
        "V3 across ticks and two V2": [ticked(400), pair(100), pair(100)],
    }
    return {name: (_cycle(states), states) for name, states in kinds.items()}


def _cycle(states: list[AmmState]) -> Cycle:
    """The cycle that sells token 0 of each pool; the last one buys the first token back."""
    hops = []
    for at, state in enumerate(states):
        kind = PoolKind.V2 if isinstance(state, ConstantProductState) else PoolKind.V3
        hops.append(Hop(pool(at, at + 1, at + 2, kind), 0, 1))
    return Cycle(tuple(hops), ())


def _pair_state(price_percent: int) -> AmmState:
    return ConstantProductState(1000 * UNIT, 10 * price_percent * UNIT, stamp(0), Trust.PROVEN, 3000)


def _ranged_state(tick: int = 30) -> AmmState:
    price = sqrt_ratio_at_tick(tick)
    return ConcentratedState(price, 10**24, tick, stamp(0), Trust.IN_RANGE, 3000, 60, None)


def _ticked_state(tick: int = 30) -> AmmState:
    """Positions of 60 ticks, one behind the other, each a little deeper than the last."""
    net: dict[int, list[int]] = {}
    for at in range(-40, 41):
        for border, sign in ((at * 60, 1), (at * 60 + 60, -1)):
            both = net.setdefault(border, [0, 0])
            both[0] += 10**22 + at * 10**20
            both[1] += sign * (10**22 + at * 10**20)
    ticks = TickMap.of(60, [(border, gross, change) for border, (gross, change) in net.items()])
    liquidity = sum(change for border, (_, change) in net.items() if border <= tick)
    return ConcentratedState(sqrt_ratio_at_tick(tick), liquidity, tick, stamp(0), Trust.PROVEN, 3000, 60, ticks)
