"""All rows of a ledger, for comparing two of them."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import create_engine, select

from alphapulse.journal.database import sqlite_url
from alphapulse.journal.schema import METADATA

Dump = dict[str, list[tuple[object, ...]]]


def dump(path: Path) -> Dump:
    """Table name to rows, in the order of their keys."""
    engine = create_engine(sqlite_url(path))
    try:
        with engine.connect() as connection:
            return {
                table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
                for table in METADATA.sorted_tables
            }
    finally:
        engine.dispose()


def column(path: Path, table: str, name: str) -> list[object]:
    """One column of a table, in the order of its keys."""
    index = [column.name for column in METADATA.tables[table].columns].index(name)
    return [row[index] for row in dump(path)[table]]
