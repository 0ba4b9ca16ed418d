"""One token's results of a run, and how they came about; trades can be taken out of it again. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import accumulate

import attrs

from alphapulse.data.execution import ExecutionReport, Fill, Outcome, Settlement
from alphapulse.data.orphans import SettlementRevoked
from alphapulse.rules.accounting.profit_and_loss import ProfitAndLoss, net_of

CURVE_POINTS = 10_000
"""Points of a curve that are kept; older ones are dropped, the newest net stays right."""


@attrs.frozen
class CurvePoint:
    """Net P&L of a token directly after a settlement. Raw units; market time in ns."""

    venue_time_ns: int
    net: int
    filled: bool


@attrs.frozen
class _Trade:
    """A settled trade: what it added to the net, and what had gone in."""

    signal_id: int
    venue_time_ns: int
    change: int
    filled: bool
    size: int
    chain_id: int
    block_number: int


@attrs.define
class _Extremes:
    """What stands out among trades. `last_ns` is the market time of the last fill."""

    best: int | None = None
    worst: int | None = None
    last_ns: int | None = None
    largest: int = 0

    def take(self, trade: _Trade) -> None:
        """One more trade."""
        self.best = trade.change if self.best is None else max(self.best, trade.change)
        self.worst = trade.change if self.worst is None else min(self.worst, trade.change)
        if trade.filled:
            self.last_ns = trade.venue_time_ns
        self.largest = max(self.largest, trade.size)


class TokenBook:
    """One token's results over all strategies and days of the run. Amounts are raw units of the token."""

    def __init__(self, token: bytes) -> None:
        self.total = ProfitAndLoss(token)
        self._trades: list[_Trade] = []
        self._earlier, self._earlier_net = _Extremes(), 0
        self._now = _Extremes()

    @property
    def curve(self) -> list[CurvePoint]:
        """The net after each of the newest trades."""
        nets = accumulate((trade.change for trade in self._trades), initial=self._earlier_net)
        next(nets)
        return [
            CurvePoint(trade.venue_time_ns, net, trade.filled) for trade, net in zip(self._trades, nets, strict=True)
        ]

    @property
    def best(self) -> int | None:
        """The best trade's net; None without trades."""
        return self._now.best

    @property
    def worst(self) -> int | None:
        """The worst trade's net; None without trades."""
        return self._now.worst

    @property
    def last_trade_ns(self) -> int | None:
        """Market time of the last fill; None without one."""
        return self._now.last_ns

    @property
    def largest(self) -> int:
        """The most that went into a trade."""
        return self._now.largest

    def settled(self, final: Mapping[int, int]) -> int:
        """The net of trades that no reorganisation takes back: `final` is the newest block of each chain that stays.

        Trades of a chain whose final block is not known do not count; those that are no longer kept singly do.
        """
        changes = (trade.change for trade in self._trades if trade.block_number <= final.get(trade.chain_id, -1))
        return self._earlier_net + sum(changes)

    def begin(self, size: int) -> None:
        """An intent goes out."""
        self._now.largest = max(self._now.largest, size)

    def settle(self, settlement: Settlement, size: int) -> None:
        """A trade of `size` has ended; what was orphaned before it ended leaves no trace but in `forget`."""
        if isinstance(settlement, ExecutionReport):
            self.total = self.total.add_failure(settlement)
            if settlement.outcome is Outcome.ORPHANED:
                return
        else:
            self.total = self.total.add_fill(settlement)
        filled = isinstance(settlement, Fill)
        trade = _Trade(
            signal_id=settlement.signal_id,
            venue_time_ns=settlement.venue_time_ns,
            change=net_of(settlement),
            filled=filled,
            size=size,
            chain_id=settlement.chain_id,
            block_number=settlement.block_number,
        )
        self._trades.append(trade)
        self._now.take(trade)
        if len(self._trades) > CURVE_POINTS:
            oldest = self._trades.pop(0)
            self._earlier.take(oldest)
            self._earlier_net += oldest.change

    def take_back(self, revoked: SettlementRevoked) -> None:
        """A settled trade did not happen."""
        self.total = self.total.take_back(revoked)
        kept = [trade for trade in self._trades if trade.signal_id != revoked.signal_id]
        if len(kept) == len(self._trades):
            self._earlier_net -= revoked.net
        self._trades = kept

    def look_again(self, open_sizes: Iterable[int]) -> None:
        """What stands out, now that trades were taken out; `open_sizes` is what is in trades on their way."""
        self._now = attrs.evolve(self._earlier)
        for trade in self._trades:
            self._now.take(trade)
        self._now.largest = max(self._now.largest, *open_sizes, 0)

    def add_refusals(self, count: int) -> None:
        """The gate refused so many signals; a negative count takes them back."""
        self.total = self.total.add_refusals(count)
