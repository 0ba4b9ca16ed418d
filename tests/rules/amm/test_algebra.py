"""Algebra: Uniswap V3's mathematics with the fee that was told last."""

from __future__ import annotations

from alphapulse.data.instruments import InstrumentId, Venue
from alphapulse.data.market import PoolState
from alphapulse.data.pool_events import PoolFeeChanged
from alphapulse.data.pools import Trust
from alphapulse.data.verdicts import PoolTrustChanged
from alphapulse.rules.amm.algebra import AlgebraState
from tests.rules.amm.vector_files import STAMP, wbtc_weth

POOL = InstrumentId.from_pool_address(bytes([9]) * 20, Venue.QUICKSWAP_V3)


def test_a_new_fee_changes_every_quote_from_there_on() -> None:
    """With the fee of the recorded pool it quotes what that one does; both have ticks 60 apart."""
    whole = wbtc_weth()
    state = AlgebraState(*whole)._replace(fee_ppm=None)
    told = state.applied(PoolFeeChanged(STAMP, POOL, 3000))
    assert (type(told), told) == (AlgebraState, whole)
    assert told.quote_in(0, 1, 10**8)[:4] == whole.quote_in(0, 1, 10**8)[:4]
    cheaper = told.applied(PoolFeeChanged(STAMP, POOL, 100)).quote_in(0, 1, 10**8)
    assert cheaper.amount_out > told.quote_in(0, 1, 10**8).amount_out
    assert type(cheaper.after) is AlgebraState


def test_its_snapshot_tells_the_fee_before_the_last_word() -> None:
    """Also where no ticks are known; a fee that is not known is not told."""
    ranged = AlgebraState(*wbtc_weth())._replace(trust=Trust.IN_RANGE, ticks=None)
    fee = PoolFeeChanged(STAMP, POOL, 3000)
    assert list(ranged.messages(POOL)) == [PoolState(STAMP, POOL, *ranged[:3]), fee]
    assert list(ranged._replace(fee_ppm=None).messages(POOL)) == [PoolState(STAMP, POOL, *ranged[:3])]
    *_, before, last = AlgebraState(*wbtc_weth()).messages(POOL)
    assert (before, last) == (fee, PoolTrustChanged(POOL, Trust.PROVEN, "as it stood", STAMP.block_number))
