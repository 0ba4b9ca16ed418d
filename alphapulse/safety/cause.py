"""Why a circuit breaker trips."""

from __future__ import annotations

from typing import NamedTuple


class Cause(NamedTuple):
    """What a rule found in a scope, at a market time in ns; `reason` says it with its numbers.

    `block` is the chain and the block that gave rise to it, None if no block did.
    """

    rule: str
    scope: str
    at_ns: int
    reason: str
    block: tuple[int, int] | None = None
