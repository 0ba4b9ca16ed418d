"""What came of a simulation."""

from __future__ import annotations

import attrs

from tests.simulation.plan import Goal


@attrs.frozen
class Verdict:
    """What came of a simulation. `problem` is None if every invariant held."""

    seed: int
    goal: Goal
    problem: str | None
    digest: str
    faults: str
    seconds: int
    lives: int
    blocks: int
    fills: int
    reverts: int
    submitted: int
    halts: int
    books_compared: int
    reorganisations: int
    revoked: int
    """Fills and failures that reorganisations took back."""
    recovery_s: int | None
    """How long it took until it was reconciled, armed and trading again; None if that was not the goal."""
    tail: tuple[str, ...] = attrs.field(repr=False)
