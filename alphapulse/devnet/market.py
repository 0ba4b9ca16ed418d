"""Traders on a devnet: the same seed trades the same way. They open gaps, and close some of them later."""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt
from random import Random

import attrs

from alphapulse.devnet.call_data import Call, call
from alphapulse.devnet.deployment import FEE_CAP_WEI
from alphapulse.devnet.moves import DevPool, DevToken
from alphapulse.devnet.prices import Price, fair_ratio, read_prices, way_to
from alphapulse.devnet.stock import PRICE_SCALE, Family
from alphapulse.devnet.world import World
from alphapulse.rules.evm.keccak import keccak256

PPM = 1_000_000
SWAP_TOPIC = keccak256(b"Swap(address,address,int256,int256,uint160,uint128,int24)")
SYNC_TOPIC = keccak256(b"Sync(uint112,uint112)")
STEADY = frozenset({"USDC.e", "USDC", "USDT", "DAI"})
"""Tokens whose fair price does not move."""
STEP_PPM = 1_500
"""By how much a fair price moves in a block at most."""
SMALL_DOLLARS, DOUBLINGS = 40, 8
"""An ordinary swap is worth 40 to 20,000 dollars, the small ones as likely as the large."""
LARGE_DOLLARS = (30_000, 90_000)
"""A swap that opens a gap."""
RANGE_STEPS = 40
"""Positions begin and end at one of so many places on each side of the price, ten tick spacings apart."""
MOST_POSITIONS = 200
Order = tuple[str, list[Call]]
"""Who sends which calls."""
PATIENCE_BLOCKS = 5
"""Every so many blocks each pool has one chance in two to be brought back to the fair price."""


@attrs.frozen
class Position:
    """Liquidity that traders have supplied to a V3 or Algebra pool and may take out again."""

    pool: DevPool
    lower: int
    upper: int
    liquidity: int


