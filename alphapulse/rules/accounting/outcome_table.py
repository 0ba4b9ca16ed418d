"""What was found, taken, won and lost on each path, to whom, and how far the result was from what was expected.

A pure state machine over what the three relays carry, in the order of publishing. Everything in it is bounded: what is
forgotten is counted.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence

import attrs

from alphapulse.data.execution import ExecutionReport, Fill, OrderRequest, Outcome, RiskDecision
from alphapulse.data.instruments import InstrumentId
from alphapulse.data.market import PoolBurn, PoolCollect, PoolMint, PoolSwap, StreamState, StreamStatus
from alphapulse.data.orphans import SettlementRevoked
from alphapulse.data.pair_events import PairBurn, PairMint, PairSwap
from alphapulse.data.pool_reserves import PoolSync
from alphapulse.data.signals import INHERITED_EPISODE, ArbitrageSignal
from alphapulse.rules.accounting.episode_record import EpisodeRecord, Taking

PATHS = 1024
"""Paths that have a row; what comes on further ones is counted in `unlisted`."""

EPISODES = 4096
"""Episodes that are kept, open ones included; the oldest are forgotten first."""

Path = tuple[str, tuple[InstrumentId, ...]]
"""Strategy and pools in the order of the trade."""

_Key = tuple[str, int, tuple[InstrumentId, ...]]
"""Strategy and number of an episode; one that began before the strategy has no number, and is told by its path."""

PRICES = (PoolSwap, PoolSync)
"""What moves a price, and so closes a gap."""
POOL_LOGS = (PoolSwap, PoolSync, PoolMint, PoolBurn, PoolCollect, PairSwap, PairMint, PairBurn)
"""What is counted between opening and closing."""


@attrs.define
class PathOutcome:
    """One path. `found` counts states, `episodes` runs of them; amounts are raw units of `profit_token`.

    expected is what the intents promised, actual what fills brought less the gas of what failed: both after all costs.
    """

    strategy: str
    pools: tuple[InstrumentId, ...]
    profit_token: bytes
    found: int = 0
    episodes: int = 0
    refused: Counter[str] = attrs.field(factory=Counter)
    taken: int = 0
    won: int = 0
    lost: int = 0
    cancelled: int = 0
    expected_net: int = 0
    actual_net: int = 0
    closed_in_block: int = 0
    closed_later: int = 0
    logs_later: Counter[int] = attrs.field(factory=Counter)
    closers: Counter[bytes] = attrs.field(factory=Counter)

    @property
    def median_logs_later(self) -> int | None:
        """The lower median of how many logs later the gap was closed; None while none was."""
        left = (sum(self.logs_later.values()) + 1) // 2
        for logs, count in sorted(self.logs_later.items()):
            left -= count
            if left <= 0:
                return logs
        return None


class OutcomeTable:
    """Folds market data, signals, verdicts and settlements of a run; a new run begins with a new table."""

    def __init__(self) -> None:
        self.revision = 0
        self.clear()

    def clear(self) -> None:
        """Fresh books: nothing was found in them yet."""
        self.paths: dict[Path, PathOutcome] = {}
        self.episodes: deque[EpisodeRecord] = deque(maxlen=EPISODES)
        self.unlisted = 0
        self._open: dict[_Key, EpisodeRecord] = {}
        self._of_pool: dict[InstrumentId, list[_Key]] = {}
        self._of_signal: dict[int, tuple[PathOutcome, EpisodeRecord]] = {}
        self._events: list[object] = []
        self._logs = 0
        self.revision += 1

    def take(self, messages: Iterable[object]) -> None:
        """Take messages in. A block's logs are looked at once its signals are known: at the next block, or `settle`."""
        for message in messages:
            if isinstance(message, POOL_LOGS):
                if self._events and message.stamp.block_number != _block(self._events[-1]):
                    self.settle()
                self._events.append(message)
            elif isinstance(message, ArbitrageSignal):
                self._signalled(message)
            elif isinstance(message, RiskDecision | OrderRequest | Fill | ExecutionReport):
                self._decided(message)
            elif isinstance(message, SettlementRevoked):
                self._take_back(message)
            elif isinstance(message, StreamStatus) and message.state is StreamState.RESET:
                self.clear()

    def settle(self) -> None:
        """Look at the logs of the newest block: whether one of them closed what stood open."""
        events, self._events = self._events, []
        for event in events:
            self._logs += 1
            self._pass(event)
        self.revision += 1

    def closed(self) -> Iterator[EpisodeRecord]:
        """Episodes that somebody closed, newest first."""
        return (episode for episode in reversed(self.episodes) if episode.closed is not None)

    def _pass(self, event: object) -> None:
        stamp = event.stamp  # type: ignore[attr-defined]  # only logs of pools come here
        for key in self._of_pool.get(event.pool, ()):  # type: ignore[attr-defined]
            episode = self._open[key]
            if episode.opened_count is None and stamp.position >= episode.opened:
                episode.opened_count = self._logs
                if stamp.position == episode.opened:
                    episode.opener = stamp.transaction_hash
        if isinstance(event, PRICES):
            for key in [key for key in self._of_pool.get(event.pool, ()) if stamp.position > self._open[key].last]:
                self._close(key, stamp.position, stamp.transaction_hash)

    def _close(self, key: _Key, position: tuple[int, int], transaction: bytes | None) -> None:
        episode = self._forget(key)
        episode.closed, episode.closer = position, transaction
        if episode.opened_count is not None:
            episode.logs_later = self._logs - episode.opened_count
        outcome = self.paths[episode.strategy, episode.pools]
        if position[0] == episode.opened[0]:
            outcome.closed_in_block += 1
        else:
            outcome.closed_later += 1
        if episode.logs_later is not None:
            outcome.logs_later[episode.logs_later] += 1
        if transaction is not None and len(outcome.closers) < EPISODES:
            outcome.closers[transaction] += 1

    def _signalled(self, signal: ArbitrageSignal) -> None:
        path = signal.strategy, signal.pools
        outcome = self.paths.get(path)
        if outcome is None:
            if len(self.paths) == PATHS:
                self.unlisted += 1
                return
            outcome = self.paths[path] = PathOutcome(signal.strategy, signal.pools, signal.profit_token)
        outcome.found += 1
        inherited = signal.episode == INHERITED_EPISODE
        key = signal.strategy, signal.episode, signal.pools if inherited else ()
        episode = self._open.get(key)
        if episode is None:
            outcome.episodes += 1
            episode = self._begin(key, signal)
        episode.last = signal.position
        episode.states += 1
        episode.best_profit = max(episode.best_profit, signal.profit)
        if signal.net is not None:
            episode.best_net = signal.net if episode.best_net is None else max(episode.best_net, signal.net)
        self._of_signal[signal.signal_id] = outcome, episode
        if len(self._of_signal) > EPISODES:
            del self._of_signal[next(iter(self._of_signal))]

    def _begin(self, key: _Key, signal: ArbitrageSignal) -> EpisodeRecord:
        if len(self._open) == EPISODES:
            self._forget(next(iter(self._open)))
        episode = EpisodeRecord(
            signal.strategy, signal.pools, signal.profit_token, opened=signal.position, last=signal.position
        )
        self._open[key] = episode
        self.episodes.append(episode)
        for pool in set(signal.pools):
            self._of_pool.setdefault(pool, []).append(key)
        return episode

    def _forget(self, key: _Key) -> EpisodeRecord:
        episode = self._open.pop(key)
        for pool in set(episode.pools):
            self._of_pool[pool].remove(key)
        return episode

    def _take_back(self, revoked: SettlementRevoked) -> None:
        """An end lay on an orphaned block: what was counted for it is taken back."""
        found = self._of_signal.get(revoked.signal_id)
        if found is None:
            return
        outcome, episode = found
        outcome.actual_net -= revoked.net
        if revoked.filled:
            outcome.won -= 1
        else:
            outcome.lost -= 1
        episode.taking = Taking.SEEN

    def _decided(self, message: RiskDecision | OrderRequest | Fill | ExecutionReport) -> None:
        found = self._of_signal.get(message.signal_id)
        if found is None:
            return
        outcome, episode = found
        match message:
            case RiskDecision():
                if message.failed is not None:
                    outcome.refused[message.failed.name.lower()] += 1
                    episode.became(Taking.REFUSED)
            case OrderRequest():
                outcome.taken += 1
                outcome.expected_net += message.expected_net
            case Fill():
                outcome.won += 1
                outcome.actual_net += message.net
                episode.became(Taking.WON)
            case ExecutionReport():
                outcome.actual_net -= message.gas_cost
                if message.outcome in (Outcome.CANCELLED, Outcome.ORPHANED):
                    outcome.cancelled += 1
                    episode.became(Taking.CANCELLED)
                else:
                    outcome.lost += 1
                    episode.became(Taking.LOST)


