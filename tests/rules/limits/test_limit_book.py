"""Limits: configured, overridden for a while below an absolute ceiling, cut by probation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.data.risk import LimitOverride
from alphapulse.errors import LimitError
from alphapulse.rules.limits import limit_book as limit_book_module
from alphapulse.rules.limits.limit_book import LONGEST_OVERRIDE_NS, LimitBook, plain_limit, row_of, token_limits
from alphapulse.rules.limits.limit_table import RAW, ROWS, Place
from tests.journal.journal_samples import USDC, WETH

SECOND = 10**9
NOW = 1_000 * SECOND
CAPITAL = row_of(Place.STRATEGY, "capital")
PACE = row_of(Place.LIMITS, "max_intents")
LOSS = row_of(Place.STRATEGY, "max_daily_loss")
NAMES = {USDC: "USDC", WETH: "WETH"}
NAME = "strategies.flash.capital.USDC"


def book() -> LimitBook:
    return LimitBook(
        [
            *token_limits(CAPITAL, {USDC: 100}, NAMES, "flash"),
            *token_limits(LOSS, {USDC: 50, WETH: 5}, NAMES, "flash"),
            plain_limit(PACE, 15),
        ],
        {"flash": {USDC: 3}},
    )


def override(
    limits: LimitBook, value: int, *, name: str = NAME, for_ns: int = 60 * SECOND, reason: str = "why"
) -> LimitOverride:
    return limits.propose(name, value, for_ns=for_ns, actor="operator", reason=reason, now_ns=NOW)


def test_limits_are_found_by_strategy_and_token() -> None:
    limits = book()
    assert dict(limits.ceilings("flash", USDC, NOW)) == {
        "strategies_capital": 100, "strategies_daily_loss": 50, "limits_intents": 15
    }  # fmt: skip
    assert limits.ceilings("flash", WETH, NOW)["strategies_capital"] == 0
    assert dict(limits.ceilings("other", USDC, NOW)) == {"limits_intents": 15}
    assert (limits.floor("flash", USDC), limits.floor("flash", WETH), limits.floor("other", USDC)) == (3, None, None)


def test_probation_cuts_sizes_and_paces_to_a_tenth_and_leaves_losses_alone() -> None:
    assert dict(book().ceilings("flash", USDC, NOW, 100_000)) == {
        "strategies_capital": 10, "strategies_daily_loss": 50, "limits_intents": 1
    }  # fmt: skip


def test_an_override_holds_until_the_moment_it_expires() -> None:
    limits = book()
    wish = override(limits, 150)
    limits.put(wish, NOW)
    ends = wish.expires_ns
    assert ends == NOW + 60 * SECOND
    found = [limits.ceilings("flash", USDC, at)["strategies_capital"] for at in (NOW, ends - 1, ends)]
    assert found == [150, 150, 100]
    assert limits.override_of(NAME, ends) is None


def test_probation_cuts_an_override_too() -> None:
    limits = book()
    limits.put(override(limits, 200), NOW)
    assert limits.ceilings("flash", USDC, NOW, 100_000)["strategies_capital"] == 20


@pytest.mark.parametrize(
    ("value", "for_ns", "reason"),
    [
        (201, SECOND, "why"),
        (-1, SECOND, "why"),
        (150, 0, "why"),
        (150, -5, "why"),
        (150, LONGEST_OVERRIDE_NS + 1, "why"),
        (150, SECOND, "  "),
    ],
)
def test_an_override_beyond_its_ceiling_its_time_or_without_a_reason_is_refused(
    value: int, for_ns: int, reason: str
) -> None:
    with pytest.raises(LimitError):
        override(book(), value, for_ns=for_ns, reason=reason)


def test_a_name_that_is_not_known_is_refused_with_the_nearest() -> None:
    with pytest.raises(LimitError, match=r"found 'strategies.flash.kapital.USDC'; the nearest one is `strat"):
        override(book(), 1, name="strategies.flash.kapital.USDC")


def test_the_configured_value_takes_an_override_back() -> None:
    limits = book()
    limits.put(override(limits, 20), NOW)
    limits.put(override(limits, 100), NOW)
    assert limits.override_of(NAME, NOW) is None
    assert limits.value(NAME) == 100


def test_a_journal_cannot_bring_back_what_is_over_unknown_or_beyond_the_ceiling_of_now() -> None:
    """The configuration of this start bounds what an earlier one allowed."""
    limits = book()
    base = override(limits, 150)
    for stale in (
        LimitOverride(NAME, 150, 100, RAW, "operator", "why", NOW - 2, NOW - 1),
        LimitOverride("limits.gone", 150, 100, RAW, "operator", "why", NOW, base.expires_ns),
        LimitOverride(NAME, 201, 400, RAW, "operator", "why", NOW, base.expires_ns),
    ):
        limits.put(stale, NOW)
    assert limits.value(NAME) == 100
    limits.put(base, NOW + 59 * SECOND)
    assert limits.value(NAME) == 150


@given(values=st.lists(st.integers(0, 400), max_size=10))
def test_no_series_of_overrides_passes_the_ceiling(values: list[int]) -> None:
    """Each is measured against the configuration, never against the override before it."""
    limits = book()
    for value in values:
        try:
            limits.put(override(limits, value), NOW)
        except LimitError:
            assert value > 200
        assert limits.value(NAME) <= 200


def test_names_of_rows_are_unique_in_their_place() -> None:
    assert len({row.field for row in ROWS}) == len(ROWS) == len({(row.place, row.key) for row in ROWS})


def test_limits_at_hand_are_bounded_whatever_names_signals_bear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limit_book_module, "MOST_CACHED", 3)
    limits = book()
    for number in range(10):
        limits.ceilings(f"stranger {number}", USDC, NOW)
        assert len(limits._cache) <= 3
    assert limits.ceilings("flash", USDC, NOW)["strategies_capital"] == 100
