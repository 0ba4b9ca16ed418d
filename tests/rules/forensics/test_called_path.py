"""The path of a transaction is read back exactly, and is asked what it would have earned."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.rules.evm.executor_path import MOST_LEGS, ExecutorPath, Funding, LegKind, PathLeg
from alphapulse.rules.execution.path_planning import call_data
from alphapulse.rules.forensics.called_path import MOST, NEVER, called_path, measuring, pairs_of, sold_in
from tests.rules.forensics.evidence_samples import FIRST, PATH, USDC, WPOL

ADDRESSES = st.binary(min_size=20, max_size=20)
LEGS = st.builds(
    PathLeg,
    ADDRESSES,
    st.sampled_from(LegKind),
    st.booleans(),
    st.integers(0, 2**24 - 1),
    st.integers(0, MOST),
    ADDRESSES,
)
PATHS = st.builds(
    ExecutorPath,
    st.sampled_from(Funding),
    st.integers(0, NEVER),
    st.integers(0, MOST),
    st.integers(0, MOST),
    ADDRESSES,
    st.lists(LEGS, min_size=1, max_size=MOST_LEGS).map(tuple),
    ADDRESSES,
)


@given(PATHS)
def test_a_path_comes_back_from_its_call_data(path: ExecutorPath) -> None:
    assert called_path(call_data(path)) == path
    asked = measuring(path)
    assert called_path(call_data(asked)) == asked
    assert [leg.least_out for leg in asked.legs] == [0] * (len(path.legs) - 1) + [MOST]
    assert (asked.deadline, asked.least_profit, asked.amount_in) == (NEVER, 0, path.amount_in)


@pytest.mark.parametrize("cut", [0, 3, 4, 67, 68, 149, 207, 208])
def test_what_is_no_whole_call_is_no_path(cut: int) -> None:
    data = call_data(PATH)
    assert called_path(data[:cut]) is None
    assert called_path(bytes(4) + data[4:]) is None


def test_an_unknown_funding_or_kind_is_no_path() -> None:
    data = bytearray(call_data(PATH))
    data[68] = 9
    assert called_path(bytes(data)) is None
    data = bytearray(call_data(PATH))
    data[68 + 81 + 20] = 7
    assert called_path(bytes(data)) is None


def test_tokens_and_pairs_follow_from_the_legs() -> None:
    assert sold_in(PATH) == (WPOL, USDC)
    assert pairs_of(PATH) == {FIRST: (WPOL, USDC)}
    other_way = attrs.evolve(PATH, legs=(attrs.evolve(PATH.legs[0], zero_for_one=False), PATH.legs[1]))
    assert pairs_of(other_way) == {FIRST: (USDC, WPOL)}
