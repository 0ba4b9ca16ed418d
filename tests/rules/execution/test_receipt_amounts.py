"""What a receipt says: legs by their pools' events, profit by the token's transfers."""

from __future__ import annotations

from itertools import pairwise

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.data.signals import Leg
from alphapulse.errors import AnswerRefused
from alphapulse.rules.arbitrage.path import PathStep
from alphapulse.rules.execution.receipt_amounts import actual_legs, token_change
from tests.rules.execution.trade_samples import (
    ALGEBRA,
    AMOUNTS,
    BASE,
    EARNED,
    EXECUTOR,
    FAR,
    INTENT,
    LEGS,
    MIDDLE,
    MINED,
    POOLS,
    TIME_NS,
    V2,
    V3,
    WALLET,
    changed,
    receipt_of,
    swap_log,
    transfer,
)

HOLDERS = (WALLET, EXECUTOR, V2.id.body)
holders = st.sampled_from(HOLDERS)


@given(moves=st.lists(st.tuples(holders, holders, st.integers(0, 2**200))))
def test_nothing_is_made_by_transfers(moves: list[tuple[bytes, bytes, int]]) -> None:
    """What one has more, the others have less; another token's transfers are nobody's business."""
    logs = [transfer(BASE, *move) for move in moves]
    assert sum(token_change(logs, BASE.address, holder) for holder in HOLDERS) == 0
    assert [token_change(logs, MIDDLE.address, holder) for holder in HOLDERS] == [0, 0, 0]
    for holder in HOLDERS:
        received = sum(amount for _, to, amount in moves if to == holder)
        assert token_change(logs, BASE.address, holder) == received - sum(
            amount for sender, _, amount in moves if sender == holder
        )


def test_the_sample_has_earned_what_was_sent_to_the_wallet() -> None:
    """The executor keeps nothing. A log that only looks like a transfer counts for nothing."""
    odd = attrs.evolve(transfer(BASE, EXECUTOR, WALLET, 5), data=b"\x05")
    logs = (*MINED.logs, odd)
    assert (token_change(logs, BASE.address, WALLET), token_change(logs, BASE.address, EXECUTOR)) == (EARNED, 0)


@given(outs=st.tuples(*[st.integers(1, 2**100)] * 4), order=st.permutations(range(3)))
def test_legs_are_what_the_pools_say_in_whatever_order(outs: tuple[int, int, int, int], order: list[int]) -> None:
    """A pool that is paid last tells of its swap last."""
    logs = [
        swap_log(V2, BASE, outs[0], outs[1]),
        swap_log(V3, MIDDLE, outs[1], outs[2]),
        swap_log(ALGEBRA, FAR, outs[2], outs[3]),
    ]
    legs = actual_legs(INTENT, POOLS, receipt_of([logs[at] for at in order]), venue_time_ns=TIME_NS)
    assert [(leg.amount_in, leg.amount_out) for leg in legs] == list(pairwise(outs))
    assert [leg.pool for leg in legs] == [leg.pool for leg in LEGS]
    assert legs[0].pool_fee == -(-outs[0] * 3_000 // 10**6)
    assert legs[2].pool_fee == -(-outs[2] * LEGS[2].pool_fee // LEGS[2].amount_in)  # its fee stands in its state


def test_fees_and_prices_are_the_books_where_they_say_the_same() -> None:
    """A leg that went otherwise keeps the price that was seen."""
    steps = [
        PathStep(V2, 0, 1, AMOUNTS[0], AMOUNTS[1], 77, 123),
        PathStep(V3, 0, 1, AMOUNTS[1], AMOUNTS[2] + 1, 78, 124),
        PathStep(ALGEBRA, 1, 0, AMOUNTS[2], AMOUNTS[3], 79, 125),
    ]
    legs = actual_legs(INTENT, POOLS, MINED, venue_time_ns=TIME_NS, steps=steps)
    assert [(leg.pool_fee, leg.sqrt_price_x96) for leg in legs] == [(77, 123), (1_000, 1 << 96), (79, 125)]


def test_a_receipt_that_tells_of_another_trade_is_refused() -> None:
    """A swap that is missing, double, the other way round, or broken."""
    good = [log for log in MINED.logs if log.address in {V2.id.body, V3.id.body, ALGEBRA.id.body}]
    broken = attrs.evolve(good[1], data=good[1].data[:-1])
    for logs, words in (
        (good[:2], "found none"),
        ([*good, good[0]], "found two"),
        ([swap_log(V2, MIDDLE, 5, 6), *good[1:]], "the other way round"),
        ([good[0], broken, good[2]], "cannot be believed"),
    ):
        with pytest.raises(AnswerRefused, match=words):
            actual_legs(INTENT, POOLS, receipt_of(logs), venue_time_ns=TIME_NS)


def test_the_token_of_a_leg_need_not_be_first_in_its_pool() -> None:
    """A pool that is sold its second token says so by its signs."""
    legs = (Leg(V2.id, MIDDLE.address, BASE.address, 1, 1, 0, 1),)
    intent = changed(legs=legs)
    (found,) = actual_legs(intent, POOLS, receipt_of([swap_log(V2, MIDDLE, 5, 6)]), venue_time_ns=TIME_NS)
    assert (found.amount_in, found.amount_out) == (5, 6)
