"""Identity: by what a message that comes twice is known to be the same."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterable

from alphapulse.data.execution import ExecutionReport, Fill, OrderRequest, RiskDecision
from alphapulse.data.orphans import SettlementRevoked
from alphapulse.data.signals import ArbitrageSignal

CAPACITY = 65_536
"""Identities that are remembered: as many as a publisher may have unacknowledged, so none of these is forgotten."""

_BY_INTENT = (OrderRequest, Fill, ExecutionReport)
_BY_SIGNAL = (ArbitrageSignal, RiskDecision)


def identity(message: object) -> Hashable:
    """What two copies of a message have in common, and no two messages.

    Intents and their ends are known by the intent's number, which is unique in the books, signals and the verdicts on
    them by the signal's number in its strategy's run; everything else by its content, wall-clock fields left out. An
    end that is taken back may come once more, as may its intent: `SeenMessages` forgets both.
    """
    if isinstance(message, _BY_INTENT):
        return type(message), message.intent_id
    if isinstance(message, _BY_SIGNAL):
        return type(message), message.run, message.strategy, message.signal_id
    return message


class SeenMessages:
    """Remembers the newest messages that were applied; of more than it can hold, the oldest are forgotten."""

    def __init__(self, applied: Iterable[object] = (), *, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._seen: OrderedDict[Hashable, None] = OrderedDict()
        self.duplicates = 0
        for message in applied:
            self.add(message)

    def add(self, message: object) -> bool:
        """Remember a message. False if it had been seen."""
        key = identity(message)
        if key in self._seen:
            self._seen.move_to_end(key)
            self.duplicates += 1
            return False
        self._seen[key] = None
        if isinstance(message, SettlementRevoked):
            for kind in _BY_INTENT:
                self._seen.pop((kind, message.intent_id), None)
        if len(self._seen) > self._capacity:
            self._seen.popitem(last=False)
        return True

    def forget(self, message: object) -> None:
        """The message was not applied after all."""
        self._seen.pop(identity(message), None)
