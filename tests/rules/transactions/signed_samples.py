"""Signed transactions for tests; their hashes follow from their names."""

from __future__ import annotations

from hashlib import sha256
from typing import Any, cast

import attrs

from alphapulse.data.transactions import Purpose, TransactionSigned, TransactionState
from alphapulse.rules.transactions.receipt import Receipt

WALLET, EXECUTOR = bytes.fromhex("11" * 20), bytes.fromhex("ee" * 20)
CHAIN = 137
GWEI = 10**9


def hash_of(name: str) -> bytes:
    """The hash of what has that name."""
    return sha256(name.encode()).digest()


def signed(name: str, nonce: int, **changes: Any) -> TransactionSigned:
    """A trade of that name and number."""
    plain = TransactionSigned(
        run=1,
        wallet=WALLET,
        chain_id=CHAIN,
        nonce=nonce,
        hash=hash_of(name),
        purpose=Purpose.TRADE,
        intent_id=1,
        halt_epoch=1,
        to=EXECUTOR,
        gas_limit=400_000,
        tip_wei=30 * GWEI,
        cap_wei=200 * GWEI,
        deadline_block=120,
        raw=b"raw " + name.encode(),
        signed_ns=5,
    )
    return cast(TransactionSigned, attrs.evolve(cast(Any, plain), **changes))


def receipt_of(name: str, *, block: str = "block 110", number: int = 110, succeeded: bool = True) -> Receipt:
    """Its receipt in a block of that name."""
    return Receipt(hash_of(name), number, hash_of(block), 3, succeeded, 150_000, 40 * GWEI, ())


ENDS = tuple(state for state in TransactionState if state.ended)
