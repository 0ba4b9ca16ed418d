"""The market view: prices, gaps and points of two pools."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.data.chain_events import ChainReorganised
from alphapulse.data.instruments import InstrumentId
from alphapulse.data.market import PoolMint, StreamState
from alphapulse.data.pool_events import PoolFeeChanged
from alphapulse.data.pool_reserves import PoolSync
from alphapulse.data.pools import PoolKind, Token
from alphapulse.rules.amm.tick_math import MIN_SQRT_RATIO
from alphapulse_web.views.market_view import HISTORY_POINTS, MarketView, bps_text, readable_price
from tests.web.views.market_samples import FIRST, SECOND, USDC, WETH, stamp, stream, swap

PAIR = f"{FIRST.id.name}-{SECOND.id.name}"


def pool_id(number: int) -> InstrumentId:
    return InstrumentId.from_pool_address(bytes([number]) * 20, FIRST.id.venue)


def view(*quote: Token) -> MarketView:
    return MarketView((FIRST, SECOND), [token.address for token in quote or (USDC, WETH)])


@pytest.mark.parametrize(
    ("ppm", "text"),
    [(0, "0.0"), (4, "0.0"), (5, "0.1"), (-4, "0.0"), (-5, "-0.1"), (10991, "109.9"), (-10995, "-110.0")],
)
def test_basis_points_round_half_away_from_zero_and_there_is_no_negative_nothing(ppm: int, text: str) -> None:
    assert bps_text(ppm) == text


@given(st.integers(min_value=-(2**40), max_value=2**40))
def test_basis_points_are_within_half_a_tenth(ppm: int) -> None:
    whole, _, tenth = bps_text(ppm).lstrip("-").partition(".")
    tenths = int(whole) * 10 + int(tenth)
    assert abs(tenths * 10 - abs(ppm)) <= 5


def test_before_any_event_nothing_is_known() -> None:
    (pair,) = view().pairs().pairs
    assert (pair.id, pair.gap_bps, pair.points, pair.fees_bps) == (PAIR, None, [], "35.0")


def test_a_price_is_said_in_the_first_quote_token() -> None:
    for quote, value in ((USDC, "2000.000000"), (WETH, "0.0005000000")):
        seen = view(quote)
        seen.apply(swap(FIRST.id, 2000, 7))
        assert seen.pair_points(PAIR, -1)[0].a == value


@pytest.mark.parametrize(
    ("sqrt_price", "inverted", "text"),
    [
        (1 << 96, False, "0.000000000001000000"),
        (1 << 96, True, "1000000000000.000000"),
        (10**6 << 96, False, "1.000000"),
        (MIN_SQRT_RATIO, False, "0.000000000000000000000000000000000000000000000000002938957"),
    ],
)
def test_a_price_keeps_seven_digits_however_small(sqrt_price: int, inverted: bool, text: str) -> None:
    assert readable_price((sqrt_price**2, 1 << 192), FIRST, inverted=inverted) == text


def test_a_pair_whose_second_pool_is_unknown_has_points_without_a_gap() -> None:
    seen = view()
    seen.apply(swap(FIRST.id, 2000, 7))
    (point,) = seen.pair_points(PAIR, -1)
    assert (point.i, point.a, point.b, point.gap, point.mark) == (0, "2000.000000", None, None, None)


@pytest.mark.parametrize(
    ("first", "second", "gap", "mark"),
    [
        (2000, 2000, "0.0", None),
        (2002, 2000, "10.0", None),
        (2000, 2002, "-10.0", None),
        (2010, 2000, "50.0", "opportunity"),
        (2000, 2010, "-50.0", "opportunity"),
    ],
)
@pytest.mark.parametrize("quote", [USDC, WETH])
def test_the_gap_is_that_of_a_against_b_as_they_are_shown_and_35_bps_of_fees_hide_a_small_one(
    first: int, second: int, gap: str, mark: str | None, quote: Token
) -> None:
    seen = view(quote)
    seen.apply(swap(FIRST.id, first, 7))
    seen.apply(swap(SECOND.id, second, 8))
    point = seen.pair_points(PAIR, 0)[0]
    sign = 1 if quote == USDC else -1
    assert point.gap is not None
    assert abs(float(point.gap) - sign * float(gap)) <= 0.1
    assert point.mark == mark
    assert point.a is not None
    assert point.b is not None
    assert (float(point.a) > float(point.b)) == (float(point.gap) > 0)


def test_only_swaps_make_points() -> None:
    seen = view()
    seen.apply(swap(FIRST.id, 2000, 7))
    seen.apply(PoolMint(stamp(8), FIRST.id, 199_990, 200_010, 5, 1, 1))
    assert len(seen.pair_points(PAIR, -1)) == 1


def test_pools_of_all_kinds_stand_beside_each_other() -> None:
    """A pair, a concentrated pool and one whose fee is dynamic: each two of them have points, a gap and their fees."""
    pair = attrs.evolve(FIRST, id=pool_id(1), kind=PoolKind.V2, fee_ppm=3000, tick_spacing=None)
    dynamic = attrs.evolve(FIRST, id=pool_id(2), kind=PoolKind.ALGEBRA, fee_ppm=None, tick_spacing=60)
    seen = MarketView((FIRST, pair, dynamic), [USDC.address])
    names = [
        f"{FIRST.id.name}-{pair.id.name}",
        f"{FIRST.id.name}-{dynamic.id.name}",
        f"{pair.id.name}-{dynamic.id.name}",
    ]
    assert list(seen.pair_ids()) == names
    assert [one.fees_bps for one in seen.pairs().pairs] == ["35.0", None, None]
    seen.apply(swap(FIRST.id, 2000, 7))
    seen.apply(PoolSync(stamp(8), pair.id, 2020 * 10**6, 10**18))
    seen.apply(swap(dynamic.id, 2000, 9))
    seen.apply(PoolFeeChanged(stamp(10), dynamic.id, 100))
    told = seen.pairs().pairs
    assert [(one.fees_bps, one.gap_bps, one.points[-1].mark) for one in told] == [
        ("35.0", "-100.0", "opportunity"),
        ("6.0", "0.0", None),
        ("31.0", "100.0", None),
    ]


def test_points_behind_an_index_come_without_a_gap_and_the_oldest_are_forgotten() -> None:
    seen = view()
    for block in range(HISTORY_POINTS + 10):
        seen.apply(swap(FIRST.id, 2000, block))
    newest = HISTORY_POINTS + 9
    assert [point.i for point in seen.pair_points(PAIR, newest - 3)] == [newest - 2, newest - 1, newest]
    assert seen.pair_points(PAIR, newest) == []
    assert [point.i for point in seen.pair_points(PAIR, -1)] == list(range(10, newest + 1))
    assert seen.pair_points("another pair", -1) == []


def test_a_reset_forgets_everything_and_points_of_the_new_run_never_join_on_to_the_old() -> None:
    """A reader that still holds the old run's last index must see a break, or it would draw both as one line."""
    seen = view()
    seen.apply(stream(StreamState.RESET))
    for block in range(5):
        seen.apply(swap(FIRST.id, 2000, block))
    assert [point.i for point in seen.pair_points(PAIR, -1)] == [0, 1, 2, 3, 4]
    seen.apply(stream(StreamState.RESET))
    seen.apply(stream(StreamState.RESET))
    assert seen.pair_points(PAIR, 4) == []
    seen.apply(swap(FIRST.id, 2000, 1))
    assert [point.i for point in seen.pair_points(PAIR, 4)] == [6]


def test_each_message_changes_the_revision() -> None:
    seen = view()
    revisions = [seen.revision]
    for message in (stream(StreamState.RESET), swap(FIRST.id, 2000, 1), stream(StreamState.ENDED)):
        seen.apply(message)
        revisions.append(seen.revision)
    assert len(set(revisions)) == 4
    assert seen.stream == stream(StreamState.ENDED)


def test_points_of_orphaned_blocks_go_and_every_reader_is_told_all_anew() -> None:
    """The next point leaves a number out, which makes a reader ask for the whole."""
    seen = view()
    for block in (5, 6, 7):
        seen.apply(swap(FIRST.id, 2000, block))
    seen.apply(ChainReorganised("day", 1, 5, bytes(32), 7, bytes(32), 8, bytes(32), 0))
    seen.apply(swap(FIRST.id, 2001, 6))
    assert [(point.i, point.block) for point in seen.pair_points(PAIR, -1)] == [(0, 5), (4, 6)]
    seen.apply(ChainReorganised("day", 137, 0, bytes(32), 7, bytes(32), 8, bytes(32), 0))
    assert len(seen.pair_points(PAIR, -1)) == 2
