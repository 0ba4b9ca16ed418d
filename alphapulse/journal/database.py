"""Connections to the ledger's database: one engine that writes, one that only reads."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import SQLAlchemyError

from alphapulse.errors import LedgerError

FILE_MODE = 0o600
SQLITE = "sqlite"


def sqlite_url(path: Path) -> str:
    """The URL of an SQLite file."""
    return URL.create(SQLITE, database=str(path)).render_as_string(hide_password=False)


def writing_engine(url: str) -> Engine:
    """An engine that may write; SQLite in WAL, its file made with mode 0600.

    The ledger can be made again from the journal, so a power cut may take its last commits (`synchronous = NORMAL`).

    Raises:
        LedgerError: the URL names no database that can be used here.
    """
    parsed = _parse(url)
    if parsed.get_backend_name() == SQLITE and parsed.database:
        try:
            os.close(os.open(parsed.database, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE))
        except OSError as error:
            raise LedgerError(f"expected a ledger that can be written at {url}, found: {error.strerror}") from error
    engine = _engine(parsed)
    if parsed.get_backend_name() == SQLITE:
        event.listen(engine, "connect", _write_ahead)
    return engine


def reading_engine(url: str) -> Engine:
    """An engine that cannot write to SQLite; its database must exist when it is used. Raises LedgerError."""
    parsed = _parse(url)
    if parsed.get_backend_name() == SQLITE and parsed.database:
        uri = "file:" + quote(str(Path(parsed.database).absolute()))
        parsed = parsed.set(database=uri, query={"mode": "ro", "uri": "true"})
    return _engine(parsed)


def _parse(url: str) -> URL:
    try:
        return make_url(url)
    except SQLAlchemyError as error:
        raise LedgerError(f"expected a database URL such as sqlite:////path, found one that is not: {error}") from error


def _engine(url: URL) -> Engine:
    try:
        return create_engine(url)
    except (SQLAlchemyError, ImportError) as error:
        raise LedgerError(f"the database {url!r} cannot be used here: {error}; is its driver installed?") from error


def _write_ahead(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
