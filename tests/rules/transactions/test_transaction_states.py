"""Every state with every observation."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from alphapulse.data.transactions import TransactionState as S
from alphapulse.rules.transactions.transaction_record import TransactionRecord
from alphapulse.rules.transactions.transaction_states import Observation as Seen
from alphapulse.rules.transactions.transaction_states import after
from tests.rules.transactions.signed_samples import ENDS, receipt_of, signed

ORDER = (
    Seen.ACCEPTED,
    Seen.REFUSED,
    Seen.DOUBTFUL,
    Seen.SEEN,
    Seen.NOT_SEEN,
    Seen.RECOVERED,
    Seen.RECEIPT,
    Seen.ORPHANED,
    Seen.FINAL,
    Seen.OVERTAKEN,
    Seen.WITHDRAWN,
)
SAME = None
TABLE = {
    # accepted, refused, doubtful, seen, not seen, recovered, receipt, orphaned, final, overtaken, withdrawn
    S.SIGNED: (S.SENT, SAME, S.UNKNOWN, S.SEEN, SAME, S.UNKNOWN, S.MINED, SAME, SAME, S.REPLACED, S.DROPPED),
    S.SENT: (SAME, SAME, SAME, S.SEEN, SAME, S.UNKNOWN, S.MINED, SAME, SAME, S.REPLACED, SAME),
    S.SEEN: (SAME, SAME, SAME, SAME, S.SENT, S.UNKNOWN, S.MINED, SAME, SAME, S.REPLACED, SAME),
    S.MINED: (SAME, SAME, SAME, SAME, SAME, SAME, SAME, S.SENT, S.SETTLED, S.REPLACED, SAME),
    S.SETTLED: (SAME,) * 11,
    S.REPLACED: (SAME,) * 11,
    S.DROPPED: (SAME,) * 11,
    S.UNKNOWN: (S.SENT, SAME, SAME, S.SEEN, SAME, SAME, S.MINED, SAME, SAME, S.REPLACED, SAME),
}


def test_every_state_with_every_observation() -> None:
    """All 88 pairs stand here, and nothing leads out of an end."""
    assert set(ORDER) == set(Seen)
    assert set(TABLE) == set(S)
    for state, row in TABLE.items():
        for observation, expected in zip(ORDER, row, strict=True):
            assert after(state, observation) is (state if expected is SAME else expected), (state, observation)
            assert state not in ENDS or after(state, observation) is state


@given(st.lists(st.tuples(st.sampled_from(Seen), st.sampled_from(("block 1", "block 2")))))
def test_a_record_holds_a_block_exactly_while_it_is_in_one(seen: list[tuple[Seen, str]]) -> None:
    """Whatever is seen: block, gas and price are there if and only if it is mined or settled; ends never change."""
    record = TransactionRecord.of(signed("a", 7))
    for observation, block in seen:
        receipt = receipt_of("a", block=block) if observation is Seen.RECEIPT else None
        found = record.seen_as(observation, "seen", now_ns=9, receipt=receipt)
        assert not record.state.ended or found is record
        in_block = found.state in (S.MINED, S.SETTLED)
        fields = (found.block_number, found.block_hash, found.gas_used, found.gas_price_wei)
        assert all((field is not None) is in_block for field in fields)
        if receipt is not None and found.state is S.MINED:
            assert found.block_hash == receipt.block_hash
        record = found
