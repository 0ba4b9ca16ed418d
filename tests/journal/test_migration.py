"""The ledger's tables are the same whether they were made at once or by all migrations."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

from alphapulse.errors import LedgerError
from alphapulse.journal.database import sqlite_url
from alphapulse.journal.journal_file import START
from alphapulse.journal.ledger import Ledger
from alphapulse.journal.migration import MIGRATIONS
from alphapulse.journal.schema import METADATA, REVISION
from tests.journal.journal_samples import fill
from tests.journal.ledger_dump import dump


def execute(path: Path, *statements: str) -> None:
    engine = create_engine(sqlite_url(path))
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def differences(path: Path) -> list[object]:
    engine = create_engine(sqlite_url(path))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found = list(compare_metadata(context, METADATA))
    engine.dispose()
    return found


def test_newest_revision_is_the_one_that_a_new_ledger_is_marked_with() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == REVISION


def test_new_ledger_has_the_tables(tmp_path: Path) -> None:
    Ledger.open(sqlite_url(tmp_path / "ledger.db")).close()
    assert differences(tmp_path / "ledger.db") == []


def test_all_migrations_make_the_same_tables(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    execute(path, "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
    ledger = Ledger.open(sqlite_url(path))
    assert ledger.position == START
    ledger.close()
    assert differences(path) == []
    Ledger.open(sqlite_url(tmp_path / "new.db")).close()
    assert dump(path) == dump(tmp_path / "new.db")


def test_creation_that_was_interrupted_is_begun_again(tmp_path: Path) -> None:
    """The mark of the revision comes last: without it, the tables may be incomplete."""
    path = tmp_path / "ledger.db"
    Ledger.open(sqlite_url(path)).close()
    execute(path, "DROP TABLE alembic_version", "DROP TABLE fills", "DELETE FROM meta")
    Ledger.open(sqlite_url(path)).close()
    assert differences(path) == []


def test_opening_again_keeps_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    ledger = Ledger.open(sqlite_url(path))
    ledger.apply([(1, fill())], START)
    ledger.close()
    before = dump(path)
    Ledger.open(sqlite_url(path)).close()
    assert dump(path) == before


def test_ledger_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    Ledger.open(sqlite_url(path)).close()
    execute(path, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(LedgerError, match=r"expected a ledger of revision .* or older"):
        Ledger.open(sqlite_url(path))


def test_alembic_is_imported_only_for_a_migration(tmp_path: Path) -> None:
    program = (
        "import sys; from alphapulse.journal.ledger import Ledger\n"
        f"for _ in range(2): Ledger.open({sqlite_url(tmp_path / 'ledger.db')!r}).close()\n"
        "sys.exit('alembic' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, env={"PYTHONPATH": ":".join(sys.path)})
