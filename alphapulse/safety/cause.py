"""Why a circuit breaker trips."""

from __future__ import annotations

from typing import NamedTuple


class Cause(NamedTuple):
    """What a rule found in a scope, at a market time in ns; `reason` says it with its numbers."""

    rule: str
    scope: str
    at_ns: int
    reason: str
