"""What has been traded, as far as a limit asks for it: folded from the journal at a start, then from what happens."""

from __future__ import annotations

from collections.abc import Iterable

from alphapulse.data.execution import ExecutionReport, Fill, OrderRequest, Outcome, Settlement
from alphapulse.data.instruments import InstrumentId
from alphapulse.data.orphans import SettlementRevoked
from alphapulse.data.risk import BreakerAction, CircuitBreaker
from alphapulse.data.runs import RunStarted
from alphapulse.data.signals import ArbitrageSignal
from alphapulse.rules.accounting.profit_and_loss import holding_change
from alphapulse.rules.limits.attempts import Attempts, path_of
from alphapulse.rules.limits.exposure import Exposure, Key, Stake
from alphapulse.rules.limits.losses import LossBook
from alphapulse.rules.limits.trade_memory import Ended, Reset, TradeMemory, Tried
from alphapulse.rules.limits.window import SlidingWindow, SteadyTime

SECOND_NS = 1_000_000_000
HOUR_NS = 3_600 * SECOND_NS


class TradingRecord:
    """Exposure, losses, attempts, and the windows of hour and throttle.

    The windows run on `time`, the market clock made steady; what ends counts at the moment at which it is heard of.
    `approve` is called by the gate in the step of its verdict, so that a trade counts from then on; `take` folds what
    the execution relay or the journal says. Both may tell of the same trade: it counts once. What a reorganisation
    takes back does not count any more, save in the throttles: what was sent was sent.
    """

    def __init__(self, throttle_ns: int = SECOND_NS) -> None:
        self.time = SteadyTime()
        self.exposure = Exposure()
        self._memory = TradeMemory()
        self.gas_wei = SlidingWindow(HOUR_NS)
        self.reverts = SlidingWindow(HOUR_NS)
        self.sent = SlidingWindow(throttle_ns)
        self._throttle_ns = throttle_ns
        self._volumes: dict[tuple[str, bytes], SlidingWindow] = {}
        self._sent_by: dict[str, SlidingWindow] = {}
        self._sent_to: dict[int, SlidingWindow] = {}

    @property
    def losses(self) -> LossBook:
        """What was lost."""
        return self._memory.losses

    @property
    def attempts(self) -> Attempts:
        """What was tried without a fill, and what failed."""
        return self._memory.attempts

    def throttle(self, width_ns: int) -> None:
        """Let the throttle's window have that width from now on."""
        self._throttle_ns = width_ns
        for window in (self.sent, *self._sent_by.values(), *self._sent_to.values()):
            window.width_ns = width_ns

    def approve(self, signal: ArbitrageSignal) -> None:
        """The gate lets a signal pass: from now on it is in flight."""
        self._begin(signal, _stake(signal, signal.gas_units * signal.gas_price_wei))

    def take(self, message: object) -> None:
        """Fold one message; those that say nothing of trades are passed over."""
        match message:
            case OrderRequest():
                key = message.run, message.signal_id
                if key not in self.exposure.stakes:
                    self.time.at(message.venue_time_ns)
                    self._begin(message, _stake(message, message.gas_wei))
            case Fill() | ExecutionReport():
                self._end(message)
            case SettlementRevoked():
                self._take_back(message)
            case CircuitBreaker(action=BreakerAction.RESUME):
                self._memory.take(Reset(message))
            case RunStarted():
                self.exposure.forget_holdings()

    def volume(self, strategy: str, token: bytes) -> SlidingWindow:
        """First amounts in of the last hour, raw units of the token."""
        key = strategy, token
        if key not in self._volumes:
            self._volumes[key] = SlidingWindow(HOUR_NS)
        return self._volumes[key]

    def sent_by(self, strategy: str) -> SlidingWindow:
        """Trades of a strategy within the throttle's window."""
        if strategy not in self._sent_by:
            self._sent_by[strategy] = SlidingWindow(self._throttle_ns)
        return self._sent_by[strategy]

    def sent_to(self, venue: int) -> SlidingWindow:
        """Trades at a venue within the throttle's window."""
        if venue not in self._sent_to:
            self._sent_to[venue] = SlidingWindow(self._throttle_ns)
        return self._sent_to[venue]

    def pace(self, strategy: str, pools: Iterable[InstrumentId], now_ns: int) -> tuple[int, int, int]:
        """Trades within it at the busiest of these pools' venues, of the strategy, and of all."""
        sent = self.sent.total(now_ns)
        if not sent:
            return 0, 0, 0
        to_venue = max([self.sent_to(venue).total(now_ns) for venue in {pool.venue for pool in pools}], default=0)
        return to_venue, self.sent_by(strategy).total(now_ns), sent

    def most_sent_by(self, now_ns: int) -> int:
        """Trades of the busiest strategy within the throttle's window."""
        return max((window.total(now_ns) for window in self._sent_by.values()), default=0)

    def most_sent_to(self, now_ns: int) -> int:
        """Trades at the busiest venue within it."""
        return max((window.total(now_ns) for window in self._sent_to.values()), default=0)

    def _begin(self, trade: ArbitrageSignal | OrderRequest, stake: Stake) -> None:
        now_ns = self.time.now_ns
        key = trade.run, trade.signal_id
        self.exposure.open(key, stake)
        self._memory.take(Tried(key, stake, trade.chain_id, trade.block_number, now_ns))
        self.volume(stake.strategy, stake.token).add(now_ns, stake.size)
        self.sent.add(now_ns)
        self.sent_by(stake.strategy).add(now_ns)
        for venue in stake.venues:
            self.sent_to(venue).add(now_ns)

    def _end(self, settlement: Settlement) -> None:
        key = settlement.run, settlement.signal_id
        stake = self.exposure.stakes.get(key)
        if stake is None:
            return
        now_ns = self.time.now_ns
        self.exposure.close(key, holding_change(settlement))
        if isinstance(settlement, ExecutionReport) and settlement.outcome is Outcome.ORPHANED:
            self._forget_try(key)
            return
        self._memory.take(Ended(key, stake, settlement, now_ns))
        if settlement.gas_wei:
            self.gas_wei.add(now_ns, settlement.gas_wei)
        if _is_revert(settlement):
            self.reverts.add(now_ns)

    def _take_back(self, revoked: SettlementRevoked) -> None:
        key = revoked.run, revoked.signal_id
        ended = self._memory.take_back_end(key)
        if ended is None:
            return
        self.exposure.take_back(ended.stake.token, revoked.profit)
        self.gas_wei.take_back(ended.at_ns, revoked.gas_wei)
        if _is_revert(ended.settlement):
            self.reverts.take_back(ended.at_ns)
        if revoked.reopened:
            self.exposure.open(key, ended.stake)
        else:
            self._forget_try(key)

    def _forget_try(self, key: Key) -> None:
        tried = self._memory.take_back_try(key)
        if tried is not None:
            self.volume(tried.stake.strategy, tried.stake.token).take_back(tried.at_ns, tried.stake.size)


def _is_revert(settlement: Settlement) -> bool:
    return isinstance(settlement, ExecutionReport) and settlement.outcome is Outcome.REVERTED


def _stake(trade: ArbitrageSignal | OrderRequest, gas_wei: int) -> Stake:
    path = path_of(trade.strategy, trade.legs)
    return Stake(trade.strategy, trade.profit_token, trade.size, path, tuple([pool for pool, _ in path[1]]), gas_wei)
