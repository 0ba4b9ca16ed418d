"""Recall and precision: integers only, rounded down, with every miss counted by its reason."""

from __future__ import annotations

from alphapulse.scoring.realized import Swap, closes, gains, net_balances
from alphapulse.scoring.score import SHOWN, Measure, compared, counted, percent


def test_a_share_is_all_only_if_it_is_all() -> None:
    """One of ten thousand that is missing is not rounded away, and nothing of nothing is a dash."""
    assert percent(29, 29) == "100.00%"
    assert percent(99_999, 100_000) == "99.99%"
    assert percent(0, 7) == "0.00%"
    assert percent(0, 0) == "-"


def test_answers_are_compared_by_key_and_value() -> None:
    """What is missing, different or too much is counted apart, and recall and precision follow."""
    measure = compared("gaps", {1: "a", 2: "b", 3: "c"}, {1: "a", 2: "x", 4: "d"}, excused={3: "no state"})
    assert (measure.expected, measure.found, measure.right) == (3, 3, 1)
    assert (measure.recall, measure.precision) == ("33.33%", "33.33%")
    assert measure.why_not == {"different": 1, "no state": 1, "not in the file": 1}
    assert not measure.complete
    assert measure.examples[0] == "different: 2 expected b, found x"


def test_only_a_few_misses_are_shown() -> None:
    """A file that is all wrong names ten of its answers and counts them all."""
    measure = compared("gaps", dict.fromkeys(range(100), 1), {})
    assert len(measure.examples) == SHOWN
    assert measure.why_not == {"missing": 100}


def test_checks_one_by_one() -> None:
    """Each check that fails is one answer that is different."""
    assert counted("swaps", [True, True]).complete
    measure = counted("swaps", [True, False, True])
    assert (measure.right, measure.expected, measure.why_not) == (2, 3, {"different": 1})


def test_nothing_expected_and_nothing_found_is_complete() -> None:
    """A negative is right if nothing was found."""
    assert Measure("open gaps", 0, 0, 0, exact=True).complete
    assert not Measure("open gaps", 0, 1, 0, exact=True).complete


def test_a_cycle_is_an_arbitrage_if_no_token_is_lost() -> None:
    """What closes but loses one token on the way is none, whatever the other tokens gained."""
    won = [Swap("p", "usdc", 100, "weth", 7), Swap("q", "weth", 7, "usdc", 103)]
    assert net_balances(won) == {"usdc": 3, "weth": 0}
    assert gains(won) == {"usdc": 3}
    assert closes(won)
    lost = [Swap("p", "usdc", 100, "weth", 7), Swap("q", "weth", 8, "usdc", 103)]
    assert gains(lost) is None
    even = [Swap("p", "usdc", 100, "weth", 7), Swap("q", "weth", 7, "usdc", 100)]
    assert gains(even) is None
    assert not closes([Swap("p", "usdc", 100, "weth", 7), Swap("q", "dai", 7, "usdc", 103)])
    assert not closes([])
