"""The restart policy: delays, jitter and budget, as exact numbers and as laws."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.nursery.policy import FailureHistory, RestartPolicy, backoff_ns, grant_restart, jittered_ns

SECOND = 1_000_000_000


def seeded(seed: int) -> Random:
    return Random(seed)


def policy(**changes: int | Fraction) -> RestartPolicy:
    values: dict[str, int | Fraction] = {
        "budget": 3,
        "window_ns": 600 * SECOND,
        "first_delay_ns": SECOND,
        "factor": 2,
        "longest_delay_ns": 30 * SECOND,
        "jitter_ppm": 0,
        "healthy_after_ns": 60 * SECOND,
        "start_deadline_ns": 10 * SECOND,
    }
    return RestartPolicy(**(values | changes))  # type: ignore[arg-type]


def test_delay_doubles_up_to_the_longest() -> None:
    """Seconds 1, 2, 4, 8, 16, then 30 for ever."""
    delays = [backoff_ns(policy(), failures) // SECOND for failures in range(8)]
    assert delays == [1, 2, 4, 8, 16, 30, 30, 30]


def test_factor_may_be_an_exact_ratio() -> None:
    """Three halves of a second, rounded down to whole nanoseconds."""
    rule = policy(first_delay_ns=5, factor=Fraction(3, 2), longest_delay_ns=100)
    assert [backoff_ns(rule, failures) for failures in range(5)] == [5, 7, 10, 15, 22]


def test_no_delay_stays_no_delay() -> None:
    """Zero times any factor is zero, however long the row of failures."""
    assert backoff_ns(policy(first_delay_ns=0), 1_000_000_000) == 0


@given(st.integers(0, 10**12), st.integers(0, 1_000_000), st.integers())
def test_jitter_only_shortens_and_within_its_share(delay_ns: int, jitter_ppm: int, seed: int) -> None:
    """No limit is passed because of chance."""
    drawn = jittered_ns(policy(jitter_ppm=jitter_ppm), delay_ns, seeded(seed))
    assert delay_ns - delay_ns * jitter_ppm // 1_000_000 <= drawn <= delay_ns


def test_jitter_repeats_with_its_seed() -> None:
    """The same seed gives the same delays."""
    rule = policy(jitter_ppm=200_000)
    assert [jittered_ns(rule, SECOND, seeded(7)) for _ in range(3)] == [jittered_ns(rule, SECOND, seeded(7))] * 3


def test_budget_counts_within_the_window_only() -> None:
    """Three restarts are granted, the fourth is not, and once the first left the window it is."""
    rule = policy(window_ns=100)
    history = FailureHistory()
    for at_ns in (0, 10, 20):
        granted = grant_restart(rule, history, healthy_ns=0, at_ns=at_ns, random=seeded(1))
        assert granted is not None
        history, _ = granted
    assert grant_restart(rule, history, healthy_ns=0, at_ns=99, random=seeded(1)) is None
    assert grant_restart(rule, history, healthy_ns=0, at_ns=100, random=seeded(1)) == (
        FailureHistory(4, (10, 20, 100)),
        8 * SECOND,
    )


def test_healthy_life_resets_the_delay_but_not_the_budget() -> None:
    """After a long life the first delay counts again; the restarts granted before are still counted."""
    history = FailureHistory(2, (1, 2))
    granted = grant_restart(policy(), history, healthy_ns=60 * SECOND, at_ns=100 * SECOND, random=seeded(1))
    assert granted == (FailureHistory(1, (1, 2, 100 * SECOND)), SECOND)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 100)), max_size=60), st.integers(0, 5))
def test_history_never_outgrows_the_budget(failures: list[tuple[int, int]], budget: int) -> None:
    """However many failures come, no window holds more restarts than allowed."""
    rule = policy(budget=budget, window_ns=40)
    history, at_ns = FailureHistory(), 0
    for pause_ns, healthy_ns in failures:
        at_ns += pause_ns
        granted = grant_restart(rule, history, healthy_ns=healthy_ns, at_ns=at_ns, random=seeded(1))
        if granted is not None:
            history, _ = granted
        assert len(history.granted_ns) <= budget


@pytest.mark.parametrize(
    "wrong", [{"budget": -1}, {"window_ns": 0}, {"factor": Fraction(1, 2)}, {"jitter_ppm": 1_000_001}]
)
def test_values_out_of_range_are_refused(wrong: dict[str, int | Fraction]) -> None:
    with pytest.raises(ValueError, match="must be"):
        policy(**wrong)
