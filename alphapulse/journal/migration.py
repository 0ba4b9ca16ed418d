"""Brings a ledger's tables to the newest revision. Alembic is only imported where a migration has to run."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Column, Connection, Engine, MetaData, String, Table, insert, inspect, select

from alphapulse.errors import LedgerError
from alphapulse.journal.journal_file import START
from alphapulse.journal.schema import META, METADATA, REVISION

MIGRATIONS = Path(__file__).parent / "migrations"
VERSION = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))
"""Alembic's own table."""


def bring_up_to_date(engine: Engine) -> None:
    """Creates the tables of an empty database, or runs the migrations that an older one lacks.

    A new ledger gets today's tables at once and the mark of the newest revision last, so that a creation that was
    interrupted is begun again.

    Raises:
        LedgerError: the database was written by a newer version.
    """
    with engine.begin() as connection:
        marked = inspect(connection).has_table(VERSION.name)
        if not marked:
            METADATA.create_all(connection)
            _begin(connection)
            VERSION.create(connection)
            connection.execute(insert(VERSION).values(version_num=REVISION))
            return
        if connection.execute(select(VERSION.c.version_num)).scalar() == REVISION:
            return
    _migrate(engine)
    with engine.begin() as connection:
        _begin(connection)


def _begin(connection: Connection) -> None:
    if connection.execute(select(META.c.id)).first() is None:
        at = {"applied": START.records, "size_bytes": START.size_bytes, "head_hash": START.head_hash.hex()}
        connection.execute(insert(META).values(id=1, **at))


def _migrate(engine: Engine) -> None:
    from alembic import command  # noqa: PLC0415 - 14 MB and 0.1 s that a start without migration does not pay
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise LedgerError(
                f"expected a ledger of revision {REVISION} or older, found one that is not ({error}): "
                f"use the version that wrote it, or delete the ledger, which is made again from the journal"
            ) from error
