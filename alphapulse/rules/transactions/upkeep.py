"""What is to be done about a number none of whose transactions is in a block: a table by age. Pure."""

from __future__ import annotations

import enum

import attrs

from alphapulse.data.transactions import Purpose, TransactionState
from alphapulse.rules.transactions.transaction_record import TransactionRecord


class Act(enum.Enum):
    """What is done about a number."""

    WAIT = "wait"
    RESEND = "resend"
    """The identical bytes once more."""
    BUMP = "bump"
    """The same, offering a tenth more."""
    CANCEL = "cancel"
    """A transfer of nothing to ourselves in its place, offering a tenth more."""


@attrs.frozen
class UpkeepTerms:
    """When something is done. `resend_ns`: since the bytes were sent last; the other: since its newest attempt."""

    resend_ns: int
    bump_after_blocks: int


@attrs.frozen
class Standing:
    """What is known of the newest attempt of a number beside its record.

    `signed_at` is the chain's head when it was signed, `sent_ns` when its bytes left last (steady clock); None if this
    life of the process does not know. `absent`: all nodes answered, and none has it. `underpaid`: all refused it for
    what it offers, `refused`: for something that no offer mends, such as an empty wallet. `recovered`: it was found in
    the journal by a start, and nobody knows it. `capped`: what replaces it would lie above the caps.
    """

    record: TransactionRecord
    signed_at: int | None = None
    sent_ns: int | None = None
    absent: bool = False
    underpaid: bool = False
    refused: bool = False
    recovered: bool = False
    capped: bool = False


def due(standing: Standing, terms: UpkeepTerms, *, head: int | None, now_ns: int, may_trade: bool) -> Act:
    """What is due now, while the gate is open. `may_trade`: it is open for the epoch of this very attempt.

    A trade of which nobody knows what became of it, that came too late, or that nodes refuse for what it offers, is
    never sent as something new: what was worth its price then need not be now. A transfer that costs little uses its
    number up.
    """
    record = standing.record
    is_trade = record.signed.purpose is Purpose.TRADE
    if not standing.capped:
        if standing.recovered and record.state is TransactionState.UNKNOWN:
            return Act.CANCEL if is_trade else Act.BUMP
        if standing.underpaid or (is_trade and _expired(record, head)):
            return Act.CANCEL if is_trade else Act.BUMP
        if _stuck(standing, terms, head) and not standing.refused:
            again = may_trade and record.state is not TransactionState.UNKNOWN
            return Act.CANCEL if is_trade and not again else Act.BUMP
    unsent = standing.sent_ns is None or now_ns - standing.sent_ns >= terms.resend_ns
    if standing.absent and unsent and (may_trade or not is_trade) and not (is_trade and _expired(record, head)):
        return Act.RESEND
    return Act.WAIT


def _expired(record: TransactionRecord, head: int | None) -> bool:
    """Whether every block to come is too late for it."""
    deadline = record.signed.deadline_block
    return deadline is not None and head is not None and head >= deadline


def _stuck(standing: Standing, terms: UpkeepTerms, head: int | None) -> bool:
    return head is not None and standing.signed_at is not None and head - standing.signed_at >= terms.bump_after_blocks
