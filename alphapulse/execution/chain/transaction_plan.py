"""What a sender is asked to send, and within which terms it sends."""

from __future__ import annotations

import attrs

from alphapulse.data.transactions import Purpose
from alphapulse.rules.transactions.fees import FeeTerms


@attrs.frozen
class TransactionPlan:
    """A transaction that has neither number nor signature yet. It is sent only while the gate is open for its epoch.

    `deadline_block` is the last block in which it does anything: from then on it is not sent any more, and its number
    is used up otherwise. `most_cap_wei` is the most per gas at which it does not lose: no replacement offers more.
    """

    intent_id: int | None
    purpose: Purpose
    to: bytes
    data: bytes
    gas_limit: int
    tip_wei: int
    cap_wei: int
    halt_epoch: int
    deadline_block: int | None = None
    value_wei: int = 0
    most_cap_wei: int | None = None


@attrs.frozen
class SenderTerms:
    """Within which a wallet's transactions are sent.

    `most_unmined` numbers may be taken by what no block holds. Bytes that no node has any more are sent again after
    `resend_s`; what no block has taken after `bump_after_blocks` is replaced by what offers a tenth more.
    """

    chain_id: int
    fees: FeeTerms
    most_unmined: int = 4
    resend_s: int = 30
    bump_after_blocks: int = 5

    def __attrs_post_init__(self) -> None:
        if self.chain_id < 1 or self.most_unmined < 1 or self.resend_s < 1 or self.bump_after_blocks < 1:
            raise ValueError("expected a chain id, and at least 1 of each of the other terms")
