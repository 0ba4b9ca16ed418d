"""Transactions on chains, why trades failed there, and what wallets have."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def key(name: str) -> sa.Column[Any]:
    """A number of the primary key."""
    return sa.Column(name, BIG, autoincrement=False, nullable=False)


def number(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    """A number."""
    return sa.Column(name, BIG, nullable=nullable)


def text(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    """A text or an amount."""
    return sa.Column(name, sa.Text(), nullable=nullable)


def upgrade() -> None:
    """Creates the tables of real trading."""
    op.create_table(
        "transactions",
        key("record"),
        number("run"),
        text("wallet"),
        number("chain_id"),
        number("nonce"),
        text("hash"),
        text("purpose"),
        number("intent_id", nullable=True),
        text("state"),
        number("sends"),
        number("block_number", nullable=True),
        text("block_hash", nullable=True),
        text("gas_used", nullable=True),
        text("gas_price_wei", nullable=True),
        text("text"),
        number("signed_ns"),
        number("changed_ns"),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("record"),
    )
    op.create_index("transactions_hash", "transactions", ["hash"])
    op.create_index("transactions_nonce", "transactions", ["wallet", "chain_id", "nonce"])
    op.create_index("transactions_changed", "transactions", ["wallet", "chain_id", "changed_ns"])
    op.create_index("transactions_intent", "transactions", ["intent_id"])
    op.create_index("transactions_state", "transactions", ["state", "record"])
    op.create_table(
        "findings",
        key("record"),
        number("run"),
        number("intent_id"),
        text("hash"),
        text("cause"),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("record"),
    )
    op.create_index("findings_intent", "findings", ["intent_id"])
    op.create_table(
        "wallet_audits",
        key("record"),
        number("run"),
        text("wallet"),
        number("chain_id"),
        text("token", nullable=True),
        number("block_number"),
        text("books"),
        text("chain"),
        number("audited_ns"),
        sa.PrimaryKeyConstraint("record"),
    )
    op.create_index("wallet_audits_token", "wallet_audits", ["wallet", "chain_id", "token", "record"])
