"""Market data of several relays in one hub: what one of them loses takes nothing from the others."""

from __future__ import annotations

import pytest

from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.data.market import LogStamp, PoolState, StreamState, StreamStatus
from alphapulse.data.wire import Domain
from alphapulse.relays.bus import Bus
from alphapulse.relays.shard_hub import ShardMerge
from alphapulse.rules.books.market_book import MarketBook

CHAIN = 1
VENUES = {"one": Venue.UNISWAP_V3, "two": Venue.SUSHISWAP_V3}


def state_of(shard: str, price: int) -> PoolState:
    pool = InstrumentId.from_pool_address(bytes(19) + b"\1", VENUES[shard])
    return PoolState(LogStamp(1, 1, 0, bytes(32), None, 12, 0), pool, price, 1, 0)


def reset(stream: str) -> StreamStatus:
    return StreamStatus(stream, 0, StreamState.RESET, "the relay started anew", 0, 1, False)


@pytest.mark.parametrize("link", ["link one", "link one/collector"])
async def test_a_link_that_is_reset_loses_the_state_of_its_own_venues_alone(link: str) -> None:
    """A broker has a link to each publisher."""
    bus, book = Bus(), MarketBook()
    hub = bus.hubs[Domain.MARKET_DATA]
    merge = ShardMerge(hub, {name: [CHAIN] for name in VENUES})
    one, two = (merge.hub_of(name, {venue}) for name, venue in VENUES.items())
    with hub.subscribe("reader") as reader:
        one.publish([state_of("one", 7)])
        two.publish([state_of("two", 8)])
        one.publish([reset(link)])
        for message in await reader.receive():
            book.apply(message)
    assert list(book.snapshot()) == [state_of("two", 8)]
    assert list(hub.snapshot()) == [state_of("two", 8)]
    one.publish([reset("day")])
    assert list(hub.snapshot()) == []
