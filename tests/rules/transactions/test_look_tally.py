"""What several nodes say together."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from alphapulse.rules.transactions.look_tally import Told, tally
from alphapulse.rules.transactions.receipt import Receipt
from tests.rules.transactions.signed_samples import hash_of, receipt_of

A = hash_of("a")


def counts(*mined: int | None, asked: int = 0) -> int | None:
    return tally([Told(mined=one) for one in mined], asked or len(mined)).mined


def test_a_count_is_what_two_nodes_reach() -> None:
    """One that lags and one that says too much change nothing; one alone does not count where there are more."""
    assert counts(7, 7, 7) == 7
    assert counts(7, 6, 7) == 7
    assert counts(7, 7, 99) == 7
    assert counts(7, 99) == 7
    assert counts(7, None, None) is None
    assert counts(7, asked=2) is None
    assert counts(7) == 7
    assert tally([], 0).mined is None


def receipts(*told: Receipt | None, asked: int = 0) -> dict[bytes, Receipt | None]:
    return dict(tally([Told(receipts={A: one}) for one in told], asked or len(told)).receipts)


def test_a_receipt_is_what_two_nodes_tell() -> None:
    """The very same one; that there is none too. Two against two is nothing, and one alone only where it is alone."""
    one, other = receipt_of("a"), receipt_of("a", block="fork")
    assert receipts(one, one, None) == {A: one}
    assert receipts(one, None, None) == {A: None}
    assert receipts(one, None) == receipts(one, other) == receipts(one, one, other, other) == {}
    assert receipts(one, asked=2) == {}
    assert receipts(one) == {A: one}
    assert tally([Told(), Told(receipts={A: one})], 2).receipts == {}


def known(*told: bool, asked: int = 0) -> dict[bytes, bool]:
    return dict(tally([Told(known={A: one}) for one in told], asked or len(told)).known)


def test_who_has_it_is_believed_and_that_nobody_does_needs_all() -> None:
    assert known(False, True, False) == {A: True}
    assert known(True, asked=3) == {A: True}
    assert known(False, False, False) == {A: False}
    assert known(False, False, asked=3) == {}


@given(st.lists(st.integers(0, 20), min_size=3, max_size=5), st.data())
def test_no_node_alone_can_move_the_count(mined: list[int], data: st.DataObject) -> None:
    """Honest nodes stand between two counts; whatever another one says, the result lies between them."""
    liar = data.draw(st.integers(0, 2**64 - 1))
    found = counts(*mined, liar)
    assert found is not None
    assert min(mined) <= found <= max(mined)
