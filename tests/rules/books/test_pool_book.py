"""The newest states: how they follow from events, what reorganisations leave of them, and how far they are trusted."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphapulse.data.instruments import Venue
from alphapulse.data.market import PoolState, PoolSwap, StreamState, StreamStatus
from alphapulse.data.pool_events import PoolFeeChanged, PoolInitialized
from alphapulse.data.pool_reserves import PoolSync
from alphapulse.data.pools import Trust
from alphapulse.data.verdicts import PoolTrustChanged
from alphapulse.errors import QuoteRefused
from alphapulse.rules.amm.concentrated import ConcentratedState
from alphapulse.rules.amm.constant_product import ConstantProductState
from alphapulse.rules.amm.pool_state import told_again
from alphapulse.rules.amm.tick_math import sqrt_ratio_at_tick
from alphapulse.rules.books.market_book import MarketBook
from alphapulse.rules.books.pool_book import HISTORY_BLOCKS, PoolBook
from alphapulse.rules.books.pool_history import PoolHistory
from tests.rules.arbitrage.market_samples import burn, changed, collect, completed, mint, stamp, status, swap
from tests.rules.books.book_samples import (
    POOLS,
    chain_histories,
    reorganised,
    replayed,
    snapshot_of,
    states,
)

ONE, TWO, PAIR, ALGEBRA, ELSEWHERE, _ = POOLS
FAIR = 1 << 96


def told(book: PoolBook) -> list[Any]:
    """What a late consumer is told, pool by pool."""
    return sorted(book.snapshot(), key=lambda message: message.pool.body)


def concentrated(book: PoolBook, pool: Any = ONE) -> ConcentratedState:
    state = book.state(pool.id)
    assert isinstance(state, ConcentratedState)
    return state


@given(chain_histories())
def test_after_reorganisations_a_book_is_one_that_saw_only_what_survived(history: list[tuple[Any, list[Any]]]) -> None:
    """Prices, ticks, fees and trust of every kind of pool on two chains, whoever keeps the book."""
    book, past = PoolBook(POOLS), PoolHistory(POOLS)
    for event, kept in history:
        book.apply(event)
        past.apply(event)
        assert states(book) == states(past) == states(replayed(kept))
    relay = replayed([event for event, _ in history], MarketBook())
    assert told(relay) == told(replayed(history[-1][1], MarketBook()))


@given(chain_histories(), st.integers(0, 20))
def test_a_book_that_starts_from_a_snapshot_goes_on_like_the_old_one(
    history: list[tuple[Any, list[Any]]], begun: int
) -> None:
    """From that of another book, and from a relay's. What is taken back further begins anew, trusted less."""
    events = [event for event, _ in history]
    old, relay = replayed(events[:begun]), replayed(events[:begun], MarketBook())
    books = replayed(list(old.snapshot())), replayed(list(relay.snapshot()))
    assert states(books[0]) == states(old)
    for event in events[begun:]:
        for book in (old, *books):
            book.apply(event)
        for late in books:
            for pool in POOLS:
                found: Any = states(late)[pool.id]
                expected: Any = states(old)[pool.id]
                if found is not None and found != expected and found.fee_ppm is not None:
                    assert (found[:2], found.trust < expected.trust) == (expected[:2], True)


def test_a_state_is_known_from_the_first_event_that_tells_it() -> None:
    """A mint says nothing of the price; pools that nobody added are passed over."""
    book = PoolBook([ONE])
    assert book.apply(mint(ONE, (1, 0), (-60, 60), 5)) is None
    assert book.apply(swap(TWO, (1, 1), FAIR)) is None
    assert book.state(ONE.id) is None
    assert book.trust(ONE.id) is None
    first = swap(ONE, (1, 2), FAIR, 7)
    assert book.apply(first) is first
    assert concentrated(book) == (FAIR, 7, 0, stamp((1, 2)), Trust.IN_RANGE, 500, 10, None)
    book.remove(ONE.id)
    assert book.state(ONE.id) is None
    assert book.apply(first) is None


