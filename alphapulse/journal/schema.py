"""The ledger's tables. Amounts are decimal integers in text: 256 bits fit no SQL number that all databases share.

Tokens are lower-case `0x…` text. `record` is the index of the journal record that a row came from. `value` is the
record as it travels, from which it is read back exactly; the columns beside it are for searching.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, String, Table, Text

REVISION = "0003"
"""The newest revision in `migrations/versions`; a test compares them."""

METADATA = MetaData()

_BIG = BigInteger().with_variant(Integer(), "sqlite")  # SQLite keys a table by its row id only if it is INTEGER


def _record() -> Column[int]:
    return Column("record", _BIG, primary_key=True, autoincrement=False)


def _amount(name: str, *, nullable: bool = False) -> Column[str]:
    return Column(name, Text, nullable=nullable)


def _number(name: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, _BIG, nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> Column[str]:
    return Column(name, Text, nullable=nullable)


META = Table(
    "meta",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    _number("applied"),
    _number("size_bytes"),
    Column("head_hash", String(64), nullable=False),
)
"""One row: the journal position up to which everything has been applied."""

RUNS = Table(
    "runs",
    METADATA,
    _record(),
    _number("run"),
    _text("mode"),
    _text("source"),
    _text("configuration"),
    _text("reason"),
    _number("started_ns"),
    _number("ended_ns", nullable=True),
    _text("end_reason", nullable=True),
    Index("runs_run", "run"),
)

OPPORTUNITIES = Table(
    "opportunities",
    METADATA,
    _record(),
    _number("run"),
    _number("signal_id"),
    _text("strategy"),
    _number("chain_id"),
    _number("block_number"),
    _number("log_index"),
    _number("venue_time_ns"),
    _text("profit_token"),
    _amount("size"),
    _amount("gross"),
    _amount("pool_fees"),
    _amount("flash_fee"),
    _amount("gas_cost", nullable=True),
    _amount("net", nullable=True),
    _text("legs"),
    _text("result"),
    _text("reason_code", nullable=True),
    _text("reason_text", nullable=True),
    _amount("reason_value", nullable=True),
    _amount("reason_limit", nullable=True),
    _text("reason_unit", nullable=True),
    _amount("actual_net", nullable=True),
    Column("value", LargeBinary, nullable=False),
    Index("opportunities_signal", "run", "signal_id"),
    Index("opportunities_result", "result", "record"),
    Index("opportunities_run_result", "run", "result", "record"),
    Index("opportunities_block", "chain_id", "block_number"),
)
"""One row per signal, with what became of it."""

INTENTS = Table(
    "intents",
    METADATA,
    _record(),
    _number("run"),
    _number("intent_id"),
    _number("signal_id"),
    _text("strategy"),
    _text("mode"),
    _number("chain_id"),
    _number("block_number"),
    _number("log_index"),
    _number("venue_time_ns"),
    _text("profit_token"),
    _amount("size"),
    _amount("minimum_profit"),
    _amount("expected_net"),
    _text("legs"),
    Column("value", LargeBinary, nullable=False),
    Index("intents_intent", "intent_id"),
)

FILLS = Table(
    "fills",
    METADATA,
    _record(),
    _number("run"),
    _number("intent_id"),
    _number("signal_id"),
    _text("strategy"),
    _text("mode"),
    _number("chain_id"),
    _number("block_number"),
    _number("log_index"),
    _number("venue_time_ns"),
    _text("profit_token"),
    _amount("size"),
    _amount("gross"),
    _amount("pool_fees"),
    _amount("flash_fee"),
    _amount("gas_wei"),
    _amount("gas_cost"),
    _amount("net"),
    _amount("expected_net"),
    _text("assumption"),
    _text("legs"),
    Column("value", LargeBinary, nullable=False),
    _number("revoked", nullable=True),
    Index("fills_run", "run", "record"),
    Index("fills_intent", "intent_id"),
)
"""`revoked` is the newest record that took a fill of this intent back, with the block that it lay on."""

REPORTS = Table(
    "reports",
    METADATA,
    _record(),
    _number("run"),
    _number("intent_id"),
    _number("signal_id"),
    _text("strategy"),
    _text("outcome"),
    _number("chain_id"),
    _number("block_number"),
    _number("log_index"),
    _number("venue_time_ns"),
    _text("profit_token"),
    _amount("profit_found", nullable=True),
    _amount("minimum_profit", nullable=True),
    _amount("gas_wei"),
    _amount("gas_cost"),
    _text("text"),
    _number("revoked", nullable=True),
    Index("reports_intent", "intent_id"),
)
"""Intents that ended without a fill; `revoked` as with fills."""

REORGANISATIONS = Table(
    "reorganisations",
    METADATA,
    _record(),
    _number("run"),
    _number("chain_id"),
    _number("ancestor_number"),
    _number("old_head_number"),
    _number("new_head_number"),
    _number("cancelled"),
    _number("revoked"),
    _number("venue_time_ns"),
    _number("heard_ns"),
)
"""Blocks that chains took back, and how many trades on them were cancelled and revoked."""

POSITIONS = Table(
    "positions",
    METADATA,
    Column("run", _BIG, primary_key=True, autoincrement=False),
    Column("strategy", String(64), primary_key=True),
    Column("token", String(42), primary_key=True),
    _amount("amount"),
    _amount("gas_wei"),
)
"""Holdings. `gas_wei` is the gas in the chain's coin paid by trades in that token; it is not taken off `amount`."""

