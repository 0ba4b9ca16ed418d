"""What is known of a trade that was undone on a chain. Pure.

seen            the block and log whose state the signal was worked out on
parent          the block before ours: the state in which our block began
our place       directly before our transaction, behind those that our block has before it
"""

from __future__ import annotations

import attrs

from alphapulse.rules.evm.executor_path import ExecutorPath, Refusal
from alphapulse.rules.forensics.own_trades import Predecessor
from alphapulse.rules.forensics.token_behaviour import OddToken

Position = tuple[int, int]
"""Block and log."""


@attrs.frozen
class Replay:
    """The same call at an earlier state. `pays` is None where no node could say."""

    pays: bool | None = None
    refusal: Refusal | None = None


@attrs.frozen
class Touch:
    """A log of one of the path's pools: somebody changed its state."""

    block_number: int
    log_index: int
    transaction_index: int
    transaction: bytes
    pool: bytes


@attrs.frozen(kw_only=True)
class Evidence:
    """All that the attribution looks at; what nobody could tell is None. Amounts are raw units of the base token."""

    path: ExecutorPath
    flash_fee: int
    expected: int
    """The profit that our own mathematics promised."""
    seen: Position
    block_number: int
    transaction_index: int
    gas_limit: int
    gas_used: int
    at_place: Refusal | None = None
    """Why it was undone, by the trace."""
    traced: bool = False
    ran_out_of_gas: bool = False
    """By the trace."""
    odd_token: OddToken | None = None
    """By the trace."""
    at_parent: Replay = Replay()
    at_parent_with_more_gas: Replay = Replay()
    at_seen: Replay = Replay()
    measured_at_seen: int | None = None
    """What the path would have earned at the end of the seen block, by the contracts themselves."""
    measured_at_parent: int | None = None
    touches: tuple[Touch, ...] | None = None
    """Changes of the path's pools behind the seen state and before our transaction, in order."""
    own: frozenset[bytes] = frozenset()
    """Which transactions among those changes are ours."""
    leant_on: frozenset[bytes] = frozenset()
    """Which of these were sized on the state that this one saw: it was sized on what they leave."""
    predecessor: Predecessor | None = None
    """A trade of our own on whose leavings this one was sized: then the states before it say little by themselves."""

    @property
    def refusal(self) -> Refusal | None:
        """Why it was undone: by the trace, else as it would have been at the parent."""
        return self.at_place if self.at_place is not None else self.at_parent.refusal

    @property
    def between(self) -> tuple[Touch, ...]:
        """Changes in blocks before ours."""
        return tuple(touch for touch in self.touches or () if touch.block_number < self.block_number)

    @property
    def before_us(self) -> tuple[Touch, ...]:
        """Changes in our own block."""
        return tuple(touch for touch in self.touches or () if touch.block_number == self.block_number)

    @property
    def found(self) -> int | None:
        """The profit at our place: what the contract said, or that of the parent if nothing came between."""
        if self.at_place is not None and (said := profit_said(self.at_place, self.path, self.flash_fee)) is not None:
            return said
        return self.measured_at_parent if self.touches is not None and not self.before_us else None


def profit_said(refusal: Refusal, path: ExecutorPath, flash_fee: int) -> int | None:
    """The profit that a refusal tells of: of the floor, or of the last leg; raw base token."""
    numbers = {name: value for name, value in refusal.values.items() if isinstance(value, int)}
    if refusal.name == "ProfitBelowFloor":
        return numbers["left"] - numbers["needed"] + path.least_profit
    if refusal.name == "LegBelowMinimum" and numbers["leg"] == len(path.legs) - 1:
        return numbers["received"] - path.amount_in - flash_fee
    return None
