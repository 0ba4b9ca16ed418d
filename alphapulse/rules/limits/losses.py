"""Losses: today's, the fall from the highest profit, and how many in a row; over restarts, runs and midnight."""

from __future__ import annotations

from typing import Self

import attrs

from alphapulse.data.execution import Settlement
from alphapulse.rules.accounting.profit_and_loss import NS_PER_DAY, net_of

ALL = ""
"""Stands for all strategies together, where a strategy's name is asked for."""


@attrs.define
class LossState:
    """Raw units of one token. `day` counts UTC days of market time since 1970; `peak` is the highest `net` so far.

    `run` is the newest run of the books: one of a recording begins at an earlier day than the run before ended.
    """

    day: int = 0
    day_net: int = 0
    net: int = 0
    peak: int = 0
    run: int = 0

    def book(self, run: int, day: int, net: int) -> None:
        """A trade of that run and day ended with `net`. One of an earlier day leaves the day's net alone."""
        if day > self.day or run > self.run:
            self.day_net = self.day_net if day == self.day else 0
            self.day = day
        if day == self.day:
            self.day_net += net
        self.run = max(self.run, run)
        self.net += net
        self.peak = max(self.peak, self.net)


class LossBook:
    """Folded from settlements alone: whoever reads the journal again has the same days, peaks and streaks.

    A token's losses are its own: no price sets one token off against another.
    """

    def __init__(self) -> None:
        self.states: dict[tuple[str, bytes], LossState] = {}
        self.streaks: dict[str, int] = {}

    def book(self, settlement: Settlement) -> None:
        """A trade ended: with a fill, or with what its failure cost."""
        net = net_of(settlement)
        day = settlement.venue_time_ns // NS_PER_DAY
        for strategy in (settlement.strategy, ALL):
            state = self.states.setdefault((strategy, settlement.profit_token), LossState())
            state.book(settlement.run, day, net)
            if net:
                self.streaks[strategy] = self.streaks.get(strategy, 0) + 1 if net < 0 else 0

    def of(self, strategy: str, token: bytes, market_ns: int) -> tuple[int, int]:
        """Both at once: `day_loss` and `drawdown`."""
        state = self.states.get((strategy, token))
        if state is None:
            return 0, 0
        lost = -state.day_net if state.day_net < 0 and state.day == market_ns // NS_PER_DAY else 0
        return lost, state.peak - state.net

    def day_loss(self, strategy: str, token: bytes, market_ns: int) -> int:
        """What was lost on the market day of that moment; 0 if it earned."""
        return self.of(strategy, token, market_ns)[0]

    def drawdown(self, strategy: str, token: bytes) -> int:
        """How far the net profit lies below its highest."""
        state = self.states.get((strategy, token))
        return state.peak - state.net if state is not None else 0

    def streak(self, strategy: str) -> int:
        """Losing trades in a row, over all tokens."""
        return self.streaks.get(strategy, 0)

    def copy(self) -> Self:
        """A book of its own that says the same."""
        other = type(self)()
        other.states = {key: attrs.evolve(state) for key, state in self.states.items()}
        other.streaks = dict(self.streaks)
        return other

    def rebase(self, strategy: str) -> None:
        """A person has seen the loss and lets it trade on: days, peaks and streak count from here."""
        self.streaks.pop(strategy, None)
        for (name, _), state in self.states.items():
            if name == strategy:
                state.day_net, state.peak = 0, state.net