@attrs.define
class Market:
    """Traders of a world. `orders` says what they do in a block; who sends and mines it is the caller's business."""

    world: World
    chance: Random
    swaps: int = 4
    """Ordinary swaps in a block, on average."""
    gap_ppm: int = 300_000
    """In so many blocks of a million, one swap is large."""
    gap_every: int | None = None
    """Instead of by chance, in every so many blocks one swap is large."""
    supply_ppm: int = 400_000
    """In so many blocks of a million, liquidity is moved."""
    forged_ppm: int = 0
    """In so many blocks of a million, the impostor emits a log that looks like a pool's."""
    is_modest: bool = False
    """Offer no more for gas than the next block asks: where the node orders by fees, others can come first."""
    fair_q8: dict[str, int] = attrs.field(factory=dict)
    positions: list[Position] = attrs.field(factory=list)
    blocks: int = 0

    def __attrs_post_init__(self) -> None:
        """Prices begin as those of the pools."""
        self.fair_q8.update({token.symbol: token.price_q8 for token in self.world.tokens.values()})

    async def block(self) -> int:
        """One block of trade: what the traders do is sent and mined. Its number."""
        orders = await self.orders()
        cap_wei = await self._least_cap_wei() if self.is_modest else FEE_CAP_WEI
        for account, calls in orders:
            await self.world.send(calls, account, cap_wei=cap_wei)
        return await self.world.mine()

    async def orders(self) -> list[Order]:
        """Who does what in the next block, in this order."""
        pools = tuple(self.world.pools.values())
        prices = await read_prices(self.world.rpc, pools)
        self._walk()
        orders = [self._swap(pools) for _ in range(self.chance.randint(0, 2 * self.swaps))]
        if self._opens_gap():
            orders.append(self._large_swap(pools))
        if self.chance.randrange(PPM) < self.supply_ppm:
            orders.append(self._supply(pools, prices))
        if self.forged_ppm and self.chance.randrange(PPM) < self.forged_ppm:
            orders.append((self._somebody(), [self._forgery()]))
        self.blocks += 1
        if self.blocks % PATIENCE_BLOCKS == 0:
            orders.append((self.world.accounts[1], self._keep(pools, prices)))
        return orders

    async def _least_cap_wei(self) -> int:
        """What a transaction must offer to be in the next block, whose base fee is at most an eighth higher."""
        return int((await self.world.block())["baseFeePerGas"], 16) * 9 // 8 + 1

    def _opens_gap(self) -> bool:
        if self.gap_every is not None:
            return self.blocks % self.gap_every == 0
        return self.chance.randrange(PPM) < self.gap_ppm

    def _swap(self, pools: Sequence[DevPool]) -> Order:
        pool = self.chance.choice(pools)
        dollars = self.chance.randint(1, 3) * SMALL_DOLLARS << self.chance.randrange(DOUBLINGS)
        return self._somebody(), [self._sale(pool, dollars, zero_for_one=self._coin())]

    def _supply(self, pools: Sequence[DevPool], prices: Sequence[Price]) -> Order:
        """Liquidity goes in or comes out, fees are collected, or tokens are lent for a moment."""
        at = self.chance.randrange(len(pools))
        pool, price = pools[at], prices[at]
        deed = self.chance.randrange(10)
        if pool.family is Family.V2:
            return self.world.accounts[0], [self._pair_supply(pool, price, deed)]  # whose the shares are
        if deed < 5 and self.positions:
            return self._somebody(), [self._withdrawal()]
        if deed == 9:
            return self._somebody(), [self.world.moves.flash(pool, self._raw(pool.token0, SMALL_DOLLARS), 0)]
        return self._somebody(), [self._deposit(pool, price.tick)]

    def _pair_supply(self, pool: DevPool, price: Price, deed: int) -> Call:
        moves, part_ppm = self.world.moves, self.chance.randint(1, 5_000)
        if deed == 9:
            return moves.donate(pool, pool.token0, self._raw(pool.token0, SMALL_DOLLARS))
        if deed < 5:
            return moves.burn_pair(pool, isqrt(price.reserve0 * price.reserve1) * part_ppm // PPM)
        return moves.mint_pair(pool, price.reserve0 * part_ppm // PPM, price.reserve1 * part_ppm // PPM)

    def _forgery(self) -> Call:
        """A log of the impostor's: a swap in V3's words at an absurd price, or a sync of V2's."""
        impostor = self.world.places["impostor"]
        words: tuple[int, ...]
        if self._coin():
            topics, words = [SYNC_TOPIC], (self.chance.getrandbits(100), self.chance.getrandbits(100))
        else:
            topics = [SWAP_TOPIC, bytes(32), bytes(32)]
            words = (self.chance.getrandbits(80), self.chance.getrandbits(80), 1 << 96, self.chance.getrandbits(90), 0)
        data = b"".join(word.to_bytes(32, "big") for word in words)
        return call(impostor, "utter(bytes32[],bytes)", topics, data)

    def _deposit(self, pool: DevPool, tick: int) -> Call:
        step = 10 * pool.spacing
        here = tick // step * step
        lower = here - step * self.chance.randint(0, RANGE_STEPS)
        upper = here + step * self.chance.randint(1, RANGE_STEPS)
        if self.chance.randrange(4) == 0:  # beside the price: an order that waits
            lower, upper = upper, upper + step
        worth = self._raw(pool.token0, SMALL_DOLLARS) * self._raw(pool.token1, SMALL_DOLLARS)
        liquidity = self.chance.randint(100, 5_000) * max(1, isqrt(worth))
        if len(self.positions) == MOST_POSITIONS:
            self.positions.pop(0)  # it stays in the pool for ever
        self.positions.append(Position(pool, lower, upper, liquidity))
        return self.world.moves.mint(pool, lower, upper, liquidity)

    def _withdrawal(self) -> Call:
        at = self.chance.randrange(len(self.positions))
        position = self.positions[at]
        deed = self.chance.randrange(3)
        if deed == 0:
            return self.world.moves.collect(position.pool, position.lower, position.upper)
        taken = position.liquidity if deed == 1 else position.liquidity // 2
        if deed == 1:
            self.positions.pop(at)
        else:
            self.positions[at] = attrs.evolve(position, liquidity=position.liquidity - taken)
        return self.world.moves.burn(position.pool, position.lower, position.upper, taken)

    def _large_swap(self, pools: Sequence[DevPool]) -> Order:
        pool = self.chance.choice(pools)
        dollars = self.chance.randint(*LARGE_DOLLARS)
        return self._somebody(), [self._sale(pool, dollars, zero_for_one=self._coin())]

    def _sale(self, pool: DevPool, dollars: int, *, zero_for_one: bool) -> Call:
        sold = pool.token0 if zero_for_one else pool.token1
        return self.world.moves.swap(pool, self._raw(sold, dollars), zero_for_one=zero_for_one)

    def _raw(self, token: DevToken, dollars: int) -> int:
        one: int = 10**token.decimals
        return dollars * PRICE_SCALE * one // self.fair_q8[token.symbol]

    def _walk(self) -> None:
        for symbol in self.fair_q8:
            if symbol not in STEADY:
                self.fair_q8[symbol] = self.fair_q8[symbol] * (PPM + self.chance.randint(-STEP_PPM, STEP_PPM)) // PPM

    def _keep(self, pools: Sequence[DevPool], prices: Sequence[Price]) -> list[Call]:
        found = []
        for pool, price in zip(pools, prices, strict=True):
            if self._coin():
                continue
            fair = (self.fair_q8[pool.token0.symbol], self.fair_q8[pool.token1.symbol])
            way = way_to(self.world.moves, pool, price, fair_ratio(pool.token0, pool.token1, *fair))
            if way is not None:
                found.append(way)
        return found

    def _somebody(self) -> str:
        """One of the traders: the first two accounts supply liquidity and keep the prices."""
        return self.chance.choice(self.world.accounts[2:])

    def _coin(self) -> bool:
        return self.chance.randrange(2) == 1
