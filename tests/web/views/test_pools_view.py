"""The view of pools: states of every kind, trust with its reason, pages and changes."""

from __future__ import annotations

import attrs
import pytest

from alphapulse.data.chain_events import ChainReorganised
from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.data.market import PoolMint, PoolState, StreamState
from alphapulse.data.pool_reserves import PoolSync, PoolTick
from alphapulse.data.pools import Pool, PoolKind, Trust
from alphapulse.data.verdicts import PoolTrustChanged
from alphapulse.rules.amm.tick_math import sqrt_ratio_at_tick
from alphapulse_web.api.requests import PoolQuery
from tests.web.views.market_samples import FIRST, SECOND, USDC, WETH, stamp, stream, swap
from tests.web.views.pool_market import PoolMarket

PAIR = Pool(
    id=InstrumentId.from_pool_address(bytes(19) + b"\7", Venue.UNISWAP_V2),
    kind=PoolKind.V2,
    name="a pair",
    token0=USDC,
    token1=WETH,
    fee_ppm=3_000,
    tick_spacing=None,
)
DYNAMIC = attrs.evolve(
    FIRST,
    id=InstrumentId.from_pool_address(bytes(19) + b"\10", Venue.QUICKSWAP),
    kind=PoolKind.ALGEBRA,
    name="b dynamic",
    fee_ppm=None,
)


def test_before_any_event_nothing_is_known_and_nothing_is_invented() -> None:
    """Null, not zero."""
    for pool in PoolMarket((FIRST, PAIR)).view.all().pools:
        assert (pool.price, pool.liquidity, pool.reserves, pool.tick) == (None,) * 4
        assert (pool.last_block, pool.last_event, pool.trust_block) == (None,) * 3
        assert (pool.trust, pool.trust_reason, pool.events) == ("unknown", "", 0)


def test_a_pool_with_ticks_shows_its_price_and_liquidity() -> None:
    """In the first quote token that it holds; every event counts, snapshots do not."""
    market = PoolMarket()
    market.apply(swap(FIRST.id, 2000, 7), PoolMint(stamp(8), FIRST.id, 199_990, 200_010, 5, 1, 1))
    pool = next(one for one in market.view.all().pools if one.address == FIRST.id.name)
    assert pool.price is not None
    assert (pool.price.value, pool.price.base, pool.price.quote) == ("2000.000000", "WETH", "USDC")
    assert (pool.kind, pool.events, pool.last_block, pool.liquidity) == ("v3", 2, 8, str(10**18 + 5))
    assert (pool.trust, pool.reserves) == ("in_range", None)


def test_a_pair_shows_its_reserves() -> None:
    """Of V2 both are known, and the price is their ratio."""
    market = PoolMarket((PAIR,))
    market.apply(PoolSync(stamp(3), PAIR.id, 4_000 * 10**6, 2 * 10**18))
    (pool,) = market.view.all().pools
    assert pool.price is not None
    assert pool.reserves is not None
    assert (pool.price.value, [one.raw for one in pool.reserves]) == ("2000.000000", ["4000000000", str(2 * 10**18)])
    assert (pool.trust, pool.fee_ppm) == ("proven", 3_000)
    assert (pool.tick, pool.liquidity, pool.tick_spacing) == (None,) * 3


def test_a_quarantined_pool_says_why_and_since_which_block() -> None:
    """Until it is proved anew; a dynamic fee is null until the chain has told it."""
    market = PoolMarket((DYNAMIC,))
    market.apply(swap(DYNAMIC.id, 2000, 7), PoolTrustChanged(DYNAMIC.id, Trust.DIVERGENT, "liquidity 5, not 6", 9))
    (pool,) = market.view.all().pools
    assert (pool.trust, pool.trust_reason, pool.trust_block) == ("divergent", "liquidity 5, not 6", 9)
    assert (pool.fee_ppm, pool.fee_is_dynamic, pool.events) == (None, True, 1)


def test_a_pool_in_detail_has_the_ticks_around_its_price() -> None:
    """At most twelve on either side, with their prices; none are invented for a pool without."""
    market = PoolMarket()
    spacing = FIRST.tick_spacing or 0
    state = PoolState(stamp(5), FIRST.id, sqrt_ratio_at_tick(0), 10**6, 0)
    ticks = [
        PoolTick(stamp(5), FIRST.id, spacing * at, sqrt_ratio_at_tick(spacing * at), 10, -10 if at > 0 else 10)
        for at in range(-20, 21)
        if at
    ]
    market.apply(state, *ticks, PoolTrustChanged(FIRST.id, Trust.IN_RANGE, "a test", 5))
    found = market.view.detail(FIRST.id.to_wire().hex())
    assert found.ticks_known is not None
    assert [one.tick for one in found.ticks] == [spacing * at for at in range(-12, 13) if at]
    below, above = found.ticks[11], found.ticks[12]
    assert (below.net, above.net, below.gross) == ("10", "-10", "10")
    assert float(below.price) > float(above.price), "USDC for a WETH falls as token1 for token0 rises"
    other = market.view.detail(SECOND.id.to_wire().hex())
    assert (other.ticks, other.ticks_known) == ([], None)
    with pytest.raises(LookupError):
        market.view.detail("00" * 24)


def test_pages_hold_each_match_once_and_end() -> None:
    """Whatever the size of a page and the filters; a cursor that nobody gave out is refused."""
    market = PoolMarket((FIRST, SECOND, PAIR, DYNAMIC))
    market.apply(swap(FIRST.id, 2000, 7))
    everything = [pool.id for pool in market.view.page(PoolQuery()).pools]
    for size in (1, 2, 3, 4):
        found, cursor = [], None
        while True:
            page = market.view.page(PoolQuery(limit=size, cursor=cursor))
            found += [pool.id for pool in page.pools]
            assert page.total == 4
            if (cursor := page.next_cursor) is None:
                break
        assert found == everything
    chosen = {
        "v2": PoolQuery(kind="v2"),
        "in range": PoolQuery(trust="in_range"),
        "polygon": PoolQuery(chain_id=137),
        "token": PoolQuery(token="weth", limit=2),
        "address": PoolQuery(token="0x" + USDC.address.hex()),
        "nothing": PoolQuery(chain_id=1, kind="algebra"),
    }
    assert {name: market.view.page(wish).total for name, wish in chosen.items()} == {
        "v2": 1, "in range": 1, "polygon": 1, "token": 4, "address": 4, "nothing": 0
    }  # fmt: skip
    with pytest.raises(ValueError, match="expected the id of a pool"):
        market.view.page(PoolQuery(cursor="7"))


def test_changes_name_each_pool_once_and_only_what_is_new() -> None:
    """A reset and a reorganisation change all that they concern."""
    market = PoolMarket()
    before = market.view.revision
    market.apply(swap(FIRST.id, 2000, 7), swap(FIRST.id, 2001, 8))
    assert [pool.address for pool in market.view.changed(before).pools] == [FIRST.id.name]
    before = market.view.revision
    assert market.view.changed(before).pools == []
    market.apply(ChainReorganised("day", 1, 7, bytes(32), 8, bytes(32), 9, bytes(32), 0))
    assert len(market.view.changed(before).pools) == 2
    price = next(pool.price for pool in market.view.changed(before).pools if pool.address == FIRST.id.name)
    assert price is not None
    assert price.value == "2000.000000"
    before = market.view.revision
    market.apply(stream(StreamState.RESET))
    after = market.view.changed(before).pools
    assert [(pool.price, pool.events, pool.trust) for pool in after] == [(None, 0, "unknown")] * 2
