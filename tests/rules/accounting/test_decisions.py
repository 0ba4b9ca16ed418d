"""Decisions compare by what was decided: not by wall clocks, nor by the order in which processes wrote them down."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from alphapulse.data.execution import Check, RiskDecision
from alphapulse.data.runs import RunEnded
from alphapulse.rules.accounting.decisions import decisions, digest, encoded
from alphapulse.rules.wire.frame import decode_frame


def verdict(signal_id: int, *, run: int = 1, decided_ns: int = 0, failed: Check | None = None) -> RiskDecision:
    return RiskDecision(run, signal_id, "one", bytes(19) + b"\1", 5, failed, None, None, "", "text", decided_ns)


def test_wall_clock_fields_are_zero() -> None:
    (found,) = decisions([verdict(1, decided_ns=77)])
    assert found.decided_ns == 0


def test_what_decides_nothing_is_left_out() -> None:
    assert decisions([None, RunEnded(1, "over", 9), verdict(1)]) == [verdict(1)]


def test_they_stand_in_the_order_of_runs_and_signals() -> None:
    found = decisions([verdict(2), verdict(1, run=2), verdict(1)])
    assert [(one.run, one.signal_id) for one in found] == [(1, 1), (1, 2), (2, 1)]


def test_what_came_of_a_signal_keeps_the_journals_order() -> None:
    first, second = verdict(1), verdict(1, failed=Check.DUPLICATE)
    assert decisions([second, first]) == [second, first]


@given(st.lists(st.integers(1, 50), unique=True, max_size=20))
def test_the_digest_does_not_depend_on_arrival_or_clocks(numbers: list[int]) -> None:
    one = [verdict(number, decided_ns=number) for number in sorted(numbers)]
    other = [verdict(number, decided_ns=1) for number in numbers]
    assert digest(decisions(one)) == digest(decisions(other))


def test_another_decision_gives_another_digest() -> None:
    assert digest([verdict(1)]) != digest([verdict(1, failed=Check.DUPLICATE)])


def test_the_encoding_is_a_frame_that_reads_back() -> None:
    assert decode_frame(encoded(verdict(7))).messages[0] == verdict(7)
