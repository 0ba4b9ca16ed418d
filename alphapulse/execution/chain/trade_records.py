"""What the chain executor writes of its trades: journalled, folded and published in one step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from alphapulse.data.execution import ExecutionReport, OrderRequest, Outcome
from alphapulse.data.wire import SENTENCE
from alphapulse.journal.journal import Journal
from alphapulse.relays.any_relay import AnyRelay
from alphapulse.rules.accounting.undoable_trades import UndoableTrades
from alphapulse.safety.clipped import clipped
from alphapulse.safety.parties import OrderState

OUTCOMES_KEPT: Final = 4_096
"""Settled intents of which a halt may still ask how they ended; the oldest are forgotten first."""

TAKEN_BACK: Final = (Outcome.CANCELLED, Outcome.ORPHANED)
"""Ends of which the chain knows nothing but that they were taken back."""


class TradeRecords:
    """The executor's trades, open and ended, as `trades` folds them, and how ended ones are to be spoken of."""

    def __init__(
        self, trades: UndoableTrades, journal: Journal, execution: AnyRelay, *, now_ns: Callable[[], int]
    ) -> None:
        self.trades = trades
        self.outcomes: dict[str, OrderState] = {}
        """By name, how settled intents have ended."""
        self._journal = journal
        self._execution = execution
        self._now_ns = now_ns

    def end(self, intents: Iterable[OrderRequest], outcome: Outcome, text: str) -> None:
        """End intents of which nothing is on the chain. A broken journal does not keep them open here.

        `text` may be a token's own word, and as long as it likes: it is cut.
        """
        now_ns, words = self._now_ns(), clipped(text, SENTENCE.limit)
        still_open = [intent for intent in intents if intent.intent_id in self.trades.open]
        self.write([ExecutionReport.of(intent, outcome, words, reported_ns=now_ns) for intent in still_open])

    def write(self, records: Sequence[object]) -> None:
        """Write records. An intent whose end was taken back is published again: it is open once more."""
        if not records:
            return
        if self._journal.failure is None:
            self._journal.append_now(records)
        published: list[object] = []
        for record in records:
            self.trades.take(record)
            published.append(record)
            intent_id = getattr(record, "intent_id", None)
            if intent_id is None:
                continue
            again = self.trades.open.get(intent_id)
            if again is not None:
                published.append(again)
                self.outcomes.pop(name_of(again), None)
                continue
            taken_back = isinstance(record, ExecutionReport) and record.outcome in TAKEN_BACK
            self.outcomes[f"intent {intent_id}"] = OrderState.CANCELLED if taken_back else OrderState.ENDED
        while len(self.outcomes) > OUTCOMES_KEPT:
            del self.outcomes[next(iter(self.outcomes))]
        self._execution.publish(published)


def name_of(intent: OrderRequest) -> str:
    """What an intent is called when a halt asks for it."""
    return f"intent {intent.intent_id}"
