"""What a journal says of real trades, read by itself: no part of the daemon folds it for us."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import attrs

from alphapulse.data.execution import ExecutionReport, Fill, OrderRequest, Outcome, Settlement
from alphapulse.data.halts import HaltChange
from alphapulse.data.orphans import SettlementRevoked
from alphapulse.data.transactions import (
    FailureFinding,
    Purpose,
    TransactionSigned,
    TransactionState,
    TransactionStatus,
    WalletAudit,
)
from tests.daemon.books import all_records


@attrs.define
class Books:
    """The journal's records, the newest of each where several follow each other."""

    signed: dict[bytes, TransactionSigned] = attrs.field(factory=dict)
    states: dict[bytes, TransactionStatus] = attrs.field(factory=dict)
    """By hash."""
    intents: dict[int, OrderRequest] = attrs.field(factory=dict)
    ends: dict[int, Settlement] = attrs.field(factory=dict)
    """How intents ended, by number; one that was taken back has no end."""
    given_up: set[int] = attrs.field(factory=set)
    """Taken back, and not to be done again."""
    findings: list[FailureFinding] = attrs.field(factory=list)
    audits: list[WalletAudit] = attrs.field(factory=list)
    halts: list[HaltChange] = attrs.field(factory=list)
    revoked: int = 0
    broken: list[str] = attrs.field(factory=list)

    @property
    def fills(self) -> list[Fill]:
        """Trades that are won."""
        return [one for one in self.ends.values() if isinstance(one, Fill)]

    @property
    def failures(self) -> list[ExecutionReport]:
        """Trades that are not, with gas or without."""
        return [one for one in self.ends.values() if isinstance(one, ExecutionReport)]

    @property
    def undone(self) -> set[int]:
        """Trades that were mined and undone."""
        return {one.intent_id for one in self.failures if one.outcome is Outcome.REVERTED and one.gas_wei}

    @property
    def open(self) -> dict[bytes, str]:
        """Transactions that are not known to be mined or to have ended, with their states' names."""
        found = {}
        for tx_hash in self.signed:
            status = self.states.get(tx_hash)
            state = TransactionState.SIGNED if status is None else status.state
            if not state.ended and state is not TransactionState.MINED:
                found[tx_hash] = state.name
        return found

    @property
    def unended(self) -> set[int]:
        """Intents without an end."""
        return self.intents.keys() - self.ends.keys() - self.given_up

    @property
    def gas_wei(self) -> int:
        """What all transactions cost that are on the chain."""
        return sum(self._cost_wei(tx_hash) for tx_hash in self.states)

    @property
    def unbooked_gas_wei(self) -> int:
        """What those for trades cost, less what trades have booked."""
        carried = sum(self._cost_wei(one.hash) for one in self.signed.values() if one.intent_id is not None)
        return carried - sum(one.gas_wei for one in self.ends.values())

    def _cost_wei(self, tx_hash: bytes) -> int:
        status = self.states.get(tx_hash)
        if status is None or status.state not in (TransactionState.MINED, TransactionState.SETTLED):
            return 0
        return (status.gas_used or 0) * (status.gas_price_wei or 0)

    def earned(self) -> Counter[str]:
        """What trades brought of each token before gas, in raw units, by its address in hex."""
        found: Counter[str] = Counter()
        for fill in self.fills:
            found[fill.profit_token.hex()] += fill.net + fill.gas_cost
        return found

    def intent_of(self, tx_hash: bytes) -> int | None:
        """The trade that a transaction carries; None if it carries none."""
        signed = self.signed.get(tx_hash)
        return None if signed is None or signed.purpose is not Purpose.TRADE else signed.intent_id


def read_books(journal: Path) -> Books:
    """What the journal says up to its last whole frame."""
    books = Books()
    for record in all_records(journal) if journal.exists() else ():
        match record:
            case TransactionSigned():
                books.signed[record.hash] = record
            case TransactionStatus():
                books.states[record.hash] = record
            case OrderRequest():
                books.intents[record.intent_id] = record
            case Fill() | ExecutionReport():
                if record.intent_id in books.ends:
                    books.broken.append(f"intent {record.intent_id} ended twice")
                books.ends[record.intent_id] = record
            case SettlementRevoked():
                books.ends.pop(record.intent_id, None)
                books.revoked += 1
                if not record.reopened:
                    books.given_up.add(record.intent_id)
            case FailureFinding():
                books.findings.append(record)
            case WalletAudit():
                books.audits.append(record)
            case HaltChange():
                books.halts.append(record)
            case _:
                pass
    return books
