"""Conflated market data leaves every book as it would have been."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from alphapulse.data.chain_events import ChainReorganised
from alphapulse.data.market import MarketEvent, StreamState
from alphapulse.rules.books.pool_book import PoolBook
from alphapulse.rules.links.conflation import kept
from tests.rules.arbitrage.market_samples import burn, completed, mint, pool, status, swap

POOLS = [pool(number) for number in (1, 2, 3)]
FAIR = 1 << 96
WIDE = (-887_220, 887_220)


def event(kind: int, which: int, place: int) -> MarketEvent:
    one, at = POOLS[which], (place, 0)
    match kind:
        case 0 | 1 | 2:
            return swap(one, at, FAIR + place, 100 + place)
        case 3:
            return mint(one, at, WIDE, place)
        case 4:
            return burn(one, at, WIDE, 1)
        case 5:
            return completed(at)
        case _:
            return status(StreamState.RESET if kind == 6 else StreamState.FRESH)


EVENTS = st.lists(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 2)), max_size=6), max_size=8)


@given(EVENTS)
def test_the_book_is_the_same_as_without(kinds: list[list[tuple[int, int]]]) -> None:
    place, lists = 0, list[list[MarketEvent]]()
    for row in kinds:
        lists.append([])
        for kind, which in row:
            place += 1
            lists[-1].append(event(kind, which, place))
    flags = kept(lists)
    whole, conflated = PoolBook(POOLS), PoolBook(POOLS)
    for messages, row_flags in zip(lists, flags, strict=True):
        assert len(messages) == len(row_flags)
        for message, stays in zip(messages, row_flags, strict=True):
            whole.apply(message)
            if stays:
                conflated.apply(message)
    assert [whole.state(one.id) for one in POOLS] == [conflated.state(one.id) for one in POOLS]


def test_the_newest_of_each_stays_and_mints_and_resets_always_do() -> None:
    one, two = POOLS[:2]
    lists: list[list[MarketEvent]] = [
        [swap(one, (1, 0), FAIR), mint(one, (1, 1), WIDE, 5), completed((1, 1)), status(StreamState.RESET)],
        [swap(two, (2, 0), FAIR), swap(one, (2, 1), FAIR), completed((2, 1)), status(StreamState.FRESH)],
        [swap(one, (3, 0), FAIR)],
    ]
    assert kept(lists) == [[False, True, False, True], [True, False, True, True], [True]]


def test_what_stands_before_a_reorganisation_stays() -> None:
    """Its undoing brings back what the newest swap had replaced."""
    one, back = POOLS[0], ChainReorganised("chain", 1, 1, bytes(32), 2, b"\1" * 32, 2, b"\2" * 32, 0)
    lists: list[list[MarketEvent]] = [
        [swap(one, (1, 0), FAIR), swap(one, (2, 0), FAIR + 1)],
        [back, swap(one, (2, 0), FAIR), swap(one, (2, 1), FAIR)],
    ]
    assert kept(lists) == [[True, True], [True, False, True]]
