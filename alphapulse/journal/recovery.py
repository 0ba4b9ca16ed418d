"""What a start has to know of the journal: how far numbers were used up, and which intents are open."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

import attrs

from alphapulse.data.execution import OrderRequest
from alphapulse.data.halts import HaltChange
from alphapulse.data.risk import BreakerAction, CircuitBreaker, LimitOverride
from alphapulse.data.runs import RunStarted
from alphapulse.data.transactions import TransactionSigned
from alphapulse.rules.accounting.undoable_trades import UndoableTrades
from alphapulse.rules.breakers.board import BY_ITSELF, BreakerKey, scope_of
from alphapulse.rules.breakers.breaker import TRIPS_FOR_A_PERSON
from alphapulse.rules.execution.wallet_books import WalletBooks
from alphapulse.rules.forensics.open_questions import OpenQuestions
from alphapulse.rules.limits.trading_record import TradingRecord
from alphapulse.rules.transactions.transaction_books import TransactionBooks

MOST_SENT = 65_536
"""Intents whose transactions are known by their place; beyond, the oldest are forgotten, which have ended long ago."""

Place = tuple[int, bytes, int]
"""Chain, wallet and number of a transaction."""

TRIPS = (BreakerAction.PAUSE, BreakerAction.REDUCE)


@attrs.define
class Recovery:
    """The state of the books that a start finds.

    `halt_changes` holds the newest change of each scope, `overrides` the newest of each limit, `breakers` those that
    are not closed by rule, scope and target. `record` is what limits ask of all that was traded,
    `transactions` what wallets have signed, `sent` the place of each intent's transaction among them: chain, wallet and
    number, and `wallets` what they should have. `trades` goes on with what a start writes of it. `questions`
    are failures on a chain that nobody has looked into.
    """

    records: int = 0
    last_run: int = 0
    last_intent_id: int = 0
    halt_changes: dict[str, HaltChange] = attrs.field(factory=dict)
    overrides: dict[str, LimitOverride] = attrs.field(factory=dict)
    breakers: dict[BreakerKey, CircuitBreaker] = attrs.field(factory=dict)
    trips: dict[BreakerKey, tuple[int, ...]] = attrs.field(factory=dict)
    record: TradingRecord = attrs.field(factory=TradingRecord, eq=False)
    transactions: TransactionBooks = attrs.field(factory=TransactionBooks, eq=False)
    trades: UndoableTrades = attrs.field(factory=UndoableTrades, eq=False)
    sent: dict[int, Place] = attrs.field(factory=dict)
    wallets: WalletBooks = attrs.field(factory=WalletBooks, eq=False)
    questions: OpenQuestions = attrs.field(factory=OpenQuestions, eq=False)

    @property
    def unsettled(self) -> dict[int, OrderRequest]:
        """Intents without a fill or a report, or whose end was taken back; by number, oldest first."""
        return self.trades.open

    @classmethod
    def of(cls, records: Iterable[tuple[int, object]]) -> Self:
        """Fold the journal's records, in order."""
        found = cls()
        for index, message in records:
            found.records = index
            found.record.take(message)
            found.trades.take(message)
            found.transactions.take(message)
            found.wallets.take(message)
            found.questions.take(message)
            match message:
                case RunStarted():
                    found.last_run = message.run
                case TransactionSigned() if message.intent_id is not None:
                    found.sent[message.intent_id] = message.chain_id, message.wallet, message.nonce
                    while len(found.sent) > MOST_SENT:
                        del found.sent[next(iter(found.sent))]
                case OrderRequest():
                    found.last_intent_id = max(found.last_intent_id, message.intent_id)
                case HaltChange():
                    found.halt_changes[message.scope] = message
                    found._forgive(message)
                case LimitOverride():
                    found.overrides[message.name] = message
                case CircuitBreaker():
                    key = message.rule, message.scope, message.target
                    found.breakers.pop(key, None)
                    if message.action is not BreakerAction.RESUME:
                        found.breakers[key] = message
                    if message.action in TRIPS:
                        found.trips[key] = (*found.trips.get(key, ()), message.at_ns)[-TRIPS_FOR_A_PERSON:]
        return found

    def _forgive(self, change: HaltChange) -> None:
        """A person who lets a scope go on has seen how often its breakers tripped."""
        if change.level.trades and change.via not in BY_ITSELF:
            self.trips = {key: trips for key, trips in self.trips.items() if scope_of(key[1], key[2]) != change.scope}
