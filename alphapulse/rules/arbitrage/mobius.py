"""Pools of constant product in a row, as one map: out = gain · x / (base + slope · x).

Such maps compose (Möbius transformations that keep zero), so a cycle of any length has one best input in closed form:
(√(gain · base) - base) / slope. Rounding is left to who evaluates it exactly.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from math import isqrt
from typing import NamedTuple, Self

from alphapulse.rules.amm.pool_state import VirtualReserves

PPM = 1_000_000
KEPT_BITS = 160
"""Bits that the least coefficient keeps: an optimum is then off by less than 2^-150 of itself."""


class Mobius(NamedTuple):
    """What a row of pools pays for x, but for rounding: gain · x / (base + slope · x); all three are at least zero."""

    gain: int
    base: int
    slope: int

    @classmethod
    def of(cls, reserves: VirtualReserves) -> Self:
        """One pool."""
        keep = reserves.keep_ppm
        return cls(reserves.reserve_out * keep, reserves.reserve_in * PPM, reserves.scale * keep)

    @classmethod
    def of_all(cls, maps: Iterable[Self]) -> Self:
        """Pools in a row; what the first pays goes into the second. No pool at all pays what it gets."""
        return reduce(cls.then, maps, cls(1, 1, 0))

    def then(self, other: Self) -> Self:
        """This map, and the other for what comes out."""
        gain = self.gain * other.gain
        base = self.base * other.base
        slope = other.base * self.slope + other.slope * self.gain
        surplus = min(gain, base, slope).bit_length() - KEPT_BITS if slope else 0
        if surplus > 0:
            return type(self)(gain >> surplus, base >> surplus, slope >> surplus)
        return type(self)(gain, base, slope)

    @property
    def best_input(self) -> int:
        """The input that leaves most beyond itself, rounded down; 0 if every one loses."""
        if self.gain <= self.base or not self.slope:
            return 0
        return (isqrt(self.gain * self.base) - self.base) // self.slope

    def output(self, amount_in: int) -> int:
        """What comes out, rounded down."""
        return self.gain * amount_in // (self.base + self.slope * amount_in)

    def input_for(self, amount_out: int) -> int | None:
        """The input that pays `amount_out`, rounded up; None if no input pays so much."""
        left = self.gain - self.slope * amount_out
        return -(-self.base * amount_out // left) if left > 0 else None
