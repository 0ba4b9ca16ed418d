"""Records of real trading for tests."""

from __future__ import annotations

from hashlib import sha256

from alphapulse.data.transactions import (
    FailureCause,
    FailureFinding,
    Purpose,
    TransactionSigned,
    TransactionState,
    TransactionStatus,
    WalletAudit,
)
from tests.journal.journal_samples import DAY_NS, USDC

WALLET, EXECUTOR = bytes.fromhex("11" * 20), bytes.fromhex("ee" * 20)
CHAIN = 137


def hash_of(name: str) -> bytes:
    """A hash that is told apart by its name."""
    return sha256(name.encode()).digest()


def signed(
    name: str = "a",
    *,
    nonce: int = 7,
    intent_id: int | None = 1,
    purpose: Purpose = Purpose.TRADE,
    wallet: bytes = WALLET,
    tip_wei: int = 30 * 10**9,
    at_ns: int = DAY_NS,
) -> TransactionSigned:
    """A signed transaction."""
    return TransactionSigned(
        run=1,
        wallet=wallet,
        chain_id=CHAIN,
        nonce=nonce,
        hash=hash_of(name),
        purpose=purpose,
        intent_id=intent_id,
        halt_epoch=1,
        to=EXECUTOR,
        gas_limit=400_000,
        tip_wei=tip_wei,
        cap_wei=200 * 10**9,
        deadline_block=120,
        raw=b"raw " + name.encode(),
        signed_ns=at_ns,
    )


def status(
    name: str = "a",
    state: TransactionState = TransactionState.SENT,
    *,
    nonce: int = 7,
    gas_used: int | None = None,
    wallet: bytes = WALLET,
    at_ns: int = DAY_NS + 1,
    text: str = "",
) -> TransactionStatus:
    """How it stands; in block 110 if it has used gas."""
    mined = gas_used is not None
    return TransactionStatus(
        run=1,
        wallet=wallet,
        chain_id=CHAIN,
        nonce=nonce,
        hash=hash_of(name),
        state=state,
        sends=1,
        block_number=110 if mined else None,
        block_hash=hash_of("block 110") if mined else None,
        gas_used=gas_used,
        gas_price_wei=50 * 10**9 if mined else None,
        text=text,
        changed_ns=at_ns,
    )


def finding(name: str = "a", *, intent_id: int = 1, cause: FailureCause = FailureCause.TAKEN) -> FailureFinding:
    """Why it failed."""
    return FailureFinding(
        run=1,
        intent_id=intent_id,
        strategy="flash",
        chain_id=CHAIN,
        hash=hash_of(name),
        block_number=110,
        cause=cause,
        reason="ProfitBelowFloor",
        profit_token=USDC,
        expected=900,
        found=-12,
        taken_by=hash_of("thief"),
        text="somebody was before us",
        found_ns=DAY_NS,
    )


def wallet_audit(token: bytes | None = USDC, *, books: int = 5, chain: int = 5, block_number: int = 110) -> WalletAudit:
    """Books and chain, side by side."""
    return WalletAudit(
        run=1,
        wallet=WALLET,
        chain_id=CHAIN,
        token=token,
        block_number=block_number,
        block_hash=hash_of(f"block {block_number}"),
        books=books,
        chain=chain,
        audited_ns=DAY_NS,
    )
