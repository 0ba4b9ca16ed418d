"""How long to wait before the next attempt: twice as long each time, shortened by chance. Pure."""

from __future__ import annotations

from typing import Protocol

import attrs
from attrs.validators import ge, in_

PPM = 1_000_000
_MOST_DOUBLINGS = 62
"""Of a nanosecond they are 146 years: beyond every longest delay."""


class Chance(Protocol):
    """A `random.Random`, handed in."""

    def randint(self, a: int, b: int, /) -> int:
        """A whole number from `a` to `b`."""
        ...


@attrs.frozen
class Backoff:
    """Delays in ns. Those who fail together come back apart: up to `jitter_ppm` of a delay is taken off by chance."""

    first_ns: int = attrs.field(validator=ge(1))
    longest_ns: int = attrs.field(validator=ge(1))
    jitter_ppm: int = attrs.field(default=200_000, validator=in_(range(PPM + 1)))

    def delay_ns(self, failures: int, chance: Chance) -> int:
        """The delay after so many failures in a row, 1 at least; never longer than `longest_ns`."""
        whole_ns = min(self.first_ns << min(max(failures - 1, 0), _MOST_DOUBLINGS), self.longest_ns)
        return whole_ns - whole_ns * chance.randint(0, self.jitter_ppm) // PPM
