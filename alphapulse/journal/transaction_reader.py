"""Questions about real trading: transactions, the trades that they carry, why they failed, what wallets have."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import attrs
from sqlalchemy import Row, Select, func, select

from alphapulse.data.execution import Fill, OrderRequest, Outcome
from alphapulse.data.transactions import FailureFinding, TransactionSigned, TransactionState
from alphapulse.journal.ledger_reader import LedgerReader, Page, to_page
from alphapulse.journal.ledger_rows import Result, token_bytes
from alphapulse.journal.schema import FILLS, FINDINGS, INTENTS, OPPORTUNITIES, REPORTS, TRANSACTIONS, WALLET_AUDITS
from alphapulse.journal.transaction_rows import hex_text
from alphapulse.rules.transactions.transaction_record import TransactionRecord
from alphapulse.rules.wire.codec import decode_value

LARGEST_ID = 2**63 - 1
"""The largest number that a column holds; a larger one is nobody's."""
ENDED = tuple(state.name for state in TransactionState if state.ended)
IN_A_BLOCK = (TransactionState.MINED.name, TransactionState.SETTLED.name)


@attrs.frozen
class TransactionRow:
    """A transaction, as it stands. `replaced_by` is the one of the same number that is in a block instead of it."""

    record: int
    standing: TransactionRecord
    replaced_by: bytes | None


@attrs.frozen
class ReportRow:
    """An intent that ended without a fill; the cost in raw profit token."""

    outcome: Outcome
    gas_wei: int
    gas_cost: int
    text: str


@attrs.frozen
class TradeRow:
    """A trade as the books have it; `ending` is None while it is open, and if it was `orphaned` after its end.

    `record` is that of its intent in the journal.
    """

    record: int
    intent: OrderRequest
    ending: Fill | ReportRow | None
    orphaned: bool
    finding: FailureFinding | None


@attrs.frozen
class AuditRow:
    """The newest comparison of a wallet's balance of a token with the books; `token` None: the chain's coin."""

    wallet: bytes
    chain_id: int
    token: bytes | None
    block_number: int
    books: int
    chain: int


