"""Freshness, watermarks, ranges and simulations, each by itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.rules.chain.finality import FinalityRule, Watermarks
from alphapulse.rules.chain.freshness import Freshness
from alphapulse.rules.chain.header import Header
from alphapulse.rules.chain.range_plan import GROW_AFTER, RangePlan
from alphapulse.rules.chain.simulation import (
    SimulatedBlock,
    SimulatedCall,
    SimulatedLog,
    simulate_params,
    simulated_logs,
)

BASE = Header(7, bytes([7]) * 32, bytes([6]) * 32, 70_000_000_000, bytes(256))


S = 1_000_000_000


def test_freshness_goes_by_what_is_newer_and_for_how_long() -> None:
    """The newest block is fresh; one behind it only on a quick chain, for a second, if it was fresh before."""
    quick, slow = Freshness(3 * S // 2, 1), Freshness(6 * S, 0)
    for one in (quick, slow):
        one.begin(10 * S)
        assert one.is_fresh(0, 11 * S, was_fresh=False)
    assert quick.is_fresh(1, 12 * S, was_fresh=True)
    assert not quick.is_fresh(1, 12 * S + 1, was_fresh=True)
    assert not quick.is_fresh(1, 12 * S, was_fresh=False)
    assert not quick.is_fresh(2, 12 * S, was_fresh=True)
    assert not slow.is_fresh(1, 11 * S, was_fresh=True)


def test_silence_and_split_nodes_are_trouble() -> None:
    """No head, no whole block, or nobody knows which branch is right."""
    freshness = Freshness(6 * S, 0)
    freshness.begin(0)
    assert freshness.trouble(6 * S) == ""
    assert freshness.trouble(6 * S + 1) == "no new block for 6000 ms"
    freshness.heard(6 * S)
    assert "cannot be completed" in freshness.trouble(6 * S + 1)
    freshness.whole(6 * S)
    assert freshness.trouble(6 * S + 1) == ""
    freshness.split = "one against two"
    assert "one against two" in freshness.trouble(6 * S + 1)
    assert not freshness.is_fresh(0, 6 * S + 1, was_fresh=True)


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), max_size=20))
def test_watermarks_never_go_back_by_themselves_and_never_pass_each_other(steps: list[tuple[int, int]]) -> None:
    """Whatever heads and tags come."""
    marks = Watermarks(FinalityRule(6, "finalized", 10, 30))
    head = 0
    for grown, tagged in steps:
        head += grown
        before = marks.safe, marks.settled
        marks.take_tagged(min(tagged, head))
        marks.advance(head)
        for old, new in zip(before, (marks.safe, marks.settled), strict=True):
            assert old is None or (new is not None and new >= old)
        if marks.settled is not None:
            assert marks.safe is not None
            assert marks.settled <= marks.safe


def test_a_settled_block_that_is_undone_is_told() -> None:
    """What is only safe may be undone."""
    marks = Watermarks(FinalityRule(6, None, 10, 30))
    marks.advance(100)
    assert (marks.safe, marks.settled) == (94, 70)
    assert not marks.undo(80)
    assert marks.undo(69)
    assert (marks.safe, marks.settled) == (69, 69)


def test_a_range_shrinks_to_what_is_taken_and_grows_no_further_than_was_refused() -> None:
    """Halves at each refusal, at least one block; carefully more after answers in a row."""
    plan = RangePlan(100)
    plan.too_wide(100)
    plan.too_wide(50)
    assert plan.width == 25
    for _ in range(10 * GROW_AFTER):
        plan.accepted(plan.width)
    assert plan.width == 49
    for _ in range(10):
        plan.too_wide(plan.width)
    assert plan.width == 1


LOG = SimulatedLog("0x12", ("0x34",), "0x")


@pytest.mark.parametrize(
    ("block", "told"),
    [
        (SimulatedBlock("0x8", f"0x{'07' * 32}", (SimulatedCall("0x1", (LOG, LOG)),)), ["0x0", "0x1"]),
        (SimulatedBlock("0x7", f"0x{'00' * 32}", (SimulatedCall("0x1", (LOG,)),)), ["0x0"]),
        (SimulatedBlock("0x8", f"0x{'07' * 32}", (SimulatedCall("0x0", (LOG,)),)), []),
        (SimulatedBlock("0x9", f"0x{'08' * 32}", (SimulatedCall("0x1", (LOG,)),)), None),
        (SimulatedBlock("0x9", f"0x{'00' * 32}", (SimulatedCall("0x1", (LOG,)),)), None),
        (SimulatedBlock("0x8", f"0x{'07' * 32}", ()), None),
    ],
)
def test_a_simulation_is_of_the_block_behind_its_base_or_of_none(block: SimulatedBlock, told: list[str] | None) -> None:
    """Logs are numbered from the first; a failed transaction has none; another base is another question."""
    logs = simulated_logs([block], "0xaa", BASE)
    assert (None if logs is None else [log.log_index for log in logs]) == told
    assert logs is None or {(log.block_number, log.block_timestamp) for log in logs} <= {("0x8", hex(70))}


def test_only_what_changes_a_simulation_is_passed_on() -> None:
    """No signature, no nonce, no price."""
    transaction = {"from": "0x1", "to": "0x2", "input": "0x33", "nonce": "0x9", "r": "0x5", "gas": "0x7", "value": None}
    blocks, base = simulate_params(transaction, BASE)
    assert blocks["blockStateCalls"] == [{"calls": [{"from": "0x1", "to": "0x2", "input": "0x33", "gas": "0x7"}]}]
    assert base == "0x7"
