"""The ledger's migrations, run by Alembic from `alphapulse.journal.migration`."""