class TransactionReader:
    """Asks the ledger. Every method raises LedgerError if the database does not answer."""

    def __init__(self, ledger: LedgerReader) -> None:
        self._ledger = ledger

    async def transactions(
        self,
        before: str | None = None,
        limit: int = 50,
        *,
        state: TransactionState | None = None,
        is_open: bool | None = None,
        intent_id: int | None = None,
        tx_hash: bytes | None = None,
    ) -> Page[TransactionRow]:
        """Transactions, newest first, behind the cursor `before`. Raises ValueError for a cursor that is none."""
        query = _transactions()
        columns = TRANSACTIONS.c
        if state is not None:
            query = query.where(columns.state == state.name)
        if is_open is not None:
            query = query.where(columns.state.not_in(ENDED) if is_open else columns.state.in_(ENDED))
        if intent_id is not None:
            query = query.where(columns.intent_id == intent_id)
        if tx_hash is not None:
            query = query.where(columns.hash == hex_text(tx_hash))
        rows = await self._ledger.page(query, columns.record, before, limit)
        return to_page([_transaction(row) for row in rows], limit)

    async def trade(self, intent_id: int) -> TradeRow | None:
        """A trade by the number of its intent, None if there is none."""
        if intent_id > LARGEST_ID:
            return None
        rows = await self._ledger.rows(_intents().where(INTENTS.c.intent_id == intent_id).limit(1))
        return next(iter(await self._trades(rows)), None)

    async def trades(self, before: str | None = None, limit: int = 50) -> Page[TradeRow]:
        """Trades, newest first, behind the cursor `before`. Raises ValueError for a cursor that is none."""
        rows = await self._ledger.page(_intents(), INTENTS.c.record, before, limit)
        return to_page(await self._trades(rows), limit)

    async def carriers(self, intent_ids: Collection[int]) -> tuple[TransactionRow, ...]:
        """All transactions of these trades, newest first."""
        table = TRANSACTIONS.c
        query = _transactions().where(table.intent_id.in_(intent_ids)).order_by(table.record.desc())
        return tuple(_transaction(row) for row in await self._ledger.rows(query))

    async def audits(self) -> tuple[AuditRow, ...]:
        """The newest comparison of each wallet and token."""
        table = WALLET_AUDITS.c
        newest = select(func.max(table.record)).group_by(table.wallet, table.chain_id, table.token)
        rows = await self._ledger.rows(
            select(WALLET_AUDITS).where(table.record.in_(newest)).order_by(table.wallet, table.chain_id, table.token)
        )
        return tuple(
            AuditRow(
                wallet=token_bytes(row.wallet),
                chain_id=row.chain_id,
                token=None if row.token is None else token_bytes(row.token),
                block_number=row.block_number,
                books=int(row.books),
                chain=int(row.chain),
            )
            for row in rows
        )

    async def gas_paid_wei(self, wallet: bytes, chain_id: int, since_ns: int) -> int:
        """What the wallet's transactions have paid for gas that came into a block since then, wall clock."""
        table = TRANSACTIONS.c
        rows = await self._ledger.rows(
            select(table.gas_used, table.gas_price_wei)
            .where(table.wallet == hex_text(wallet), table.chain_id == chain_id, table.changed_ns >= since_ns)
            .where(table.gas_used.is_not(None), table.gas_price_wei.is_not(None))
        )
        return sum(int(row.gas_used) * int(row.gas_price_wei) for row in rows)

    async def _trades(self, rows: Sequence[Row[Any]]) -> list[TradeRow]:
        """The trades of these intents, in their order; a handful of questions, however many they are."""
        intents = {row.record: decode_value(OrderRequest, row.value) for row in rows}
        ids = [intent.intent_id for intent in intents.values()]
        endings, findings = await self._endings(ids), await self._findings(ids)
        orphaned = await self._orphaned(
            [intent for intent in intents.values() if endings.get(intent.intent_id) is None]
        )
        return [
            TradeRow(
                record=record,
                intent=intent,
                ending=(ending := endings.get(intent.intent_id)),
                orphaned=ending is None and (intent.run, intent.signal_id) in orphaned,
                finding=findings.get(intent.intent_id) if isinstance(ending, ReportRow) else None,
            )
            for record, intent in intents.items()
        ]

    async def _endings(self, ids: Collection[int]) -> dict[int, Fill | ReportRow]:
        """How each ended at last; none of those that have not, or whose end a reorganisation took back."""
        fills = select(FILLS.c.record, FILLS.c.intent_id, FILLS.c.value, FILLS.c.revoked)
        filled = await self._ledger.rows(fills.where(FILLS.c.intent_id.in_(ids)))
        reported = await self._ledger.rows(select(REPORTS).where(REPORTS.c.intent_id.in_(ids)))
        ends = [(row.record, row, True) for row in filled] + [(row.record, row, False) for row in reported]
        newest = {row.intent_id: (row, is_fill) for _, row, is_fill in sorted(ends, key=lambda end: end[0])}
        return {
            intent_id: decode_value(Fill, row.value) if is_fill else _report(row)
            for intent_id, (row, is_fill) in newest.items()
            if row.revoked is None
        }

    async def _findings(self, ids: Collection[int]) -> dict[int, FailureFinding]:
        """The newest finding of each that has one."""
        table = FINDINGS.c
        query = select(table.intent_id, table.value).where(table.intent_id.in_(ids)).order_by(table.record)
        rows = {row.intent_id: row.value for row in await self._ledger.rows(query)}
        return {intent_id: decode_value(FailureFinding, value) for intent_id, value in rows.items()}

    async def _orphaned(self, intents: Collection[OrderRequest]) -> set[tuple[int, int]]:
        """Run and signal of those whose opportunity was taken back with the chain that it was seen on."""
        table = OPPORTUNITIES.c
        signals = [intent.signal_id for intent in intents]
        query = select(table.run, table.signal_id).where(
            table.signal_id.in_(signals), table.result == Result.ORPHANED.value
        )
        return {(row.run, row.signal_id) for row in await self._ledger.rows(query)}


def _intents() -> Select[Any]:
    return select(INTENTS.c.record, INTENTS.c.value)


def _transactions() -> Select[Any]:
    """All transactions, each with the one that stands in a block in its place."""
    other = TRANSACTIONS.alias("other")
    instead = (
        select(func.max(other.c.hash))
        .where(
            other.c.wallet == TRANSACTIONS.c.wallet,
            other.c.chain_id == TRANSACTIONS.c.chain_id,
            other.c.nonce == TRANSACTIONS.c.nonce,
            other.c.hash != TRANSACTIONS.c.hash,
            other.c.state.in_(IN_A_BLOCK),
        )
        .scalar_subquery()
    )
    return select(TRANSACTIONS, instead.label("replaced_by"))


def _transaction(row: Row[Any]) -> TransactionRow:
    standing = TransactionRecord(
        signed=decode_value(TransactionSigned, row.value),
        state=TransactionState[row.state],
        sends=row.sends,
        block_number=row.block_number,
        block_hash=None if row.block_hash is None else token_bytes(row.block_hash),
        gas_used=None if row.gas_used is None else int(row.gas_used),
        gas_price_wei=None if row.gas_price_wei is None else int(row.gas_price_wei),
        text=row.text,
        changed_ns=row.changed_ns,
    )
    return TransactionRow(row.record, standing, None if row.replaced_by is None else token_bytes(row.replaced_by))


def _report(row: Row[Any]) -> ReportRow:
    return ReportRow(outcome=Outcome[row.outcome], gas_wei=int(row.gas_wei), gas_cost=int(row.gas_cost), text=row.text)
