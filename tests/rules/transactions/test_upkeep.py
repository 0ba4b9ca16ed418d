"""What is due for a number that waits."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from alphapulse.data.transactions import Purpose, TransactionState
from alphapulse.rules.transactions.transaction_record import TransactionRecord
from alphapulse.rules.transactions.upkeep import Act, Standing, UpkeepTerms, due
from tests.rules.transactions.signed_samples import signed

TERMS = UpkeepTerms(resend_ns=30, bump_after_blocks=5)
S = TransactionState
TRADE, CANCEL = Purpose.TRADE, Purpose.CANCEL


def standing(purpose: Purpose, state: TransactionState = S.SENT, **facts: Any) -> Standing:
    """An attempt that was signed at block 100, sent at 1000 ns, with 120 for its last block."""
    record = attrs.evolve(TransactionRecord.of(signed("a", 7, purpose=purpose)), state=state)
    return attrs.evolve(Standing(record, signed_at=100, sent_ns=1_000), **facts)


@pytest.mark.parametrize(
    ("purpose", "facts", "head", "now_ns", "may_trade", "expected"),
    [
        (TRADE, {}, 101, 1_010, True, Act.WAIT),
        (TRADE, {}, 104, 9_999, True, Act.WAIT),
        (TRADE, {}, None, 9_999, True, Act.WAIT),
        # Stuck for five blocks.
        (TRADE, {}, 105, 1_010, True, Act.BUMP),
        (TRADE, {}, 105, 1_010, False, Act.CANCEL),
        (TRADE, {"state": S.UNKNOWN}, 105, 1_010, True, Act.CANCEL),
        (CANCEL, {}, 105, 1_010, False, Act.BUMP),
        (CANCEL, {"state": S.UNKNOWN}, 105, 1_010, False, Act.BUMP),
        (CANCEL, {"signed_at": None}, 900, 1_010, True, Act.WAIT),
        # Its last block is the head: what comes is too late for it.
        (TRADE, {"signed_at": 119}, 119, 1_010, True, Act.WAIT),
        (TRADE, {"signed_at": 119}, 120, 1_010, True, Act.CANCEL),
        # All have refused it for what it offers.
        (TRADE, {"underpaid": True}, 101, 1_010, True, Act.CANCEL),
        (CANCEL, {"underpaid": True}, 101, 1_010, True, Act.BUMP),
        # All have refused it for something else: a dearer one would be refused as well.
        (TRADE, {"refused": True, "absent": True}, 105, 1_010, True, Act.WAIT),
        (CANCEL, {"refused": True, "absent": True}, 105, 1_030, True, Act.RESEND),
        (TRADE, {"refused": True, "absent": True}, 120, 1_030, True, Act.CANCEL),
        # No node has it.
        (TRADE, {"absent": True}, 101, 1_029, True, Act.WAIT),
        (TRADE, {"absent": True}, 101, 1_030, True, Act.RESEND),
        (TRADE, {"absent": True}, 101, 1_030, False, Act.WAIT),
        (TRADE, {"absent": True, "state": S.UNKNOWN}, 101, 1_030, True, Act.RESEND),
        (CANCEL, {"absent": True, "sent_ns": None}, 101, 0, False, Act.RESEND),
        # Found in the journal at a start.
        (TRADE, {"recovered": True, "absent": True, "state": S.UNKNOWN}, 101, 9_999, True, Act.CANCEL),
        (CANCEL, {"recovered": True, "absent": True, "state": S.UNKNOWN}, 101, 9_999, True, Act.BUMP),
        (TRADE, {"recovered": True, "state": S.SIGNED}, 101, 9_999, True, Act.WAIT),
        # It cannot be replaced: what can still be of use is kept alive.
        (TRADE, {"capped": True}, 105, 9_999, True, Act.WAIT),
        (TRADE, {"capped": True, "absent": True}, 105, 9_999, True, Act.RESEND),
        (TRADE, {"capped": True, "absent": True, "signed_at": 119}, 120, 9_999, True, Act.WAIT),
        (CANCEL, {"capped": True, "absent": True, "underpaid": True}, 120, 9_999, True, Act.RESEND),
    ],
)
def test_what_is_due(
    purpose: Purpose, facts: dict[str, Any], head: int | None, now_ns: int, may_trade: bool, expected: Act
) -> None:
    assert due(standing(purpose, **facts), TERMS, head=head, now_ns=now_ns, may_trade=may_trade) is expected
