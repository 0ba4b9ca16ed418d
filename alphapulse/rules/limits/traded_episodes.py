"""Which gaps were traded already: at most one trade of an episode is under way. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeVar

from alphapulse.data.chain_events import ChainReorganised
from alphapulse.data.execution import ExecutionReport, Fill, Mode
from alphapulse.data.instruments import InstrumentId
from alphapulse.data.orphans import SettlementRevoked
from alphapulse.data.signals import INHERITED_EPISODE, ArbitrageSignal

REMEMBERED: Final = 65_536
"""Episodes and trades that are remembered in a run; older ones cannot come back, both count upwards."""

K = TypeVar("K")
V = TypeVar("V")

Episode = tuple[str, int, tuple[InstrumentId, ...]]
"""Strategy and number; inherited ones share a number, so that the pools of their path stand behind it."""


class TradedEpisodes:
    """Episodes of a run that were traded.

    On paper a trade does not move the recorded pools: an episode is traded once. A real one does: when it has ended,
    what still stands open from its block on is another chance, and so is a gap whose trade came to nothing.
    """

    def __init__(self, mode: Mode) -> None:
        self._ends = mode is Mode.LIVE
        self._traded: dict[Episode, tuple[int, int]] = {}
        """With the chain and the block that the trade was seen on."""
        self._again: dict[Episode, tuple[int, int]] = {}
        """Whose trade has ended: with the chain, and the block from which on they may be traded again."""
        self._trades: dict[tuple[int, int], Episode] = {}

    def approve(self, signal: ArbitrageSignal) -> None:
        """A signal was approved: its episode is traded from now on."""
        episode = _episode(signal)
        remember(self._traded, episode, (signal.chain_id, signal.block_number))
        if self._ends:
            self._again.pop(episode, None)
            remember(self._trades, (signal.run, signal.signal_id), episode)

    def holds(self, signal: ArbitrageSignal) -> bool:
        """Whether the episode of a signal was traded, as far as the state that the signal saw can tell."""
        episode = _episode(signal)
        if episode in self._traded:
            return True
        again = self._again.get(episode)
        return again is not None and signal.block_number < again[1]

    def take(self, message: object) -> None:
        """A trade has ended, or its end was taken back."""
        if not self._ends or not isinstance(message, Fill | ExecutionReport | SettlementRevoked):
            return
        episode = self._trades.get((message.run, message.signal_id))
        if episode is None:
            return
        place = message.chain_id, message.block_number
        if isinstance(message, SettlementRevoked):
            if message.reopened:
                self._again.pop(episode, None)
                remember(self._traded, episode, place)
        elif self._traded.pop(episode, None) is not None:
            remember(self._again, episode, place)

    def reorganised(self, event: ChainReorganised) -> None:
        """What was traded on blocks that were taken back was not."""
        self._traded = _staying(self._traded, event)
        self._again = _staying(self._again, event)

    def forget(self) -> None:
        """A new run of the books has begun."""
        self._traded.clear()
        self._again.clear()
        self._trades.clear()


def _episode(signal: ArbitrageSignal) -> Episode:
    return signal.strategy, signal.episode, signal.pools if signal.episode == INHERITED_EPISODE else ()


def _staying(episodes: Mapping[Episode, tuple[int, int]], event: ChainReorganised) -> dict[Episode, tuple[int, int]]:
    return {
        episode: (chain_id, block_number)
        for episode, (chain_id, block_number) in episodes.items()
        if chain_id != event.chain_id or block_number <= event.ancestor_number
    }


def remember(remembered: dict[K, V], key: K, value: V) -> None:
    """Put an entry, and forget the oldest one beyond the most that are remembered."""
    remembered[key] = value
    if len(remembered) > REMEMBERED:
        del remembered[next(iter(remembered))]
