"""Whether the parts that keep the books agree. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Self

import attrs

from alphapulse.data.execution import ExecutionReport, Fill, OrderRequest, Settlement
from alphapulse.data.orphans import SettlementRevoked
from alphapulse.data.runs import RunStarted
from alphapulse.rules.accounting.profit_and_loss import net_of

Account = tuple[str, bytes]
"""A strategy and a token."""


@attrs.frozen
class BookView:
    """What one part believes, all at one moment. None: it has no say in that."""

    open_intents: frozenset[int] | None = None
    """Intents of the present run without a fill or a report."""
    net: Mapping[Account, int] | None = None
    """Net of the present run in raw units of the token; an account that is missing stands at zero."""


@attrs.define
class JournalFold:
    """What the journal says of the present run, folded record by record: open intents, and the net."""

    run: int = 0
    open_intents: set[int] = attrs.field(factory=set)
    net: dict[Account, int] = attrs.field(factory=dict)

    @classmethod
    def of(cls, records: Iterable[object]) -> Self:
        """The fold of these records, in order."""
        fold = cls()
        for record in records:
            fold.take(record)
        return fold

    def take(self, record: object) -> None:
        """One more record."""
        match record:
            case RunStarted():
                self.run, self.net, self.open_intents = record.run, {}, set()
            case OrderRequest() if record.run == self.run:
                self.open_intents.add(record.intent_id)
            case Fill() | ExecutionReport():
                self.open_intents.discard(record.intent_id)
                self._book(record, net_of(record))
            case SettlementRevoked():
                if record.reopened and record.run == self.run:
                    self.open_intents.add(record.intent_id)
                self._book(record, -record.net)
            case _:
                return

    def _book(self, record: Settlement | SettlementRevoked, change: int) -> None:
        if record.run == self.run:
            account = (record.strategy, record.profit_token)
            self.net[account] = self.net.get(account, 0) + change

    def view(self) -> BookView:
        """What it says now."""
        return BookView(frozenset(self.open_intents), dict(self.net))


def differences(views: Mapping[str, BookView]) -> tuple[str, ...]:
    """In words, what two of the parts say differently; nothing if all agree. The first part is what others are held to.

    A difference that stays has the same words each time.
    """
    if not views:
        return ()
    (first, one), *others = views.items()
    found: list[str] = []
    for other, another in others:
        found += _of_intents(first, one, other, another)
        found += _of_nets(first, one, other, another)
    return tuple(found)


def _of_intents(first: str, one: BookView, other: str, another: BookView) -> Iterable[str]:
    if one.open_intents is None or another.open_intents is None:
        return
    for intent in sorted(one.open_intents ^ another.open_intents):
        here, there = (first, other) if intent in one.open_intents else (other, first)
        yield f"intent {intent} is open in the {here} and not in the {there}"


def _of_nets(first: str, one: BookView, other: str, another: BookView) -> Iterable[str]:
    if one.net is None or another.net is None:
        return
    for account in sorted(one.net.keys() | another.net.keys()):
        here, there = one.net.get(account, 0), another.net.get(account, 0)
        if here != there:
            strategy, token = account
            yield f"net of {strategy} in 0x{token.hex()}: {here} in the {first}, {there} in the {other}"
