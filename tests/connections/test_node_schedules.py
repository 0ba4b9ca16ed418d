"""The pool never follows a liar, and can be asked while two nodes are honest."""

from __future__ import annotations

from tests.connections.node_schedules import run_lives


def test_no_read_that_spends_follows_a_liar() -> None:
    """Three nodes through lags, forks, hangs, 429, failures, standstill and changes of chain, twelve lives of them."""
    outcome = run_lives(12)
    assert (outcome.lies, outcome.lies_to_hints, outcome.alone) == (0, 0, 0)
    assert outcome.answered >= outcome.asked * 99 // 100 > 0
