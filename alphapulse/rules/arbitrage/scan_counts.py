"""What became of the moments that were looked at."""

from __future__ import annotations

import attrs


@attrs.define
class ScanCounts:
    """Moments looked at, and what became of them. An episode is a maximal run of states in which a cycle stands open.

    `screened_out` are moments at which no cycle was open, `left_out` those at which not all that were open were sized.
    `profit` sums the profit of all that were sized in raw units, by token, before any cost or limit.
    """

    states: int = 0
    screened_out: int = 0
    opportunities: int = 0
    blocks: int = 0
    episodes: int = 0
    left_out: int = 0
    profit: dict[bytes, int] = attrs.field(factory=dict)
