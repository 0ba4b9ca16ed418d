"""What reorganisations took back."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def number(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    """A number."""
    return sa.Column(name, BIG, nullable=nullable)


def upgrade() -> None:
    """Fills and reports that were taken back, and the reorganisations themselves."""
    op.add_column("fills", number("revoked", nullable=True))
    op.add_column("reports", number("revoked", nullable=True))
    op.create_index("opportunities_block", "opportunities", ["chain_id", "block_number"])
    op.create_table(
        "reorganisations",
        sa.Column("record", BIG, autoincrement=False, nullable=False),
        number("run"),
        number("chain_id"),
        number("ancestor_number"),
        number("old_head_number"),
        number("new_head_number"),
        number("cancelled"),
        number("revoked"),
        number("venue_time_ns"),
        number("heard_ns"),
        sa.PrimaryKeyConstraint("record"),
    )
