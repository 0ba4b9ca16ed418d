"""Writes the changes of a batch of records, in few statements.

Rows that are new in the batch are changed in memory; updates of older rows go first, then the new rows. That gives what
one statement after another would give, since an update only concerns rows of earlier records.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from alphapulse.journal.ledger_changes import (
    UPDATE_KEYS,
    Account,
    Booking,
    Holding,
    Insert,
    Movement,
    Orphaning,
    Update,
    changes,
)
from alphapulse.journal.ledger_rows import Value, books_of, token_text
from alphapulse.journal.schema import METADATA, OPPORTUNITIES, PNL, POSITIONS
from alphapulse.rules.accounting.profit_and_loss import ProfitAndLoss


def write_changes(connection: Connection, records: Sequence[tuple[int, object]]) -> None:
    """Applies records (index, record) in their order, inside the connection's transaction."""
    batch = _Batch(connection)
    for index, record in records:
        batch.add(index, record)
    batch.write()


class _Batch:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._begin()

    def _begin(self) -> None:
        self._inserts: defaultdict[str, list[dict[str, Value]]] = defaultdict(list)
        self._new_rows: defaultdict[tuple[str, tuple[Value, ...]], list[dict[str, Value]]] = defaultdict(list)
        self._updates: defaultdict[str, list[dict[str, Value]]] = defaultdict(list)
        self._bookings: dict[Account, ProfitAndLoss] = {}
        self._movements: defaultdict[Holding, tuple[int, int]] = defaultdict(lambda: (0, 0))

    def add(self, index: int, record: object) -> None:
        for change in changes(index, record):
            match change:
                case Insert(table, row):
                    new = dict(row)
                    self._inserts[table].append(new)
                    if table in UPDATE_KEYS:
                        self._new_rows[table, tuple(new[column] for column in UPDATE_KEYS[table])].append(new)
                case Update():
                    self._update(change)
                case Booking(account, books):
                    booked = self._bookings.get(account)
                    self._bookings[account] = books if booked is None else booked.add(books)
                case Movement(holding, amount, gas_wei):
                    moved, burnt = self._movements[holding]
                    self._movements[holding] = (moved + amount, burnt + gas_wei)
                case Orphaning():
                    self.write()  # which rows it concerns is asked of the database
                    self._begin()
                    self._orphan(change)

    def write(self) -> None:
        for table, parameters in self._updates.items():
            self._write_updates(table, parameters)
        for table, rows in self._inserts.items():
            self._connection.execute(insert(METADATA.tables[table]), rows)
        for account, books in self._bookings.items():
            self._write_books(account, books)
        for holding, (amount, gas_wei) in self._movements.items():
            self._write_holding(holding, amount, gas_wei)

    def _orphan(self, change: Orphaning) -> None:
        columns = OPPORTUNITIES.c
        self._connection.execute(
            update(OPPORTUNITIES)
            .where(columns.chain_id == change.chain_id, columns.block_number > change.ancestor)
            .where(columns.run == change.run)
            .values(dict(change.row))
        )

    def _update(self, change: Update) -> None:
        for row in self._new_rows.get((change.table, change.key), ()):
            row.update(change.row)
        keys = zip(UPDATE_KEYS[change.table], change.key, strict=True)
        self._updates[change.table].append({f"key_{column}": value for column, value in keys} | dict(change.row))

    def _write_updates(self, name: str, parameters: list[dict[str, Value]]) -> None:
        table, keys = METADATA.tables[name], UPDATE_KEYS[name]
        columns = [column for column in parameters[0] if not column.startswith("key_")]
        statement = (
            update(table)
            .where(*(table.c[column] == bindparam(f"key_{column}") for column in keys))
            .values({column: bindparam(column) for column in columns})
        )
        self._connection.execute(statement, parameters)

    def _write_books(self, account: Account, books: ProfitAndLoss) -> None:
        key = account._asdict() | {"token": token_text(account.token)}
        here = [PNL.c[column] == value for column, value in key.items()]
        if (stored := self._connection.execute(select(PNL).where(*here)).first()) is not None:
            books = books.add(books_of(dict(stored._mapping)))
            self._connection.execute(delete(PNL).where(*here))
        if books.is_empty:
            return
        self._connection.execute(
            insert(PNL).values(
                **key,
                traded=books.traded,
                failed=books.failed,
                refused=books.refused,
                gross=str(books.gross),
                pool_fees=str(books.pool_fees),
                flash_fees=str(books.flash_fees),
                gas=str(books.gas),
                gas_of_failed=str(books.gas_of_failed),
                net=str(books.net),
            )
        )

    def _write_holding(self, holding: Holding, amount: int, gas_wei: int) -> None:
        key = {"run": holding.run, "strategy": holding.strategy, "token": token_text(holding.token)}
        here = [POSITIONS.c[column] == value for column, value in key.items()]
        stored = self._connection.execute(select(POSITIONS.c.amount, POSITIONS.c.gas_wei).where(*here)).first()
        if stored is not None:
            amount, gas_wei = amount + int(stored.amount), gas_wei + int(stored.gas_wei)
            self._connection.execute(delete(POSITIONS).where(*here))
        if not amount and not gas_wei:
            return
        self._connection.execute(insert(POSITIONS).values(**key, amount=str(amount), gas_wei=str(gas_wei)))
