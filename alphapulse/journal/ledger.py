"""The ledger: a SQL view of the journal, in step with it up to a position that is stored with the rows.

All of it can be thrown away and made again from the journal. Everything here blocks: it is for worker threads.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from sqlalchemy import Connection, Engine, delete, select, update
from sqlalchemy.exc import SQLAlchemyError

from alphapulse.errors import JournalError, LedgerError
from alphapulse.journal.database import writing_engine
from alphapulse.journal.journal_file import START, JournalPosition, end_of, read_records
from alphapulse.journal.ledger_batch import write_changes
from alphapulse.journal.migration import bring_up_to_date
from alphapulse.journal.schema import META, METADATA

BATCH_RECORDS = 512
"""Records in one transaction."""


class Ledger:
    """The open ledger. `position` is the journal position up to which every record has been applied."""

    def __init__(self, engine: Engine, position: JournalPosition) -> None:
        self.position = position
        self._engine = engine

    @classmethod
    def open(cls, url: str) -> Self:
        """The ledger at a database URL, created or migrated if need be.

        Raises:
            LedgerError: the database cannot be used, or a newer version wrote it.
        """
        engine = writing_engine(url)
        try:
            with _ledger_errors():
                bring_up_to_date(engine)
                with engine.connect() as connection:
                    row = connection.execute(select(META.c.applied, META.c.size_bytes, META.c.head_hash)).one()
        except BaseException:
            engine.dispose()
            raise
        return cls(engine, JournalPosition(row.applied, row.size_bytes, bytes.fromhex(row.head_hash)))

    def close(self) -> None:
        """Lets go of the database."""
        self._engine.dispose()

    def apply(self, records: Sequence[tuple[int, object]], end: JournalPosition) -> None:
        """Applies the records behind `position`, which reach up to `end`, in one transaction.

        Raises:
            LedgerError: the database refused, a number does not fit it, or somebody else has moved the ledger.
        """
        with _ledger_errors(), self._engine.begin() as connection:
            self._move(connection, end)
            write_changes(connection, records)
        self.position = end

    def catch_up(self, journal: Path, end: JournalPosition) -> None:
        """Applies what the journal holds behind `position`, up to `end`.

        A ledger of another journal, or of one that has lost records in a crash, is made again from the beginning.

        Raises:
            LedgerError: as `apply`, or the journal does not reach `end`.
            JournalError: the journal cannot be read.
        """
        if not self._advance(journal, end):
            self.clear()
            if not self._advance(journal, end):
                raise LedgerError(
                    f"expected the journal {journal} to hold {end.records} records with head {end.head_hash.hex()}, "
                    f"found it otherwise after {self.position.records}: verify the journal"
                )

    def clear(self) -> None:
        """Empties all tables. Raises LedgerError as `apply`."""
        with _ledger_errors(), self._engine.begin() as connection:
            self._move(connection, START)
            for table in METADATA.sorted_tables:
                if table is not META:
                    connection.execute(delete(table))
        self.position = START

    def _advance(self, journal: Path, end: JournalPosition) -> bool:
        """Whether the ledger could be brought to `end` from where it is."""
        begin = self.position
        if begin.records >= end.records:
            return begin == end
        batch: list[tuple[int, object]] = []
        try:
            for position, record in read_records(journal, begin):
                batch.append((position.records, record))
                if len(batch) == BATCH_RECORDS or position.records == end.records:
                    self.apply(batch, position)
                    batch = []
                if position.records == end.records:
                    return position == end
        except JournalError:
            if begin == START or self.position != begin or batch:
                raise
        return False

    def _move(self, connection: Connection, end: JournalPosition) -> None:
        moved = connection.execute(
            update(META)
            .where(META.c.applied == self.position.records, META.c.head_hash == self.position.head_hash.hex())
            .values(applied=end.records, size_bytes=end.size_bytes, head_hash=end.head_hash.hex())
        )
        if moved.rowcount != 1:
            raise LedgerError(
                f"expected the ledger to stand at record {self.position.records}, found that somebody else has moved "
                f"it: let only one process write it"
            )


def rebuild(journal: Path, url: str) -> JournalPosition:
    """Makes the ledger at `url` again from a journal that nobody is writing; the position reached.

    Raises:
        LedgerError: the database cannot be used.
        JournalError: the journal cannot be read or is rotten.
    """
    end = end_of(journal)
    ledger = Ledger.open(url)
    try:
        ledger.clear()
        ledger.catch_up(journal, end)
    finally:
        ledger.close()
    return end


@contextmanager
def _ledger_errors() -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, OverflowError) as error:
        raise LedgerError(f"the ledger's database refused: {error}; see to it, or rebuild the ledger") from error
