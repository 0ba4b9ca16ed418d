"""The gate: runs the pre-trade checks in order and gives a verdict on each signal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

import attrs

from alphapulse.data.execution import RiskDecision
from alphapulse.data.halts import Level
from alphapulse.data.signals import ArbitrageSignal
from alphapulse.rules.limits import pre_trade
from alphapulse.rules.limits.pre_trade import Refusal

REMEMBERED_EPISODES = 65_536
"""Traded episodes that are remembered in a run; an older one cannot come back, episodes are numbered upwards."""


@attrs.frozen
class StrategyLimits:
    """Limits of one strategy in raw units by profit token.

    A token that `min_net_profit` does not hold is refused, since no floor is known for it. `max_trade_value` is None
    if trades may have any size; otherwise a token that it does not hold has the ceiling 0.
    """

    min_net_profit: Callable[[bytes], int | None]
    max_trade_value: Callable[[bytes], int | None]


NOTHING_ALLOWED = StrategyLimits(min_net_profit=lambda _: None, max_trade_value=lambda _: 0)
"""The limits of a strategy for which none are configured."""


class HaltView(Protocol):
    """What the gate reads of the halt switch."""

    epoch: int

    def level(self, strategy: str) -> Level:
        """The lowest level of all scopes that hold the strategy."""
        ...


class Gate:
    """Checks signals, fail-closed.

    `market_ns` is the market clock, None while its time is not known. `stream_trouble` says what is wrong with the
    stream of a chain, None if nothing is.
    """

    def __init__(
        self,
        halts: HaltView,
        limits: dict[str, StrategyLimits],
        *,
        max_input_age_ns: int,
        market_ns: Callable[[], int | None],
        now_ns: Callable[[], int],
        stream_trouble: Callable[[int], str | None],
    ) -> None:
        self._halts = halts
        self._limits = limits
        self._max_input_age_ns = max_input_age_ns
        self._market_ns = market_ns
        self._now_ns = now_ns
        self._stream_trouble = stream_trouble
        self._traded: dict[tuple[str, int], None] = {}

    @property
    def epoch(self) -> int:
        """The halt epoch in force, read anew each time."""
        return self._halts.epoch

    def check(self, signal: ArbitrageSignal) -> RiskDecision:
        """The verdict; an approved signal counts as traded from now on."""
        refusal = next(self._refusals(signal), None)
        if refusal is None:
            self._remember(signal)
        return RiskDecision(
            run=signal.run,
            signal_id=signal.signal_id,
            strategy=signal.strategy,
            profit_token=signal.profit_token,
            venue_time_ns=signal.venue_time_ns,
            failed=refusal.check if refusal else None,
            value=refusal.value if refusal else None,
            limit=refusal.limit if refusal else None,
            unit=refusal.unit if refusal else "",
            text=refusal.text if refusal else "every check passed",
            decided_ns=self._now_ns(),
        )

    def floor(self, signal: ArbitrageSignal) -> int:
        """The least net profit of an approved signal, in raw units of its profit token."""
        return self._limits[signal.strategy].min_net_profit(signal.profit_token) or 0

    def ceiling(self, strategy: str, token: bytes) -> int | None:
        """The largest trade of a strategy, in raw units of a profit token; None without a limit."""
        return self._limits[strategy].max_trade_value(token)

    def forget_run(self) -> None:
        """A new run of the books has begun: nothing has been traded in it."""
        self._traded.clear()

    def _refusals(self, signal: ArbitrageSignal) -> Iterator[Refusal]:
        """The checks in the order of `Check`; evaluated one by one, so that the first refusal ends it."""
        limits = self._limits.get(signal.strategy, NOTHING_ALLOWED)
        token = signal.profit_token
        checks: tuple[Callable[[], Refusal | None], ...] = (
            lambda: pre_trade.halt_epoch(signal, self._halts.epoch),
            lambda: pre_trade.strategy_enabled(signal, self._halts.level(signal.strategy)),
            lambda: pre_trade.input_fresh(
                signal, self._market_ns(), self._max_input_age_ns, self._stream_trouble(signal.chain_id)
            ),
            lambda: pre_trade.min_net_profit(signal, limits.min_net_profit(token)),
            lambda: pre_trade.max_trade_value(signal, limits.max_trade_value(token)),
            lambda: pre_trade.duplicate(signal, int((signal.strategy, signal.episode) in self._traded)),
        )
        for check in checks:
            if (refusal := check()) is not None:
                yield refusal

    def _remember(self, signal: ArbitrageSignal) -> None:
        self._traded[signal.strategy, signal.episode] = None
        if len(self._traded) > REMEMBERED_EPISODES:
            del self._traded[next(iter(self._traded))]
