"""Losses and attempts, with the steps that led to them: what a reorganisation takes back leaves no trace in them."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from alphapulse.data.execution import Fill, Outcome, Settlement
from alphapulse.data.instruments import Venue
from alphapulse.data.risk import BreakerScope, CircuitBreaker
from alphapulse.rules.accounting.undoable_trades import UNDOABLE_BLOCKS
from alphapulse.rules.limits.attempts import Attempts
from alphapulse.rules.limits.exposure import Key, Stake
from alphapulse.rules.limits.losses import ALL, LossBook

MOST_STEPS = 65_536
"""Steps that can still be taken back; beyond, the oldest is final, however few blocks have come since."""

LOSS_RULES = ("daily_loss", "drawdown", "losing_streak")
"""Breakers whose end lets the losses count from there."""


class Tried(NamedTuple):
    """A trade was approved at steady time `at_ns`, on a state of that block."""

    key: Key
    stake: Stake
    chain_id: int
    block_number: int
    at_ns: int


class Ended(NamedTuple):
    """A trade's end was heard of at steady time `at_ns`."""

    key: Key
    stake: Stake
    settlement: Settlement
    at_ns: int


class Reset(NamedTuple):
    """A breaker closed: what it had counted begins anew."""

    breaker: CircuitBreaker


Step = Tried | Ended | Reset


class TradeMemory:
    """Folded step by step; trades of the last 2,000 blocks of each chain can be taken out again.

    What is left is what it would be without them: steps that are final stand in a book of their own, the others are
    folded over it once more, when it is asked for.
    """

    def __init__(self) -> None:
        self._losses, self._attempts = LossBook(), Attempts()
        self._final = LossBook(), Attempts()
        self._steps: deque[Step] = deque()
        self._newest: dict[int, int] = {}
        self._changed = False

    @property
    def losses(self) -> LossBook:
        """What was lost."""
        if self._changed:
            self._fold_again()
        return self._losses

    @property
    def attempts(self) -> Attempts:
        """What was tried without a fill, and failed."""
        if self._changed:
            self._fold_again()
        return self._attempts

    def take(self, step: Step) -> None:
        """One more step."""
        _fold(step, self.losses, self.attempts)
        self._steps.append(step)
        if (place := _place(step)) is not None:
            chain_id, block_number = place
            self._newest[chain_id] = max(self._newest.get(chain_id, 0), block_number)
        while self._steps and (len(self._steps) > MOST_STEPS or self._is_final(self._steps[0])):
            _fold(self._steps.popleft(), *self._final)

    def take_back_end(self, key: Key) -> Ended | None:
        """A trade's end did not happen; what it was, None if that is not known or final."""
        return next((step for step in self._drop(key, Ended) if isinstance(step, Ended)), None)

    def take_back_try(self, key: Key) -> Tried | None:
        """A trade was never tried, as its signal did not exist."""
        return next((step for step in self._drop(key, Tried) if isinstance(step, Tried)), None)

    def _drop(self, key: Key, kind: type[Tried | Ended]) -> list[Step]:
        dropped: list[Step] = [step for step in self._steps if isinstance(step, kind) and step.key == key]
        if dropped:
            self._steps = deque(step for step in self._steps if not (isinstance(step, kind) and step.key == key))
            self._changed = True
        return dropped

    def _is_final(self, step: Step) -> bool:
        place = _place(step)
        return place is None or place[1] < self._newest[place[0]] - UNDOABLE_BLOCKS

    def _fold_again(self) -> None:
        losses, attempts = self._final
        self._losses, self._attempts = losses.copy(), attempts.copy()
        self._changed = False
        for step in self._steps:
            _fold(step, self._losses, self._attempts)


def _place(step: Step) -> tuple[int, int] | None:
    """(chain, block) on which a step rests; None if on none."""
    match step:
        case Tried():
            return step.chain_id, step.block_number
        case Ended():
            return step.settlement.chain_id, step.settlement.block_number
        case Reset():
            return None


def _fold(step: Step, losses: LossBook, attempts: Attempts) -> None:
    match step:
        case Tried():
            attempts.tried(step.stake.path)
        case Ended():
            losses.book(step.settlement)
            if isinstance(step.settlement, Fill):
                attempts.filled(step.stake.path)
            elif step.settlement.outcome is Outcome.REVERTED:
                attempts.failed(step.stake.path)
        case Reset():
            _reset(step.breaker, losses, attempts)


def _reset(breaker: CircuitBreaker, losses: LossBook, attempts: Attempts) -> None:
    match breaker.rule:
        case rule if rule in LOSS_RULES:
            losses.rebase(ALL if breaker.scope is BreakerScope.GLOBAL else breaker.target)
        case "repeated":
            attempts.forget_strategy(breaker.target)
        case "reject_storm":
            attempts.forget_venue(Venue[breaker.target.upper()])
