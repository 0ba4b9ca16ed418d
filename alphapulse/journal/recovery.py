"""What a start has to know of the journal: how far numbers were used up, and which intents are open."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

import attrs

from alphapulse.data.execution import ExecutionReport, Fill, OrderRequest
from alphapulse.data.halts import HaltChange
from alphapulse.data.risk import BreakerAction, BreakerScope, CircuitBreaker, LimitOverride
from alphapulse.data.runs import RunStarted
from alphapulse.rules.limits.trading_record import TradingRecord


@attrs.define
class Recovery:
    """The state of the books that a start finds. `unsettled` are intents without a fill or a report, oldest first.

    `halt_changes` holds the newest change of each scope, `overrides` the newest of each limit, `breakers` those that
    are not closed by rule, scope and target. `record` is what limits ask of all that was traded.
    """

    records: int = 0
    last_run: int = 0
    last_intent_id: int = 0
    unsettled: dict[int, OrderRequest] = attrs.field(factory=dict)
    halt_changes: dict[str, HaltChange] = attrs.field(factory=dict)
    overrides: dict[str, LimitOverride] = attrs.field(factory=dict)
    breakers: dict[tuple[str, BreakerScope, str], CircuitBreaker] = attrs.field(factory=dict)
    record: TradingRecord = attrs.field(factory=TradingRecord, eq=False)

    @classmethod
    def of(cls, records: Iterable[tuple[int, object]]) -> Self:
        """Fold the journal's records, in order."""
        found = cls()
        for index, message in records:
            found.records = index
            found.record.take(message)
            match message:
                case RunStarted():
                    found.last_run = message.run
                case OrderRequest():
                    found.last_intent_id = max(found.last_intent_id, message.intent_id)
                    found.unsettled[message.intent_id] = message
                case HaltChange():
                    found.halt_changes[message.scope] = message
                case Fill() | ExecutionReport():
                    found.unsettled.pop(message.intent_id, None)
                case LimitOverride():
                    found.overrides[message.name] = message
                case CircuitBreaker():
                    key = message.rule, message.scope, message.target
                    found.breakers.pop(key, None)
                    if message.action is not BreakerAction.RESUME:
                        found.breakers[key] = message
        return found
