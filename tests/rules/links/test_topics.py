"""Topics choose by type, instrument and venue; a link's are those of its first word."""

from __future__ import annotations

import pytest

from alphapulse.data.chain_events import ChainReorganised
from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.data.market import BlockCompleted, PoolMint, PoolSwap, StreamState
from alphapulse.data.quotes import Quote
from alphapulse.data.verdicts import TokenVerdict
from alphapulse.rules.links.expiry import is_expired
from alphapulse.rules.links.identity import SeenMessages, identity
from alphapulse.rules.links.topics import ALL, NOTHING, Topics, instruments_of, venues_of
from tests.journal.journal_samples import DAY_NS, POOL, decision, fill, halt, intent, signal
from tests.rules.arbitrage.market_samples import changed, completed, mint, pool, status, swap

ONE, TWO = pool(1), pool(2)
SWAP, MINT = swap(ONE, (1, 0), 1 << 96), mint(TWO, (1, 1), (-60, 60), 5)
POLYGON = InstrumentId.from_pool_address(bytes([9]) * 20, Venue.QUICKSWAP)
ELSEWHERE = changed(SWAP, pool=POLYGON)
EVERYTHING = [SWAP, MINT, ELSEWHERE, completed((1, 1)), status(StreamState.FRESH), signal(1)]


@pytest.mark.parametrize(
    ("topics", "picked"),
    [
        (ALL, [0, 1, 2, 3, 4, 5]),
        (NOTHING, []),
        (Topics.of(types=[PoolSwap]), [0, 2]),
        (Topics.of(instruments=[ONE.id]), [0, 3, 4]),
        (Topics.of(instruments=[POOL]), [3, 4, 5]),
        (Topics.of(types=[PoolSwap, BlockCompleted], instruments=[TWO.id]), [3]),
        (Topics.of(venues=[Venue.UNISWAP_V3]), [0, 1, 3, 4, 5]),
        (Topics.of(venues=[Venue.ETHEREUM]), [0, 1, 3, 4, 5]),
        (Topics.of(venues=[Venue.POLYGON]), [2]),
        (Topics.of(venues=[Venue.UNISWAP_V2]), [3, 4]),
        (Topics.of(venues=[Venue.KRAKEN]), []),
        (Topics.of(types=[PoolMint], venues=[Venue.QUICKSWAP]), []),
    ],
)
def test_topics_pick_what_they_name(topics: Topics, picked: list[int]) -> None:
    """What is about no instrument, or no venue, passes; a chain and the pools on it belong together."""
    assert list(topics.pick(EVERYTHING)) == [EVERYTHING[place] for place in picked]


def test_what_a_message_is_about_is_found_by_its_class() -> None:
    quote = Quote(InstrumentId.from_symbol("ETH/USD", Venue.KRAKEN), 1, 1, 1, 1, 1)
    assert instruments_of(quote) == (quote.instrument,)
    assert list(venues_of(quote)) == [Venue.KRAKEN]
    assert instruments_of(signal(1)) == (POOL, POOL)
    back = ChainReorganised("chain", 137, 1, bytes(32), 2, bytes(32), 2, bytes(32), 0)
    assert list(venues_of(back)) == [Venue.POLYGON]
    verdict = TokenVerdict(InstrumentId.from_token_address(b"\1" * 20, Venue.POLYGON), "T", 6, True, "read twice")
    assert list(venues_of(verdict)) == [Venue.POLYGON]
    assert not instruments_of(halt())
    assert not venues_of(halt())


def test_copies_of_a_message_are_the_same_and_others_are_not() -> None:
    """By their numbers, whatever the clocks of two lives said; what has none by its content."""
    again = changed(intent(1), created_ns=5)
    assert identity(intent(1)) == identity(again)
    different = [
        intent(1),
        intent(2),
        fill(1),
        fill(2),
        signal(1),
        signal(2),
        signal(1, strategy="other"),
        decision(1),
        decision(2),
    ]
    assert len({identity(one) for one in different}) == len(different)


def test_what_was_seen_is_known_until_too_much_has_followed() -> None:
    seen = SeenMessages([intent(1)], capacity=3)
    assert [seen.add(intent(number)) for number in (1, 2, 3, 1, 4, 1, 2)] == [
        False,
        True,
        True,
        False,
        True,
        False,
        True,
    ]
    assert seen.duplicates == 3
    seen.forget(intent(1))
    assert seen.add(intent(1))


@pytest.mark.parametrize(("now_ns", "expired"), [(DAY_NS + 11, False), (DAY_NS + 12, True)])
def test_a_message_expires_by_the_time_of_its_birth(now_ns: int, expired: bool) -> None:
    """By the market clock; without a time of its own, it was born when it was published."""
    assert is_expired(signal(1), 0, 10, now_ns) is expired
    assert is_expired(halt(), DAY_NS + 1, 10, now_ns) is expired
