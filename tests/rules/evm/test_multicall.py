"""Many calls in one, held against another implementation of the contracts' binary interface."""

from __future__ import annotations

from contextlib import suppress

import pytest
from eth_abi.abi import decode, encode
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.errors import AnswerRefused
from alphapulse.rules.evm.multicall import AGGREGATE3, aggregate_data, aggregate_results

CALLS = st.lists(st.tuples(st.binary(min_size=20, max_size=20), st.binary(max_size=80)), max_size=6)
RESULTS = st.lists(st.tuples(st.booleans(), st.binary(max_size=80)), max_size=6)


@given(CALLS)
def test_calls_are_encoded_as_the_contract_reads_them(calls: list[tuple[bytes, bytes]]) -> None:
    """Each may fail without the others."""
    data = aggregate_data(calls)
    (read,) = decode(["(address,bool,bytes)[]"], data[4:])
    assert data[:4] == AGGREGATE3
    assert [(bytes.fromhex(to[2:]), may_fail, body) for to, may_fail, body in read] == [
        (to, True, body) for to, body in calls
    ]


@given(RESULTS)
def test_results_are_read_as_the_contract_writes_them(results: list[tuple[bool, bytes]]) -> None:
    """A failed one is none, whatever it returned."""
    answer = encode(["(bool,bytes)[]"], [results])
    assert aggregate_results(answer, len(results)) == [data if done else None for done, data in results]


@given(RESULTS, st.data())
def test_what_is_cut_or_counts_otherwise_is_refused(results: list[tuple[bool, bytes]], data: st.DataObject) -> None:
    """No answer of another shape is read as something, and nothing else is ever raised."""
    answer = encode(["(bool,bytes)[]"], [results])
    with pytest.raises(AnswerRefused):
        aggregate_results(answer, len(results) + 1)
    cut = answer[: data.draw(st.integers(0, max(0, len(answer) - 32)))]
    with pytest.raises(AnswerRefused):
        aggregate_results(cut, max(1, len(results)))


@given(st.binary(max_size=300), st.integers(1, 4))
def test_garbage_raises_nothing_but_a_refusal(answer: bytes, count: int) -> None:
    """It is a stranger's text."""
    with suppress(AnswerRefused):
        assert len(aggregate_results(answer, count)) == count
