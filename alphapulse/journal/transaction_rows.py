"""Records of real trading as rows of the ledger: columns and values, without SQL."""

from __future__ import annotations

from alphapulse.data.transactions import (
    FailureFinding,
    TransactionSigned,
    TransactionState,
    TransactionStatus,
    WalletAudit,
)
from alphapulse.journal.ledger_rows import Row, amount_text
from alphapulse.rules.wire.codec import encode_value


def hex_text(value: bytes) -> str:
    """An address or a hash as the ledger's columns have it."""
    return "0x" + value.hex()


def transaction_row(index: int, signed: TransactionSigned) -> Row:
    """A transaction that is signed and has not left yet, as far as anybody knows."""
    return {
        "record": index,
        "run": signed.run,
        "wallet": hex_text(signed.wallet),
        "chain_id": signed.chain_id,
        "nonce": signed.nonce,
        "hash": hex_text(signed.hash),
        "purpose": signed.purpose.name,
        "intent_id": signed.intent_id,
        "state": TransactionState.SIGNED.name,
        "sends": 0,
        "block_number": None,
        "block_hash": None,
        "gas_used": None,
        "gas_price_wei": None,
        "text": "signed",
        "signed_ns": signed.signed_ns,
        "changed_ns": signed.signed_ns,
        "value": encode_value(signed),
    }


def standing_columns(status: TransactionStatus) -> Row:
    """How a transaction stands: whatever is not there any more after a reorganisation is taken away."""
    return {
        "state": status.state.name,
        "sends": status.sends,
        "block_number": status.block_number,
        "block_hash": None if status.block_hash is None else hex_text(status.block_hash),
        "gas_used": amount_text(status.gas_used),
        "gas_price_wei": amount_text(status.gas_price_wei),
        "text": status.text,
        "changed_ns": status.changed_ns,
    }


def finding_row(index: int, finding: FailureFinding) -> Row:
    """Why a trade failed."""
    return {
        "record": index,
        "run": finding.run,
        "intent_id": finding.intent_id,
        "hash": hex_text(finding.hash),
        "cause": finding.cause.name,
        "value": encode_value(finding),
    }


def wallet_audit_row(index: int, audit: WalletAudit) -> Row:
    """A comparison of books and chain."""
    return {
        "record": index,
        "run": audit.run,
        "wallet": hex_text(audit.wallet),
        "chain_id": audit.chain_id,
        "token": None if audit.token is None else hex_text(audit.token),
        "block_number": audit.block_number,
        "books": str(audit.books),
        "chain": str(audit.chain),
        "audited_ns": audit.audited_ns,
    }
