"""The first tables."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
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
    """Creates them."""
    op.create_table(
        "audit",
        key("record"),
        text("actor"),
        text("action"),
        text("target"),
        text("reason"),
        text("result"),
        number("at_ns"),
        sa.PrimaryKeyConstraint("record"),
    )
    op.create_table(
        "fills",
        key("record"),
        number("run"),
        number("intent_id"),
        number("signal_id"),
        text("strategy"),
        text("mode"),
        number("chain_id"),
        number("block_number"),
        number("log_index"),
        number("venue_time_ns"),
        text("profit_token"),
        text("size"),
        text("gross"),
        text("pool_fees"),
        text("flash_fee"),
        text("gas_wei"),
        text("gas_cost"),
        text("net"),
        text("expected_net"),
        text("assumption"),
        text("legs"),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("record"),
    )
    op.create_index("fills_intent", "fills", ["intent_id"])
    op.create_index("fills_run", "fills", ["run", "record"])
    op.create_table(
        "halts",
        key("record"),
        number("halt_id"),
        number("epoch"),
        text("scope"),
        text("level"),
        text("actor"),
        text("via"),
        text("reason"),
        number("at_ns"),
        number("cancelled", nullable=True),
        number("in_flight", nullable=True),
        number("unknown", nullable=True),
        text("steps", nullable=True),
        text("kept_running", nullable=True),
        sa.PrimaryKeyConstraint("record"),
    )
    op.create_index("halts_halt", "halts", ["halt_id"])
    op.create_table(
        "intents",
        key("record"),
        number("run"),
        number("intent_id"),
        number("signal_id"),
        text("strategy"),
        text("mode"),
        number("chain_id"),
        number("block_number"),
        number("log_index"),
        number("venue_time_ns"),
        text("profit_token"),
        text("size"),
        text("minimum_profit"),
        text("expected_net"),
        text("legs"),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("record"),
    )
    op.create_index("intents_intent", "intents", ["intent_id"])
    op.create_table(
        "meta",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        number("applied"),
        number("size_bytes"),
        sa.Column("head_hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "opportunities",
        key("record"),
        number("run"),
        number("signal_id"),
        text("strategy"),
        number("chain_id"),
        number("block_number"),
        number("log_index"),
        number("venue_time_ns"),
        text("profit_token"),
        text("size"),
        text("gross"),
        text("pool_fees"),
        text("flash_fee"),
        text("gas_cost", nullable=True),
        text("net", nullable=True),
        text("legs"),
        text("result"),
        text("reason_code", nullable=True),
        text("reason_text", nullable=True),
        text("reason_value", nullable=True),
        text("reason_limit", nullable=True),
        text("reason_unit", nullable=True),
        text("actual_net", nullable=True),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("record"),
    )
    op.create_index("opportunities_result", "opportunities", ["result", "record"])
    op.create_index("opportunities_run_result", "opportunities", ["run", "result", "record"])
    op.create_index("opportunities_signal", "opportunities", ["run", "signal_id"])
    op.create_table(
        "pnl",
        key("run"),
        sa.Column("strategy", sa.String(length=64), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("token", sa.String(length=42), nullable=False),
        number("traded"),
        number("failed"),
        number("refused"),
        text("gross"),
        text("pool_fees"),
        text("flash_fees"),
        text("gas"),
        text("gas_of_failed"),
        text("net"),
        sa.PrimaryKeyConstraint("run", "strategy", "day", "token"),
    )
    op.create_table(
        "positions",
        key("run"),
        sa.Column("strategy", sa.String(length=64), nullable=False),
        sa.Column("token", sa.String(length=42), nullable=False),
        text("amount"),
        text("gas_wei"),
        sa.PrimaryKeyConstraint("run", "strategy", "token"),
    )
    op.create_table(
        "reports",
        key("record"),
        number("run"),
        number("intent_id"),
        number("signal_id"),
        text("strategy"),
        text("outcome"),
        number("chain_id"),
        number("block_number"),
        number("log_index"),
        number("venue_time_ns"),
        text("profit_token"),
        text("profit_found", nullable=True),
        text("minimum_profit", nullable=True),
        text("gas_wei"),
        text("gas_cost"),
        text("text"),
        sa.PrimaryKeyConstraint("record"),
    )
    op.create_index("reports_intent", "reports", ["intent_id"])
    op.create_table(
        "runs",
        key("record"),
        number("run"),
        text("mode"),
        text("source"),
        text("configuration"),
        text("reason"),
        number("started_ns"),
        number("ended_ns", nullable=True),
        text("end_reason", nullable=True),
        sa.PrimaryKeyConstraint("record"),
    )
    op.create_index("runs_run", "runs", ["run"])
