"""A book of pools and the view beside it, fed together as the control plane feeds them."""

from __future__ import annotations

from collections.abc import Sequence

from alphapulse.data.pools import Pool
from alphapulse_web.views.market_view import MarketView
from alphapulse_web.views.pools_view import PoolsView
from tests.web.views.market_samples import FIRST, SECOND, USDC, WETH


class PoolMarket:
    """Two pools of the shipped day, or those that a test wants; prices in USDC where there is any."""

    def __init__(self, pools: Sequence[Pool] = (FIRST, SECOND)) -> None:
        market = self._market = MarketView(pools, [USDC.address, WETH.address])
        book = market.book
        self.view = PoolsView(pools, state=book.state, trust=book.trust, quote_of=market.quote_of)

    def apply(self, *messages: object) -> None:
        """Messages of the market-data relay."""
        for message in messages:
            self._market.apply(message)
            self.view.apply(message)
