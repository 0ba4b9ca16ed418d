"""Transactions of our wallets on a chain, from the signature to the settled receipt."""

from __future__ import annotations

import enum

from alphapulse.data.wire import (
    ADDRESS,
    HASH,
    I256,
    NAME,
    SENTENCE,
    U32,
    U64,
    U128,
    U256,
    Blob,
    Choice,
    Domain,
    Maybe,
    message,
    wire,
)

MAX_RAW_SIZE = 4096
"""Most bytes of a signed transaction: the longest path packs into 561, its signature and fees into 200 more."""


class Purpose(enum.IntEnum):
    """What a transaction is for."""

    TRADE = 1
    CANCEL = 2
    """A transfer of nothing to ourselves, in the place of a trade that is not wanted any more."""
    FILL_GAP = 3
    """The same at a number that no transaction has, so that those behind it can be mined."""


class TransactionState(enum.IntEnum):
    """How far a transaction has come. SETTLED, REPLACED and DROPPED are ends."""

    SIGNED = 1
    """Signed and in the journal; it may have left, or not."""
    SENT = 2
    """A node or relay took it."""
    SEEN = 3
    """A node that it was not sent to, or that was asked later, has it."""
    MINED = 4
    """In a block, which may still be orphaned."""
    SETTLED = 5
    """In a block that is final by the chain's rule."""
    REPLACED = 6
    """Another transaction of the same number is settled."""
    DROPPED = 7
    """It never left us, and its number is free or filled."""
    UNKNOWN = 8
    """Nobody can say what became of it. It counts as open and is never sent again as something new."""

    @property
    def ended(self) -> bool:
        """Whether nothing can come of it any more."""
        return self in (TransactionState.SETTLED, TransactionState.REPLACED, TransactionState.DROPPED)


@message(type=55, domain=Domain.EXECUTION)
class TransactionSigned:
    """A signed transaction, durable in the journal before its bytes leave the process."""

    run: int = wire(U32)
    wallet: bytes = wire(ADDRESS, "the sender")
    chain_id: int = wire(U64)
    nonce: int = wire(U64)
    hash: bytes = wire(HASH)
    purpose: Purpose = wire(Choice(Purpose))
    intent_id: int | None = wire(Maybe(U64), "the trade that it carries or takes back")
    halt_epoch: int = wire(U64, "under which it was signed")
    to: bytes = wire(ADDRESS)
    gas_limit: int = wire(U64)
    tip_wei: int = wire(U128, "most to the proposer per gas", unit="wei")
    cap_wei: int = wire(U128, "most per gas in all", unit="wei")
    deadline_block: int | None = wire(Maybe(U64), "last block in which it does anything")
    raw: bytes = wire(Blob(MAX_RAW_SIZE), "what is sent")
    signed_ns: int = wire(U64, "wall clock", unit="ns since 1970 UTC", eq=False)


@message(type=56, domain=Domain.EXECUTION)
class TransactionStatus:
    """A transaction came to another state. Block, gas and price are there once a receipt is."""

    run: int = wire(U32)
    wallet: bytes = wire(ADDRESS)
    chain_id: int = wire(U64)
    nonce: int = wire(U64)
    hash: bytes = wire(HASH)
    state: TransactionState = wire(Choice(TransactionState))
    sends: int = wire(U32, "how often its bytes were sent")
    block_number: int | None = wire(Maybe(U64))
    block_hash: bytes | None = wire(Maybe(HASH))
    gas_used: int | None = wire(Maybe(U64))
    gas_price_wei: int | None = wire(Maybe(U128), "effective, per gas", unit="wei")
    text: str = wire(SENTENCE, "why, in words")
    changed_ns: int = wire(U64, "wall clock", unit="ns since 1970 UTC", eq=False)


@message(type=77, domain=Domain.EXECUTION)
class DataFeePaid:
    """What a rollup asked for the data of a mined transaction, beside its gas. It is told before its MINED status."""

    wallet: bytes = wire(ADDRESS)
    chain_id: int = wire(U64)
    hash: bytes = wire(HASH)
    block_hash: bytes = wire(HASH)
    fee_wei: int = wire(U128, unit="wei")
    told_ns: int = wire(U64, "wall clock", unit="ns since 1970 UTC", eq=False)


class FailureCause(enum.IntEnum):
    """Why a trade was undone on the chain."""

    STALE_STATE = 1
    """The pools had moved since the block that the signal saw, before our own block."""
    TAKEN = 2
    """Somebody took the gap before us, in our own block."""
    GAS = 3
    SLIPPAGE = 4
    """A leg paid less than its minimum though the pools stood as they were seen."""
    TOKEN = 5
    """A token took a fee, refused, or told lies."""
    OUR_BUG = 6
    """Nothing had changed, and our own prediction was wrong."""
    UNEXPLAINED = 7
    """The node could not replay it."""


@message(type=57, domain=Domain.EXECUTION)
class FailureFinding:
    """What a failed transaction's replay has shown."""

    run: int = wire(U32)
    intent_id: int = wire(U64)
    strategy: str = wire(NAME)
    chain_id: int = wire(U64)
    hash: bytes = wire(HASH)
    block_number: int = wire(U64)
    cause: FailureCause = wire(Choice(FailureCause))
    reason: str = wire(NAME, "the contract's or the pool's own word")
    profit_token: bytes = wire(ADDRESS)
    expected: int | None = wire(Maybe(I256), "profit at the seen state", unit="raw profit token")
    found: int | None = wire(Maybe(I256), "profit at our place in the block", unit="raw profit token")
    taken_by: bytes | None = wire(Maybe(HASH), "the transaction before us that closed the gap")
    text: str = wire(SENTENCE, "the finding in words")
    found_ns: int = wire(U64, "wall clock", unit="ns since 1970 UTC", eq=False)


@message(type=58, domain=Domain.EXECUTION)
class WalletAudit:
    """What the books say that a wallet has of a token, beside what the chain says, at a settled block."""

    run: int = wire(U32)
    wallet: bytes = wire(ADDRESS)
    chain_id: int = wire(U64)
    token: bytes | None = wire(Maybe(ADDRESS), "absent for the native coin")
    block_number: int = wire(U64)
    block_hash: bytes = wire(HASH)
    books: int = wire(I256, unit="raw token, or wei")
    chain: int = wire(U256, unit="raw token, or wei")
    audited_ns: int = wire(U64, "wall clock", unit="ns since 1970 UTC", eq=False)
