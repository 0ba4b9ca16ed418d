"""Enough equal answers are an answer; nodes that follow another branch are told apart only by a majority."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from alphapulse.errors import CallReverted, RpcError
from alphapulse.rules.nodes.agreement import BranchWatch, Tally, outvoted
from alphapulse.rules.nodes.rpc_faults import FaultKind
from alphapulse.rules.nodes.send_verdict import FATAL, NodeSend, Sent, node_send, send_report


def reverted(data: bytes) -> CallReverted:
    return CallReverted("x", "eth_call", code=3, text="reverted", data=data)


UNKNOWN = RpcError("x", "eth_call", kind="unknown", code=1, text="x")
ANSWERS = [1, True, "1", None, {"a": 1}, {"a": 2}, [1], reverted(b"a"), reverted(b"b"), UNKNOWN]


@given(st.integers(1, 4), st.lists(st.integers(0, len(ANSWERS) - 1), max_size=12))
def test_it_is_agreed_exactly_when_one_answer_was_given_often_enough(needed: int, picks: list[int]) -> None:
    tally, counts = Tally(needed), Counter[int]()
    for number, pick in enumerate(picks):
        counts[pick] += 1
        enough = tally.add(f"n{number}", ANSWERS[pick])
        assert enough is (ANSWERS[pick] is not UNKNOWN and counts[pick] >= needed)
    most = [pick for pick, count in counts.items() if count >= needed and ANSWERS[pick] is not UNKNOWN]
    assert (tally.agreed is not None) is bool(most)
    if tally.agreed is not None:
        assert any(tally.agreed[0] is ANSWERS[pick] for pick in most)
        others = sum(ANSWERS[pick] is not UNKNOWN for pick in picks) - len(tally.agreed[1])
        assert len(tally.dissenters) == others


def test_two_looks_in_a_row_make_a_fork() -> None:
    watch = BranchWatch()
    at = {"a": {10: b"x"}, "b": {10: b"x", 11: b"y"}, "c": {10: b"z", 12: b"q"}}
    assert watch.look(at).forked == frozenset()
    assert watch.look(at).most == (10, b"x")
    assert watch.look(at).forked == {"c"}
    watch.forget("c")
    assert watch.look(at).forked == frozenset()
    assert watch.look(at | {"c": {10: b"x"}}).forked == frozenset()
    assert watch.look(at).forked == frozenset()


def test_who_comes_back_is_outvoted_by_more_others_only() -> None:
    most = {"a": {9: b"w", 10: b"x"}, "b": {10: b"x"}}
    assert outvoted("c", most | {"c": {10: b"x"}}) is None
    assert outvoted("c", most | {"c": {9: b"w", 10: b"z"}}) == 10
    assert outvoted("c", most | {"c": {11: b"z"}}) is None
    assert outvoted("c", {"a": {10: b"x"}, "c": {10: b"z"}}) is None
    assert outvoted("c", {"c": {10: b"z"}}) is None


def test_one_against_one_is_a_split_that_nobody_decides() -> None:
    watch = BranchWatch()
    at = {"a": {10: b"x"}, "b": {10: b"z"}}
    assert [watch.look(at).split for _ in range(2)] == ["", "at block 10: a against b"]
    view = watch.look(at)
    assert (view.forked, view.most) == (frozenset(), None)
    assert watch.look({"a": {10: b"x"}, "b": {10: b"x"}}).split == ""
    assert watch.look({"a": {10: b"x"}}).most is None


@given(st.dictionaries(st.text(max_size=3), st.sampled_from([None, *FaultKind]), max_size=5))
def test_what_became_of_a_transaction(kinds: dict[str, FaultKind | None]) -> None:
    """Taken by one is taken; it is refused only if every node has proven that it has not taken it."""
    sends = {label: node_send(kind, "") for label, kind in kinds.items()}
    report = send_report(sends)
    outcomes = [send.sent for send in sends.values()]
    assert (report.sent is Sent.ACCEPTED) is (Sent.ACCEPTED in outcomes)
    assert (report.sent is Sent.REFUSED) is (bool(outcomes) and set(outcomes) == {Sent.REFUSED})
    fatal = any(kind in FATAL for kind in kinds.values())
    assert bool(report.alarm) is (Sent.ACCEPTED in outcomes and fatal)


def test_a_low_nonce_and_no_answer_prove_nothing() -> None:
    assert node_send(FaultKind.NONCE_TOO_LOW, "").sent is Sent.UNKNOWN
    assert node_send(FaultKind.UNKNOWN, "").sent is Sent.UNKNOWN
    assert send_report({}).sent is Sent.UNKNOWN
    assert send_report({"a": NodeSend(Sent.UNKNOWN), "b": NodeSend(Sent.REFUSED)}).sent is Sent.UNKNOWN
