"""Concentrated liquidity: Uniswap V3 and what computes like it (PancakeSwap V3, SushiSwap V3, V4 without hooks)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Self

from alphapulse.data.instruments import InstrumentId
from alphapulse.data.market import LogStamp, MarketEvent, PoolBurn, PoolMint, PoolState, PoolSwap
from alphapulse.data.pool_events import PoolInitialized
from alphapulse.data.pool_reserves import PoolTick
from alphapulse.data.pools import Pool, Trust
from alphapulse.data.verdicts import PoolTrustChanged
from alphapulse.errors import AmmError, QuoteRefused
from alphapulse.rules.amm.pool_state import Quote, VirtualReserves
from alphapulse.rules.amm.swap_math import PPM, compute_swap_step
from alphapulse.rules.amm.tick_map import TickMap
from alphapulse.rules.amm.tick_math import MAX_TICK, MIN_TICK, sqrt_ratio_at_tick
from alphapulse.rules.amm.tick_swap import MAX_INT256, TickSwap, price_limit, swap_ticks

Q96_BITS = 96
Q192 = 1 << 192

_new = tuple.__new__  # a third of the constructor's time, for each swap in each book


class ConcentratedState(NamedTuple):
    """Price, liquidity and tick of a pool, and its ticks where they are known.

    A proven state trades across ticks. Of one that is known in range only, no more is said than that the next tick
    which can be initialised is a multiple of the spacing away.
    """

    sqrt_price_x96: int
    liquidity: int
    tick: int
    stamp: LogStamp
    trust: Trust
    fee_ppm: int | None
    tick_spacing: int
    ticks: TickMap | None

    @classmethod
    def begun(cls, pool: Pool, event: object) -> Self | None:
        """The state behind a pool's first event that tells one; None if it does not."""
        return cls.told(event, pool.fee_ppm, pool.fixed_tick_spacing)

    @classmethod
    def told(cls, event: object, fee_ppm: int | None, spacing: int) -> Self | None:
        """The state that an event tells, of a pool with that fee and spacing; None if it tells none.

        An `Initialize` is the pool's first event: what follows from it is proven.
        """
        if isinstance(event, PoolInitialized):
            price, tick, fee = event.sqrt_price_x96, event.tick, cls.first_fee(fee_ppm)
            return cls(price, 0, tick, event.stamp, Trust.PROVEN, fee, spacing, TickMap(spacing))
        if isinstance(event, PoolSwap | PoolState):
            price, liquidity, tick = event.sqrt_price_x96, event.liquidity, event.tick
            return cls(price, liquidity, tick, event.stamp, Trust.IN_RANGE, fee_ppm, spacing, None)
        return None

    @classmethod
    def first_fee(cls, fee_ppm: int | None) -> int | None:
        """The fee of a pool that has just begun."""
        return fee_ppm

    def quote_in(self, token_in: int, token_out: int, amount_in: int) -> Quote:
        """What the pool pays for `amount_in`, across ticks as far as they are known."""
        return self._quote(amount_in, zero_for_one=token_in < token_out)

    def quote_out(self, token_in: int, token_out: int, amount_out: int) -> Quote:
        """What the pool takes for `amount_out`, across ticks as far as they are known."""
        return self._quote(-amount_out, zero_for_one=token_in < token_out)

    def swapped(self, amount: int, sqrt_limit: int, *, zero_for_one: bool) -> TickSwap:
        """The contract's `swap` with a price limit (Q64.96); `amount` is sold, or bought if it is below zero.

        Raises:
            QuoteRefused: the contract would revert, the ticks are not known, or the pool is quarantined.
        """
        fee_ppm = self._usable_fee()
        if self.ticks is None or self.trust is not Trust.PROVEN:
            raise QuoteRefused("beyond_known_range", "the pool's ticks are not known")
        try:
            return swap_ticks(
                self.ticks,
                self.sqrt_price_x96,
                self.liquidity,
                self.tick,
                fee_ppm,
                amount,
                sqrt_limit,
                zero_for_one=zero_for_one,
            )
        except AmmError as error:
            raise QuoteRefused("reverts", str(error)) from None

    def price(self, token_in: int, token_out: int) -> tuple[int, int]:
        """Raw units out per raw unit in for a trade of no size, before the fee: (numerator, denominator)."""
        squared = self.sqrt_price_x96 * self.sqrt_price_x96
        return (squared, Q192) if token_in < token_out else (Q192, squared)

    def virtual_reserves(self, token_in: int, token_out: int) -> VirtualReserves | None:
        """L/√P and L·√P (Uniswap V3 white paper, 6.1), both times √P as Q64.96; None for an empty range."""
        if not self.liquidity or self.fee_ppm is None:
            return None
        price = self.sqrt_price_x96
        reserve0, reserve1 = self.liquidity << 2 * Q96_BITS, self.liquidity * price * price
        if token_in > token_out:
            reserve0, reserve1 = reserve1, reserve0
        return VirtualReserves(reserve0, reserve1, price << Q96_BITS, PPM - self.fee_ppm)

    def most_in(self, token_in: int, token_out: int) -> int | None:
        """The input that brings the price to the next initialised tick, or to where one might be; fee included."""
        zero_for_one = token_in < token_out
        end = self.range_end(zero_for_one=zero_for_one)
        step = compute_swap_step(self.sqrt_price_x96, end, self.liquidity, MAX_INT256, self._usable_fee())
        return step.amount_in + step.fee_amount

    def range_end(self, *, zero_for_one: bool) -> int:
        """The square root of the price (Q64.96) up to which liquidity stays what it is, as far as it is known.

        Where tick and price contradict each other nothing is known of any range: it is the price itself.
        """
        if self.ticks is not None and self.trust is Trust.PROVEN:
            found = self.ticks.next_below(self.tick) if zero_for_one else self.ticks.next_above(self.tick)
            return price_limit(zero_for_one=zero_for_one) if found is None else sqrt_ratio_at_tick(found)
        lower_tick = self.tick - self.tick % self.tick_spacing
        lower = sqrt_ratio_at_tick(max(lower_tick, MIN_TICK))
        upper = sqrt_ratio_at_tick(min(lower_tick + self.tick_spacing, MAX_TICK))
        if not lower <= self.sqrt_price_x96 <= upper:
            return self.sqrt_price_x96
        return lower if zero_for_one else upper

    def applied(self, event: object) -> Self:
        """The state behind an event of this pool; itself if the event changes nothing."""
        kind = type(event)
        if kind is PoolSwap:
            _, _, _, _, trust, fee_ppm, spacing, ticks = self
            price, liquidity, tick = event.sqrt_price_x96, event.liquidity, event.tick  # type: ignore[attr-defined]
            if ticks is not None and self.liquidity + ticks.net_moving(self.tick, tick) != liquidity:
                # An event is missing: what the swap says of its range holds, what was known of others does not.
                trust, ticks = min(trust, Trust.IN_RANGE), None
            stamp = event.stamp  # type: ignore[attr-defined]
            return _new(type(self), (price, liquidity, tick, stamp, trust, fee_ppm, spacing, ticks))
        if isinstance(event, PoolMint):
            return self._behind_position(event, event.liquidity)
        if isinstance(event, PoolBurn):
            return self._behind_position(event, -event.liquidity)
        return self._told(event)

    def messages(self, pool: InstrumentId) -> Iterator[MarketEvent]:
        """Price and liquidity, each tick, and how far they may be trusted."""
        yield PoolState(self.stamp, pool, self.sqrt_price_x96, self.liquidity, self.tick)
        if self.trust is Trust.PROVEN and self.ticks is not None:
            for tick, gross, net in self.ticks:
                yield PoolTick(self.stamp, pool, tick, sqrt_ratio_at_tick(tick), gross, net)
        if self.trust is not Trust.IN_RANGE:
            yield PoolTrustChanged(pool, self.trust, "as it stood", self.stamp.block_number)

    def _quote(self, amount: int, *, zero_for_one: bool) -> Quote:
        if self.trust is not Trust.PROVEN:
            return self._quote_in_range(amount, zero_for_one=zero_for_one)
        done = self.swapped(amount, price_limit(zero_for_one=zero_for_one), zero_for_one=zero_for_one)
        if not done.amount_in and not done.amount_out:
            raise QuoteRefused("no_liquidity", "there is none up to the end of all prices")
        after = self._moved(done.sqrt_price_x96, done.liquidity, done.tick)
        return _new(Quote, (done.amount_in, done.amount_out, done.fee_amount, done.crossed, after))

    def _quote_in_range(self, amount: int, *, zero_for_one: bool) -> Quote:
        fee_ppm, price, liquidity = self._usable_fee(), self.sqrt_price_x96, self.liquidity
        if not amount or abs(amount) > MAX_INT256:
            raise QuoteRefused("reverts", f"an amount is not zero and fits 255 bits, this was {amount}")
        if not liquidity:
            raise QuoteRefused("no_liquidity", "there is none in the range that is known")
        end = self.range_end(zero_for_one=zero_for_one)
        step = compute_swap_step(price, end, liquidity, amount, fee_ppm)
        taken, paid = step.amount_in + step.fee_amount, step.amount_out
        whole = taken == amount if amount > 0 else paid == -amount
        if whole and step.sqrt_price_next == end:
            # Whether the contract ends a step here depends on a tick that is not known; it must not matter.
            beyond = compute_swap_step(price, price_limit(zero_for_one=zero_for_one), liquidity, amount, fee_ppm)
            whole = (beyond.amount_in + beyond.fee_amount, beyond.amount_out) == (taken, paid)
        if not whole:
            raise QuoteRefused("beyond_known_range", f"{abs(amount)} is more than the range around the price can trade")
        after = self._moved(step.sqrt_price_next, liquidity, self.tick)
        return _new(Quote, (taken, paid, step.fee_amount, 0, after))

    def _moved(self, sqrt_price_x96: int, liquidity: int, tick: int) -> Self:
        _, _, _, stamp, trust, fee_ppm, spacing, ticks = self
        return _new(type(self), (sqrt_price_x96, liquidity, tick, stamp, trust, fee_ppm, spacing, ticks))

    def _usable_fee(self) -> int:
        if self.trust is Trust.DIVERGENT:
            raise QuoteRefused("divergent", "the pool is quarantined")
        if self.fee_ppm is None:
            raise QuoteRefused("fee_unknown", "the pool's fee is dynamic and has not been told yet")
        return self.fee_ppm

    def _told(self, event: object) -> Self:
        """The state behind a part of a snapshot, or a word on trust."""
        if isinstance(event, PoolState):
            # A snapshot begins: its ticks follow, and only the word that it is whole makes it proven.
            return self._replace(
                sqrt_price_x96=event.sqrt_price_x96,
                liquidity=event.liquidity,
                tick=event.tick,
                stamp=event.stamp,
                trust=min(self.trust, Trust.IN_RANGE),
                ticks=None,
            )
        if isinstance(event, PoolTick):
            ticks = TickMap(self.tick_spacing) if self.ticks is None else self.ticks
            known = ticks.with_tick(event.tick, event.liquidity_gross, event.liquidity_net)
            price, liquidity, tick, _, trust, fee_ppm, spacing, _ = self
            return _new(type(self), (price, liquidity, tick, event.stamp, trust, fee_ppm, spacing, known))
        if isinstance(event, PoolTrustChanged):
            return self._trusted(event.trust)
        return self

    def _behind_position(self, event: PoolMint | PoolBurn, liquidity: int) -> Self:
        in_range = event.tick_lower <= self.tick < event.tick_upper
        trust, ticks = self.trust, self.ticks
        if ticks is not None:
            try:
                ticks = ticks.with_position(event.tick_lower, event.tick_upper, liquidity)
            except AmmError:
                trust, ticks = min(trust, Trust.IN_RANGE), None  # an event is missing
        elif not in_range or not liquidity:
            return self
        # Liquidity below zero would say that an event is missing; none is invented to make it up.
        changed = max(0, self.liquidity + liquidity) if in_range else self.liquidity
        return self._replace(liquidity=changed, stamp=event.stamp, trust=trust, ticks=ticks)

    def _trusted(self, trust: Trust) -> Self:
        ticks = self.ticks
        if trust is Trust.PROVEN:
            ticks = TickMap(self.tick_spacing) if ticks is None else ticks
            if not _give(ticks, self.liquidity, self.tick):
                trust, ticks = min(self.trust, Trust.IN_RANGE), None
        return self if trust is self.trust and ticks is self.ticks else self._replace(trust=trust, ticks=ticks)


def _give(ticks: TickMap, liquidity: int, tick: int) -> bool:
    """True if the ticks up to the present one give the liquidity in range, and all of them nothing."""
    below = ticks.net_between(MIN_TICK - 1, tick)
    return below == liquidity and not below + ticks.net_between(tick, MAX_TICK)