@pytest.mark.parametrize(("tick", "inside"), [(-61, False), (-60, True), (59, True), (60, False)])
def test_a_range_holds_its_lower_tick_and_not_its_upper(tick: int, inside: bool) -> None:
    """Only what changes the liquidity in range is told as a change."""
    for change, liquidity in ((mint, 130), (burn, 70)):
        book = replayed([swap(ONE, (1, 0), sqrt_ratio_at_tick(tick), 100)])
        event = change(ONE, (1, 1), (-60, 60), 30)
        assert book.apply(event) is (event if inside else None)
        assert concentrated(book).liquidity == (liquidity if inside else 100)
        assert concentrated(book).stamp.position == ((1, 1) if inside else (1, 0))


def test_liquidity_never_falls_below_zero() -> None:
    """A burn of what was minted before the book began cannot make it negative."""
    book = replayed([swap(ONE, (1, 0), FAIR, 5), burn(ONE, (1, 1), (-60, 60), 6)])
    assert concentrated(book).liquidity == 0


def test_from_its_first_event_a_pool_is_proven() -> None:
    """Each mint stands in its ticks, and a swap that they explain leaves it so."""
    first = PoolInitialized(stamp((1, 0)), ONE.id, FAIR, 0)
    book = replayed([first, mint(ONE, (1, 1), (-20, 20), 10**18), mint(ONE, (1, 2), (20, 40), 10**17)])
    state = concentrated(book)
    assert (state.trust, state.liquidity, list(state.ticks or ())) == (
        Trust.PROVEN,
        10**18,
        [(-20, 10**18, 10**18), (20, 11 * 10**17, -9 * 10**17), (40, 10**17, -(10**17))],
    )
    done = state.swapped(10**30, sqrt_ratio_at_tick(30), zero_for_one=False)
    book.apply(PoolSwap(stamp((2, 0)), ONE.id, -1, 1, done.sqrt_price_x96, done.liquidity, done.tick))
    assert concentrated(book)[:5] == (sqrt_ratio_at_tick(30), 10**17, 30, stamp((2, 0)), Trust.PROVEN)


def test_a_missing_event_is_noticed_and_the_ticks_are_not_believed_any_more() -> None:
    """A swap whose liquidity they do not explain, and a burn of what is not there; a divergent pool stays divergent."""
    begun = [PoolInitialized(stamp((1, 0)), ONE.id, FAIR, 0), mint(ONE, (1, 1), (-20, 20), 100)]
    for missing in (swap(ONE, (2, 0), FAIR, 99), burn(ONE, (2, 0), (-20, 20), 101), burn(ONE, (2, 0), (-40, 20), 1)):
        book = replayed([*begun, missing])
        assert (concentrated(book).trust, concentrated(book).ticks) == (Trust.IN_RANGE, None)
        divergent = replayed([*begun, PoolTrustChanged(ONE.id, Trust.DIVERGENT, "differs", 1), missing])
        assert divergent.trust(ONE.id) is Trust.DIVERGENT


def test_a_snapshot_is_believed_once_it_is_whole() -> None:
    """Its ticks must give its liquidity; and only then a divergent pool can be traded again."""
    seen = concentrated(
        replayed([PoolInitialized(stamp((1, 0)), ONE.id, FAIR, 0), mint(ONE, (1, 1), (-20, 20), 10**18)])
    )
    whole = snapshot_of(ONE, stamp((5, 7)), seen)
    book = replayed([swap(ONE, (4, 0), FAIR), PoolTrustChanged(ONE.id, Trust.DIVERGENT, "differs", 4), *whole[:-1]])
    assert book.trust(ONE.id) is Trust.DIVERGENT
    with pytest.raises(QuoteRefused, match="divergent"):
        concentrated(book).quote_in(0, 1, 1000)
    assert book.apply(whole[-1]) is whole[-1]
    assert concentrated(book) == seen._replace(stamp=stamp((5, 7)))
    for torn in ([*whole[:1], *whole[2:]], [changed(whole[0], liquidity=5), *whole[1:]]):
        assert replayed(torn).trust(ONE.id) is Trust.IN_RANGE


