"""What holds of every kind of pool, whatever its mathematics."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from alphapulse.data.pools import Pool, PoolKind, Trust
from alphapulse.data.verdicts import PoolTrustChanged
from alphapulse.errors import QuoteRefused
from alphapulse.rules.amm.kinds import KINDS
from alphapulse.rules.amm.pool_state import AmmState, Quote
from alphapulse.rules.amm.swap_math import PPM
from alphapulse.rules.books.market_book import MarketBook
from alphapulse.rules.books.pool_book import PoolBook
from tests.rules.amm.kind_samples import pool_states

Sample = tuple[Pool, AmmState]
SEARCHED = (PoolKind.SOLIDLY_VOLATILE, PoolKind.SOLIDLY_STABLE, PoolKind.CURVE_STABLE)
SHARES_PPM = st.integers(0, 6).flatmap(lambda digits: st.integers(1, 10**digits))


def quoted(state: AmmState, way: tuple[int, int], *, sell: int = 0, buy: int = 0) -> Quote | None:
    """The quote; None if there is none."""
    try:
        return state.quote_in(*way, sell) if sell else state.quote_out(*way, buy)
    except QuoteRefused:
        return None


def ways(pool: Pool) -> st.SearchStrategy[tuple[int, int]]:
    """Any token for any other."""
    indexes = range(len(pool.tokens))
    return st.sampled_from([(one, other) for one in indexes for other in indexes if one != other])


def test_every_kind_is_entered() -> None:
    assert set(KINDS) == set(PoolKind)


@given(pool_states(), st.data())
def test_more_in_pays_more_and_never_more_than_the_price_nor_back_what_it_was(
    sample: Sample, data: st.DataObject
) -> None:
    """Up to a third of a reserve; a round trip loses."""
    pool, state = sample
    way = data.draw(ways(pool))
    amounts = sorted(data.draw(SHARES_PPM) * 10 ** data.draw(st.integers(0, 12)) for _ in range(2))
    less, more = (quoted(state, way, sell=amount) for amount in amounts)
    if less is None or more is None:
        return
    assert less.amount_out <= more.amount_out
    assert 0 <= more.fee_amount <= more.amount_in + more.amount_out
    numerator, denominator = state.price(*way)
    assert more.amount_out * denominator <= more.amount_in * numerator + denominator
    if more.amount_out:
        back = quoted(more.after, (way[1], way[0]), sell=more.amount_out)
        assert back is None or back.amount_out <= more.amount_in
    virtual = state.virtual_reserves(*way)
    most = state.most_in(*way)
    if virtual is not None and (most is None or more.amount_in <= most):
        kept = virtual.keep_ppm * (more.amount_in + 1)  # Solidly rounds its fee down
        expected = virtual.reserve_out * kept // (virtual.reserve_in * PPM + virtual.scale * kept)
        assert more.amount_out <= expected + 1


@given(pool_states(), st.data())
def test_what_an_output_costs_pays_it(sample: Sample, data: st.DataObject) -> None:
    """Where the contract only says what an input pays, the input is the least one that pays it."""
    pool, state = sample
    way = data.draw(ways(pool))
    sold = quoted(state, way, sell=data.draw(SHARES_PPM) * 10 ** data.draw(st.integers(0, 12)))
    if sold is None or not sold.amount_out:
        return
    bought = quoted(state, way, buy=sold.amount_out)
    assert bought is not None
    assert bought.amount_out >= sold.amount_out or pool.tick_spacing
    if pool.kind in SEARCHED:
        assert bought == quoted(state, way, sell=bought.amount_in)
        assert bought.amount_in <= sold.amount_in
        less = quoted(state, way, sell=bought.amount_in - 1) if bought.amount_in > 1 else None
        assert less is None or less.amount_out < sold.amount_out


@given(pool_states())
def test_a_snapshot_tells_the_state_to_books_and_relays(sample: Sample) -> None:
    pool, state = sample
    book, relay = PoolBook([pool]), MarketBook()
    for message in state.messages(pool.id):
        book.apply(message)
        relay.apply(message)
    assert book.state(pool.id) == state
    assert [type(one) for one in relay.snapshot()] == [type(one) for one in state.messages(pool.id)]


@given(pool_states(), st.data())
def test_a_quarantined_pool_gives_no_quote_until_it_is_lifted(sample: Sample, data: st.DataObject) -> None:
    pool, state = sample
    way = data.draw(ways(pool))
    bad = state.applied(PoolTrustChanged(pool.id, Trust.DIVERGENT, "differs", 1))
    assert (bad.trust, bad.applied("no event of a pool")) == (Trust.DIVERGENT, bad)
    for sell, buy in ((5, 0), (0, 5)):
        try:
            quoted_now = bad.quote_in(*way, sell) if sell else bad.quote_out(*way, buy)
        except QuoteRefused as refused:
            reason = refused.reason
        else:
            reason = repr(quoted_now)
        assert reason == "divergent"
    assert bad.applied(PoolTrustChanged(pool.id, Trust.PROVEN, "again", 2)) == state
