"""The cause of a failure follows from the evidence, and what is not known is not guessed."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.data.transactions import FailureCause
from alphapulse.rules.evm.executor_path import REASONS, Refusal
from alphapulse.rules.forensics.attribution import OURS, attribute, reason_of
from alphapulse.rules.forensics.evidence import Evidence, Replay
from alphapulse.rules.forensics.own_trades import Predecessor
from alphapulse.rules.forensics.token_behaviour import OddToken
from tests.rules.forensics.evidence_samples import (
    DEADLINE,
    EXPECTED,
    FAILS,
    FIRST,
    LOW,
    OUR_BLOCK,
    OUR_INDEX,
    PATH,
    PAYS,
    SECOND,
    SEEN_BLOCK,
    UNTRIED,
    USDC,
    evidence,
    touch,
)

STALE, TAKEN, GAS = FailureCause.STALE_STATE, FailureCause.TAKEN, FailureCause.GAS
SLIPPAGE, TOKEN, BUG = FailureCause.SLIPPAGE, FailureCause.TOKEN, FailureCause.OUR_BUG
UNEXPLAINED = FailureCause.UNEXPLAINED
K = Refusal("Error", {"text": "UniswapV2: K"})
FLOOR = Refusal("ProfitBelowFloor", {"left": 995, "needed": 1_010})
SILENT = Refusal("unknown", {"data": "0x"})
KEPT, REFUSED = OddToken(USDC, SECOND, missing=40), OddToken(USDC, SECOND, missing=0)
LEFT, LOST_TO = Predecessor(7, done=False), Predecessor(7, done=False, taken_by=b"t" * 32)
DONE = Predecessor(7, done=True)
EARLIER, BEFORE_US = touch(107), touch(OUR_BLOCK, 2)

CASES: tuple[tuple[str, dict[str, Any], FailureCause], ...] = (
    ("the trace says so", {"ran_out_of_gas": True}, GAS),
    ("all of it was used", {"gas_used": 400_000}, GAS),
    ("more of it would have paid", {"at_parent": FAILS, "at_parent_with_more_gas": PAYS}, GAS),
    ("no words and nearly all used", {"at_place": SILENT, "gas_used": 390_000}, GAS),
    ("gas before what others did", {"gas_used": 400_000, "touches": (EARLIER, BEFORE_US)}, GAS),
    ("its last block was over", {"block_number": DEADLINE + 1}, STALE),
    ("pools moved before our block", {"touches": (EARLIER,)}, STALE),
    ("they moved behind the seen log", {"touches": (touch(SEEN_BLOCK, 9),), "at_seen": FAILS}, STALE),
    ("moved before and in our block, closed before", {"touches": (EARLIER, BEFORE_US)}, STALE),
    ("no state, but moved before only", {"touches": (EARLIER,), "at_parent": UNTRIED, "at_seen": UNTRIED}, STALE),
    ("somebody was before us", {"touches": (BEFORE_US,), "at_parent": PAYS}, TAKEN),
    ("the same after earlier changes", {"touches": (EARLIER, BEFORE_US), "at_parent": PAYS}, TAKEN),
    ("no state, but moved in our block only", {"touches": (BEFORE_US,), "at_parent": UNTRIED}, TAKEN),
    ("a token kept something", {"at_place": K, "odd_token": KEPT}, TOKEN),
    ("a token kept something of a loss", {"odd_token": KEPT, "touches": (EARLIER,)}, TOKEN),
    ("a token refused", {"at_place": K, "odd_token": REFUSED}, TOKEN),
    ("words of a pool without a trace", {"at_place": None, "traced": False, "at_parent": Replay(False, K)}, TOKEN),
    ("the pools pay less than we promised", {"measured_at_seen": EXPECTED - 1}, BUG),
    ("the same without a trace", {"measured_at_seen": 1, "traced": False, "at_place": None}, BUG),
    ("words of a pool, all tokens well", {"at_place": K}, BUG),
    ("legs paid, the floor was higher", {"at_place": FLOOR}, BUG),
    ("moved, but it never paid", {"touches": (EARLIER,), "at_seen": FAILS}, BUG),
    ("the pools pay what we promised", {"measured_at_seen": EXPECTED}, SLIPPAGE),
    ("nobody can tell more", {"traced": False, "at_place": None, "at_seen": UNTRIED}, SLIPPAGE),
    ("it paid a block before", {"at_parent": PAYS}, SLIPPAGE),
    ("it paid, but not the floor", {"at_parent": PAYS, "at_place": FLOOR}, UNEXPLAINED),
    ("our own trade before it was not done", {"predecessor": LEFT, "measured_at_seen": -5}, STALE),
    ("our own trade before it was taken", {"predecessor": LOST_TO, "at_seen": FAILS}, TAKEN),
    ("behind our own trade, others before", {"predecessor": DONE, "at_seen": FAILS, "touches": (EARLIER,)}, STALE),
    ("behind our own trade, one between", {"predecessor": DONE, "at_seen": FAILS, "touches": (BEFORE_US,)}, TAKEN),
    ("behind our own trade, nobody else", {"predecessor": DONE, "measured_at_seen": 1}, BUG),
    ("others before our own", {"predecessor": LEFT, "touches": (BEFORE_US,), "at_parent": PAYS}, TAKEN),
    ("no logs", {"touches": None}, UNEXPLAINED),
    ("no state between two changes", {"touches": (EARLIER, BEFORE_US), "at_parent": UNTRIED}, UNEXPLAINED),
    ("no reason", {"at_place": None, "at_parent": PAYS, "traced": False}, UNEXPLAINED),
    ("no words", {"at_place": SILENT}, UNEXPLAINED),
)


@pytest.mark.parametrize(("changes", "cause"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_cause_follows_from_its_evidence(changes: dict[str, Any], cause: FailureCause) -> None:
    found = attribute(evidence(**changes))
    assert found.cause is cause, found.text
    assert (found.taken_by is not None) is (cause is TAKEN)


def test_the_taker_is_who_changed_most_of_our_pools_and_of_equals_the_last() -> None:
    both = (touch(OUR_BLOCK, 1, FIRST), touch(OUR_BLOCK, 1, SECOND, log_index=11), touch(OUR_BLOCK, 3))
    assert attribute(evidence(touches=both, at_parent=PAYS)).taken_by == both[0].transaction
    single = (touch(OUR_BLOCK, 1), touch(OUR_BLOCK, 3))
    assert attribute(evidence(touches=single, at_parent=PAYS)).taken_by == single[1].transaction


def test_we_do_not_take_from_ourselves() -> None:
    ours, theirs = touch(OUR_BLOCK, 3), touch(OUR_BLOCK, 1)
    own = frozenset({ours.transaction})
    alone = attribute(evidence(touches=(ours,), own=own, at_parent=PAYS))
    assert (alone.cause, alone.taken_by) == (STALE, None)
    assert ours.transaction.hex() in alone.text
    both = attribute(evidence(touches=(theirs, ours), own=own, at_parent=PAYS))
    assert (both.cause, both.taken_by) == (TAKEN, theirs.transaction)
    known: dict[str, Any] = {"own": own, "predecessor": DONE, "measured_at_seen": 1}
    assert attribute(evidence(touches=(ours,), leant_on=own, **known)).cause is BUG
    late = attribute(evidence(touches=(ours,), **known))  # sized on an earlier state, and held up until now
    assert (late.cause, ours.transaction.hex() in late.text) == (STALE, True)
    block_before = touch(107)
    own = frozenset({block_before.transaction})
    known = {"own": own, "predecessor": DONE, "at_seen": FAILS}
    assert attribute(evidence(touches=(block_before,), leant_on=own, **known)).cause is BUG
    assert attribute(evidence(touches=(block_before, touch(108)), leant_on=own, **known)).cause is STALE
    assert attribute(evidence(touches=(block_before,), **known)).cause is STALE


def test_what_only_we_can_have_done_wrong_is_ours() -> None:
    for name in OURS:
        numbers: dict[str, int | str] = {label: 0 for label, _ in REASONS[name]}
        found = attribute(evidence(at_place=Refusal(name, numbers), touches=(EARLIER,), odd_token=KEPT))
        assert found.cause is BUG
        assert name in found.text


def test_the_profit_at_our_place_is_what_the_contract_said_or_the_parents() -> None:
    assert evidence().found == 990 - 1_000
    assert evidence(flash_fee=5).found == 990 - 1_000 - 5
    assert evidence(at_place=FLOOR).found == 995 - 1_010 + PATH.least_profit
    assert evidence(at_place=K, measured_at_parent=7).found == 7
    assert evidence(at_place=K, measured_at_parent=7, touches=(EARLIER,)).found == 7
    assert evidence(at_place=K, measured_at_parent=7, touches=(BEFORE_US,)).found is None
    assert evidence(at_place=K, measured_at_parent=7, touches=None).found is None
    first_leg = Refusal("LegBelowMinimum", {"leg": 0, "received": 1, "least": 2})
    assert evidence(at_place=first_leg).found is None


def test_a_reason_is_the_contracts_or_pools_own_word() -> None:
    assert [reason_of(one) for one in (LOW, K, SILENT, None)] == [
        "LegBelowMinimum",
        "UniswapV2: K",
        "no words",
        "not known",
    ]
    assert reason_of(Refusal("unknown", {"data": "0x12345678"})) == "0x12345678"
    assert reason_of(Refusal("Error", {"text": ""})) == "Error without words"


REFUSALS = st.sampled_from(
    [None, SILENT, K, *(Refusal(name, {label: 1 for label, _ in values}) for name, values in REASONS.items())]
)
REPLAYS = st.builds(Replay, st.sampled_from([True, False, None]), REFUSALS)
TOUCHES = st.lists(
    st.one_of(
        st.builds(touch, st.integers(SEEN_BLOCK, OUR_BLOCK - 1), st.integers(0, 9), st.sampled_from([FIRST, SECOND])),
        st.builds(touch, st.just(OUR_BLOCK), st.integers(0, OUR_INDEX - 1), st.sampled_from([FIRST, SECOND])),
    ),
    max_size=5,
).map(tuple)
EVIDENCE = st.builds(
    evidence,
    at_place=REFUSALS,
    traced=st.booleans(),
    ran_out_of_gas=st.booleans(),
    odd_token=st.sampled_from([None, KEPT, REFUSED]),
    at_parent=REPLAYS,
    at_parent_with_more_gas=REPLAYS,
    at_seen=REPLAYS,
    measured_at_seen=st.none() | st.integers(-200, 200),
    measured_at_parent=st.none() | st.integers(-200, 200),
    touches=st.none() | TOUCHES,
    predecessor=st.sampled_from([None, LEFT, LOST_TO, DONE]),
    gas_used=st.integers(21_000, 400_000),
    block_number=st.sampled_from([OUR_BLOCK]),
)


@given(EVIDENCE)
def test_whatever_is_known_a_cause_is_named_and_never_without_its_ground(known: Evidence) -> None:
    found = attribute(known)
    assert found.text
    touches = known.touches or ()
    if found.cause is TAKEN and found.taken_by == LOST_TO.taken_by:
        assert known.predecessor is LOST_TO
    elif found.cause is TAKEN:
        assert found.taken_by in {one.transaction for one in touches if one.block_number == OUR_BLOCK}
        assert known.at_parent.pays is not False or known.predecessor is DONE
    else:
        assert found.taken_by is None
    if found.cause is STALE and known.predecessor is not LEFT:
        assert any(one.block_number < OUR_BLOCK for one in touches)
        assert known.at_parent.pays is not True
    if found.cause is SLIPPAGE:
        assert known.refusal is not None
        assert known.refusal.name == "LegBelowMinimum"
    if known.gas_used == known.gas_limit or known.ran_out_of_gas:
        assert found.cause is GAS


@given(EVIDENCE)
def test_knowing_less_of_the_states_never_blames_another_trader(known: Evidence) -> None:
    """Where changes lie on both sides of the parent, only a replay there can tell them apart."""
    blind = attrs.evolve(known, predecessor=None, at_parent=UNTRIED, at_parent_with_more_gas=UNTRIED)
    if blind.between and blind.before_us:
        assert attribute(blind).cause not in (TAKEN, STALE)