def test_an_algebra_pool_has_the_fee_that_was_told_last() -> None:
    """None until then; a pool that has just begun has the base fee."""
    book = replayed([swap(ALGEBRA, (1, 0), FAIR)])
    with pytest.raises(QuoteRefused, match="fee_unknown"):
        concentrated(book, ALGEBRA).quote_in(0, 1, 1000)
    told = PoolFeeChanged(stamp((2, 0)), ALGEBRA.id, 2900)
    assert book.apply(told) is told
    assert book.apply(changed(told, stamp=stamp((3, 0)))) is None
    assert concentrated(book, ALGEBRA).fee_ppm == 2900
    fresh = replayed([PoolInitialized(stamp((1, 0)), ALGEBRA.id, FAIR, 0)])
    assert concentrated(fresh, ALGEBRA).fee_ppm == 100


def test_a_pair_is_its_reserves() -> None:
    """A sync says them all, so that they are proven; what is divergent stays so until it is lifted."""
    sync = PoolSync(stamp((1, 0)), PAIR.id, 1000, 4000)
    book = replayed([sync])
    assert book.state(PAIR.id) == ConstantProductState(1000, 4000, stamp((1, 0)), Trust.PROVEN, 3000)
    book.apply(PoolTrustChanged(PAIR.id, Trust.DIVERGENT, "differs", 1))
    book.apply(changed(sync, reserve0=7))
    assert book.trust(PAIR.id) is Trust.DIVERGENT
    assert next(iter(book.snapshot())) == PoolSync(told_again(stamp((1, 0))), PAIR.id, 7, 4000)
    again = replayed(list(book.snapshot()))
    assert states(again) == states(book)


def test_blocks_are_taken_back_as_deep_as_the_log_reaches_and_not_deeper() -> None:
    """What cannot be known any more is unknown; a quiet pool keeps what it has; memory stays bounded."""
    for depth, price in ((HISTORY_BLOCKS, FAIR + 5000 - HISTORY_BLOCKS), (HISTORY_BLOCKS + 2, None)):
        book = replayed([swap(TWO, (1, 0), FAIR)])
        for block in range(2, 5001):
            book.apply(swap(ONE, (block, 1), FAIR + block))
            book.apply(swap(ONE, (block, 2), FAIR + block))
        assert max(len(chain.undo) for chain in book._chains.values()) == HISTORY_BLOCKS + 1
        book.apply(reorganised(1, 5000 - depth))
        state = book.state(ONE.id)
        assert (state is None) == (price is None)
        assert state is None or concentrated(book).sqrt_price_x96 == price
        assert concentrated(book, TWO).stamp.position == (1, 0)


def test_a_stream_that_begins_anew_forgets_its_own_chain() -> None:
    """A link, which is of no venue, forgets all; what is no change of a pool changes nothing."""
    events = [swap(ONE, (1, 0), FAIR), swap(ELSEWHERE, (1, 0), FAIR)]
    book = replayed(events)
    for other in (
        completed((1, 0)),
        collect(ONE, (1, 1)),
        *(status(one) for one in StreamState if one is not StreamState.RESET),
    ):
        assert book.apply(other) is None
    assert states(book) == states(replayed(events))
    book.apply(status(StreamState.RESET))
    assert (book.state(ONE.id), concentrated(book, ELSEWHERE).tick) == (None, 0)
    book = replayed(events)
    book.apply(StreamStatus("kraken", Venue.KRAKEN, StreamState.RESET, "an exchange", 0, 0, recorded=False))
    assert states(book) == states(replayed(events))
    book.apply(StreamStatus("link one", 0, StreamState.RESET, "the link", 0, 0, recorded=False))
    assert list(book.snapshot()) == []


def test_a_relay_keeps_pools_that_nobody_registered() -> None:
    """With their ticks and trust, so that a late consumer who knows fee and spacing has all."""
    told = [PoolInitialized(stamp((1, 0)), ONE.id, FAIR, 0), mint(ONE, (1, 1), (-20, 20), 10**18)]
    relay = replayed([*told, PoolSync(stamp((1, 2)), PAIR.id, 5, 6)], MarketBook())
    assert states(replayed(list(relay.snapshot()))) == states(replayed([*told, PoolSync(stamp((1, 2)), PAIR.id, 5, 6)]))
    ranged = replayed([swap(ONE, (1, 0), FAIR, 5)], MarketBook())
    assert list(ranged.snapshot()) == [PoolState(stamp((1, 0)), ONE.id, FAIR, 5, 0)]
