"""What was measured, over several rounds, and whether it keeps its budget."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median
from time import perf_counter_ns
from typing import Any

import attrs

ROUNDS = 7
ROUND_NS = 60_000_000
"""How long a round of something short is repeated: long against the clock's step, short against a time slice."""


@attrs.frozen
class Budget:
    """A limit of the budget table in ARCHITECTURE.md; `at_least` says on which side of it the figure belongs."""

    limit: float
    at_least: bool = False

    def allows(self, value: float) -> bool:
        """True if the value keeps the budget."""
        return value >= self.limit if self.at_least else value <= self.limit

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.limit:g}"


@attrs.frozen
class Figure:
    """One line of the table: a value in `unit` for each round."""

    name: str
    unit: str
    rounds: tuple[float, ...]
    budget: Budget | None = None

    @property
    def median(self) -> float:
        """The middle round: what the budget is held against."""
        return median(self.rounds)

    @property
    def verdict(self) -> str:
        """`kept`, `missed`, or `-` where there is no budget."""
        if self.budget is None:
            return "-"
        return "kept" if self.budget.allows(self.median) else "missed"

    def as_json(self) -> dict[str, Any]:
        """The figure for machines."""
        return {
            "name": self.name,
            "unit": self.unit,
            "median": self.median,
            "min": min(self.rounds),
            "max": max(self.rounds),
            "rounds": len(self.rounds),
            "budget": str(self.budget) if self.budget else None,
            "verdict": self.verdict,
        }


def microseconds(name: str, call: Callable[[], int], budget: Budget | None = None) -> Figure:
    """The time of one operation; `call` does some and returns how many."""
    return Figure(name, "µs", tuple(ns / 1e3 for ns in _ns_each(call)), budget)


def millions_a_second(name: str, call: Callable[[], int], budget: Budget | None = None) -> Figure:
    """The rate of operations; `call` does some and returns how many."""
    return Figure(name, "M/s", tuple(1e3 / ns for ns in _ns_each(call)), budget)


def quantile(values: Sequence[int], share: float) -> int:
    """The value below which `share` of all values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _ns_each(call: Callable[[], int]) -> list[float]:
    call()  # codecs are made and caches filled at the first use
    rounds = []
    for _ in range(ROUNDS):
        done, began = 0, perf_counter_ns()
        while (taken := perf_counter_ns() - began) < ROUND_NS:
            done += call()
        rounds.append(taken / done)
    return rounds
