"""Soft at 80% of a limit, hard at 100%, exactly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.data.execution import Check, Mode
from alphapulse.rules.limits.refusal import Caution, Refusal, below, within

CHECK = Check.CAPITAL


def judged(found: object) -> str:
    return "hard" if isinstance(found, Refusal) else "soft" if isinstance(found, Caution) else ""


@pytest.mark.parametrize(
    ("value", "verdict"), [(0, ""), (79, ""), (80, "soft"), (99, "soft"), (100, "soft"), (101, "hard")]
)
def test_what_the_trade_would_make_may_be_the_limit_itself(value: int, verdict: str) -> None:
    assert judged(within(CHECK, Mode.PAPER, value, 100, "x", "it")) == verdict


@pytest.mark.parametrize(("value", "verdict"), [(0, ""), (79, ""), (80, "soft"), (99, "soft"), (100, "hard")])
def test_what_was_lost_must_stay_below_the_limit(value: int, verdict: str) -> None:
    assert judged(below(CHECK, Mode.PAPER, value, 100, "x", "it")) == verdict


def test_a_limit_of_nothing_lets_nothing_through() -> None:
    assert judged(within(CHECK, Mode.PAPER, 1, 0, "x", "it")) == "hard"
    assert judged(below(CHECK, Mode.PAPER, 0, 0, "x", "it")) == "hard"


@pytest.mark.parametrize("rule", [within, below])
def test_without_a_limit_paper_passes_and_real_money_does_not(rule: object) -> None:
    assert rule(CHECK, Mode.PAPER, 10**30, None, "x", "it") is None  # type: ignore[operator]
    refused = rule(CHECK, Mode.LIVE, 0, None, "x", "it")  # type: ignore[operator]
    assert refused == Refusal(CHECK, 0, None, "x", "it has no limit in the configuration, and live trading needs one")


@given(value=st.integers(0, 10**40), limit=st.integers(1, 10**40))
def test_the_borders_are_compared_exactly(value: int, limit: int) -> None:
    expected = "hard" if value > limit else "soft" if value * 5 >= limit * 4 else ""
    assert judged(within(CHECK, Mode.LIVE, value, limit, "x", "it")) == expected
