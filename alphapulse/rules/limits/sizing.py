"""Position sizing: the most that a trade may put in, from what is stated; a cap on the size, never a size by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs

PPM: Final = 1_000_000


def fraction(capital: int, fraction_ppm: int) -> int:
    """A fixed fraction of the capital, rounded down."""
    return capital * fraction_ppm // PPM


def kelly_fraction_ppm(win_ppm: int, payoff_ppm: int) -> int:
    """The share of the capital that grows it fastest (Kelly 1956), rounded down; 0 if the bet does not pay.

    f = p - (1 - p) / b: p is how often it wins, b what a win brings for what a loss takes; both in millionths.
    """
    lost = -(-(PPM - win_ppm) * PPM // payoff_ppm)
    return max(0, win_ppm - lost)


def fractional_kelly(capital: int, *, win_ppm: int, payoff_ppm: int, kelly_ppm: int) -> int:
    """`kelly_ppm` millionths of what Kelly would put in, rounded down."""
    return capital * kelly_fraction_ppm(win_ppm, payoff_ppm) * kelly_ppm // (PPM * PPM)


@attrs.frozen
class SizeCaps:
    """The most that a trade may put in, in raw units, by profit token. None: any size; a missing token: nothing."""

    amounts: Mapping[bytes, int] | None = None

    def of(self, token: bytes) -> int | None:
        """The cap for trades that earn `token`, None without one."""
        return None if self.amounts is None else self.amounts.get(token, 0)


UNCAPPED = SizeCaps()
"""Any size."""
