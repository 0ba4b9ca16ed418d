"""Which faults a seed brings, and how often: each seed draws its own mix, so that rare combinations come up too."""

from __future__ import annotations

import math
from random import Random

import attrs

PPM = 1_000_000

RATES: dict[str, tuple[float, float]] = {
    # For each frame that the node sends.
    "disconnect": (50, 3_000),
    "silence": (50, 1_000),
    "drop": (50, 20_000),
    "duplicate": (100, 100_000),
    "delay": (1_000, 200_000),
    "garbage": (100, 50_000),
    # For each call of the disk.
    "sync_error": (10, 2_000),
    "write_error": (10, 1_000),
    "slow_sync": (1_000, 200_000),
    "latch_error": (10_000, 500_000),
    # For each moment at which something reaches the disk or an executor.
    "kill_in_moment": (200, 30_000),
    "signal_in_moment": (200, 30_000),
    "power_cut_in_moment": (200, 10_000),
    # For each simulated second.
    "crash": (500, 10_000),
    "crash_of_restarted": (500, 20_000),
    "clock_step": (500, 10_000),
    "kill": (500, 20_000),
    "strategy_kill": (500, 20_000),
    "signal": (200, 5_000),
    "stop": (1_000, 15_000),
    "power_cut": (1_000, 15_000),
    "kill_9": (1_000, 15_000),
    # For each block.
    "reorganisation": (2_000, 200_000),
}
"""Least and largest rate of each fault where it occurs at all, in millionths."""


def draw_rates(chance: Random) -> dict[str, int]:
    """About every third fault, each with a rate that may differ by orders of magnitude; in millionths."""
    rates = {}
    for fault, (least, largest) in RATES.items():
        share = chance.random()
        rate = math.exp(chance.uniform(math.log(least), math.log(largest)))
        if share < 0.4:
            rates[fault] = round(rate)
    return rates


@attrs.define
class FaultMix:
    """Rates in millionths by fault; a fault that is not there does not occur. `heal` ends them all."""

    rates: dict[str, int]
    chance: Random

    def strikes(self, fault: str) -> bool:
        """Whether it happens now. Chance is asked for faults that can occur only."""
        rate = self.rates.get(fault)
        return rate is not None and self.chance.randrange(PPM) < rate

    def heal(self) -> None:
        """From now on everything works."""
        self.rates.clear()

    def describe(self) -> str:
        """The mix in words."""
        return ", ".join(f"{fault} {rate / PPM:.4%}" for fault, rate in self.rates.items()) or "no faults"