PNL = Table(
    "pnl",
    METADATA,
    Column("run", _BIG, primary_key=True, autoincrement=False),
    Column("strategy", String(64), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("token", String(42), primary_key=True),
    _number("traded"),
    _number("failed"),
    _number("refused"),
    _amount("gross"),
    _amount("pool_fees"),
    _amount("flash_fees"),
    _amount("gas"),
    _amount("gas_of_failed"),
    _amount("net"),
)
"""Profit and loss per market day (UTC)."""

HALTS = Table(
    "halts",
    METADATA,
    _record(),
    _number("halt_id"),
    _number("epoch"),
    _text("scope"),
    _text("level"),
    _text("actor"),
    _text("via"),
    _text("reason"),
    _number("at_ns"),
    _number("cancelled", nullable=True),
    _number("in_flight", nullable=True),
    _number("unknown", nullable=True),
    _text("steps", nullable=True),
    _text("kept_running", nullable=True),
    Index("halts_halt", "halt_id"),
)
"""Changes of level; a halt's report fills in what came of it."""

AUDIT = Table(
    "audit",
    METADATA,
    _record(),
    _text("actor"),
    _text("action"),
    _text("target"),
    _text("reason"),
    _text("result"),
    _number("at_ns"),
)

TRANSACTIONS = Table(
    "transactions",
    METADATA,
    _record(),
    _number("run"),
    _text("wallet"),
    _number("chain_id"),
    _number("nonce"),
    _text("hash"),
    _text("purpose"),
    _number("intent_id", nullable=True),
    _text("state"),
    _number("sends"),
    _number("block_number", nullable=True),
    _text("block_hash", nullable=True),
    _amount("gas_used", nullable=True),
    _amount("gas_price_wei", nullable=True),
    _text("text"),
    _number("signed_ns"),
    _number("changed_ns"),
    Column("value", LargeBinary, nullable=False),
    Index("transactions_hash", "hash"),
    Index("transactions_nonce", "wallet", "chain_id", "nonce"),
    Index("transactions_changed", "wallet", "chain_id", "changed_ns"),
    Index("transactions_intent", "intent_id"),
    Index("transactions_state", "state", "record"),
)
"""One row per signature, with how the transaction stands."""

FINDINGS = Table(
    "findings",
    METADATA,
    _record(),
    _number("run"),
    _number("intent_id"),
    _text("hash"),
    _text("cause"),
    Column("value", LargeBinary, nullable=False),
    Index("findings_intent", "intent_id"),
)
"""Why trades failed on a chain."""

WALLET_AUDITS = Table(
    "wallet_audits",
    METADATA,
    _record(),
    _number("run"),
    _text("wallet"),
    _number("chain_id"),
    _text("token", nullable=True),
    _number("block_number"),
    _amount("books"),
    _amount("chain"),
    _number("audited_ns"),
    Index("wallet_audits_token", "wallet", "chain_id", "token", "record"),
)
"""What the books say that a wallet has, beside what the chain says; no token: the chain's coin."""
