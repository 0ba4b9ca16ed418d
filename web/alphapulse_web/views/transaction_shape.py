"""A transaction in the shape of the API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from alphapulse.rules.transactions.transaction_record import TransactionRecord
from alphapulse_web.api.transaction_shapes import PurposeWord, TransactionStateWord, TransactionView


def hex_text(value: bytes) -> str:
    """An address or hash."""
    return "0x" + value.hex()


def maybe_text(value: int | None) -> str | None:
    """An integer as decimal text, if it is known."""
    return None if value is None else str(value)


def transaction_shape(
    record: TransactionRecord, names: Mapping[bytes, str], replaced_by: bytes | None
) -> TransactionView:
    """The transaction with the name that its wallet has today; one that is not configured any more has none."""
    signed = record.signed
    return TransactionView(
        wallet=hex_text(signed.wallet),
        wallet_name=names.get(signed.wallet, ""),
        chain_id=signed.chain_id,
        nonce=signed.nonce,
        hash=hex_text(signed.hash),
        purpose=cast(PurposeWord, signed.purpose.name.lower()),
        intent_id=maybe_text(signed.intent_id),
        state=cast(TransactionStateWord, record.state.name.lower()),
        sends=record.sends,
        to=hex_text(signed.to),
        gas_limit=str(signed.gas_limit),
        gas_used=maybe_text(record.gas_used),
        gas_price_wei=maybe_text(record.gas_price_wei),
        tip_wei=str(signed.tip_wei),
        cap_wei=str(signed.cap_wei),
        deadline_block=signed.deadline_block,
        block_number=record.block_number,
        block_hash=None if record.block_hash is None else hex_text(record.block_hash),
        signed_ns=str(signed.signed_ns),
        changed_ns=str(record.changed_ns),
        text=record.text,
        replaced_by=None if replaced_by is None else hex_text(replaced_by),
    )