@attrs.frozen
class Totals:
    """Rows of several paths of one profit token, added up."""

    name: str
    profit_token: bytes
    paths: int
    found: int
    episodes: int
    taken: int
    won: int
    lost: int
    expected_net: int
    actual_net: int


def totals(rows: Sequence[PathOutcome], name: str, token: bytes) -> Totals:
    """The sum of the rows that earn in `token`."""
    ones = [row for row in rows if row.profit_token == token]
    return Totals(
        name,
        token,
        paths=len(ones),
        found=sum(row.found for row in ones),
        episodes=sum(row.episodes for row in ones),
        taken=sum(row.taken for row in ones),
        won=sum(row.won for row in ones),
        lost=sum(row.lost for row in ones),
        expected_net=sum(row.expected_net for row in ones),
        actual_net=sum(row.actual_net for row in ones),
    )


def by_strategy(rows: Sequence[PathOutcome]) -> list[Totals]:
    """One row for each strategy and profit token."""
    keys = dict.fromkeys((row.strategy, row.profit_token) for row in rows)
    return [totals([row for row in rows if row.strategy == name], name, token) for name, token in keys]


def by_pool(rows: Sequence[PathOutcome]) -> list[Totals]:
    """One row for each pool and profit token: all paths through the pool. A path counts for each of its pools."""
    keys = dict.fromkeys((pool, row.profit_token) for row in rows for pool in row.pools)
    return [totals([row for row in rows if pool in row.pools], pool.name, token) for pool, token in keys]


def _block(event: object) -> int:
    return event.stamp.block_number  # type: ignore[attr-defined, no-any-return]  # only logs of pools are kept
